/**
 * The header streams of one connection (NEP-13): stored headers, EOSE, then new ones in batches.
 *
 * One page in flight at a time, and the next one only when it has left for the network: who reads slowly is told
 * slowly, and who opens many streams is served no faster.
 */

import { encodeHeaderFrame, type HeaderRequest } from "../nostr/header-stream.ts";
import { encodeRelayMessage } from "../nostr/relay-message.ts";
import type { Connection } from "./connection.ts";
import type { HeaderSource } from "./header-source.ts";

interface Stream {
  readonly id: string;
  readonly since: number;
  after: string | null;
  /** EOSE was said. */
  told: boolean;
}

export class HeaderStreams {
  readonly #source: HeaderSource;
  readonly #connection: Connection;
  readonly #streams: Map<string, Stream> = new Map();
  /** Streams for which there may be headers; they take turns. */
  readonly #due: Set<Stream> = new Set();
  #unfollow: (() => void) | null = null;
  #serving = false;

  constructor(source: HeaderSource, connection: Connection) {
    this.#source = source;
    this.#connection = connection;
  }

  get size(): number {
    return this.#streams.size;
  }

  open(id: string, { after, since }: HeaderRequest): void {
    const stream = { id, since, after, told: false };
    this.#streams.set(id, stream);
    this.#due.add(stream);
    this.#unfollow ??= this.#source.follow(() => this.#wake());
    void this.#serve();
  }

  close(id: string): void {
    this.#streams.delete(id);
    if (this.#streams.size > 0) return;
    this.#unfollow?.();
    this.#unfollow = null;
  }

  end(): void {
    for (const id of this.#streams.keys()) this.close(id);
  }

  #wake(): void {
    // Also one whose page is on its way: it may have been made before the new cells came.
    for (const stream of this.#streams.values()) this.#due.add(stream);
    void this.#serve();
  }

  async #serve(): Promise<void> {
    if (this.#serving) return;
    this.#serving = true;
    for (const next of this.#due) {
      this.#due.delete(next);
      if (await this.#servePage(next)) this.#due.add(next);
    }
    this.#serving = false;
  }

  /** Resolves to whether there are more. */
  async #servePage(stream: Stream): Promise<boolean> {
    if (!this.#isCurrent(stream)) return false;
    const page = await this.#source.page(stream);
    if (!this.#isCurrent(stream)) return false;
    if (page === null) {
      this.close(stream.id);
      const reason = "error: the relay's store has failed";
      this.#connection.send(encodeRelayMessage({ type: "CLOSED", id: stream.id, reason }));
      return false;
    }
    if (page.cursor !== stream.after) await this.#connection.sendAll([encodeHeaderFrame({ id: stream.id, ...page })]);
    stream.after = page.cursor;
    if (!page.more) this.#sayStored(stream);
    return page.more;
  }

  #sayStored(stream: Stream): void {
    if (stream.told || !this.#isCurrent(stream)) return;
    stream.told = true;
    this.#connection.send(encodeRelayMessage({ type: "EOSE", id: stream.id }));
  }

  #isCurrent(stream: Stream): boolean {
    return this.#streams.get(stream.id) === stream;
  }
}
