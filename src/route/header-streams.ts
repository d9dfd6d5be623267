/**
 * The headers of a relay's cells (NEP-13), kept over lost connections.
 *
 *   connection opens -> HEADERS id, after the last cursor -> frame ... EOSE -> frame ...
 *   no answer in time, or one that says so -> no_headers, asked again at the next connection
 *   CLOSED otherwise -> again after a growing wait
 *
 * A relay is not trusted: headers are what it says, some may come twice, and the cursor is its own affair.
 */

import { NetworkError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { HeaderFrame, HeaderRequest } from "../nostr/header-stream.ts";
import { retryDelayMs } from "./backoff.ts";
import { unreachable } from "./carrier.ts";
import { busy, type OpenRelay, refused } from "./publications.ts";
import type { RouteLimits } from "./relay-socket.ts";

export interface HeaderHandlers {
  /** n * 96 bytes, n may be 0, and where the next connection goes on: keep both together or neither. */
  readonly onHeaders: (headers: Uint8Array, cursor: string) => void;
  /** All stored headers were told; what follows is new. Comes once for each connection. */
  onStored?(): void;
  /** `no_headers`, or the relay refused or was lost. It is asked again by itself. */
  onFailure?(error: NetworkError): void;
}

interface Stream {
  readonly id: string;
  readonly since: number;
  readonly handlers: HeaderHandlers;
  after: string | null;
  /** Has this connection shown that it knows the stream? */
  answered: boolean;
  /** Some headers could not be taken: the cursor stays before them, so that they come again with the next request. */
  held: boolean;
  refusals: number;
  /** Until the relay's answer is due, or until it is asked again. */
  timer: NodeJS.Timeout | null;
}

/** How a relay that knows no streams may word it; ours says the first of a malformed request, which we do not make. */
const UNKNOWN = /^(invalid|unsupported):/;

export class HeaderStreams {
  readonly #limits: RouteLimits;
  readonly #log: Logger;
  readonly #open = new Map<string, Stream>();
  #relay: OpenRelay | null = null;
  #count = 0;

  constructor(limits: RouteLimits, log: Logger) {
    this.#limits = limits;
    this.#log = log;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Tells headers from `start` on. */
  add({ after, since }: HeaderRequest, handlers: HeaderHandlers): { close(): void } {
    const id = `h${++this.#count}`; // no name that a subscription of the same connection has
    const stream = { id, since, handlers, after, answered: false, held: false, refusals: 0, timer: null };
    this.#open.set(id, stream);
    this.#ask(stream);
    return { close: () => this.#remove(stream) };
  }

  attach(relay: OpenRelay): void {
    this.#relay = relay;
    for (const stream of this.#open.values()) {
      stream.refusals = 0;
      this.#ask(stream);
    }
  }

  detach(cause?: unknown): void {
    this.#relay = null;
    const lost = [...this.#open.values()]; // a handler may open another one
    for (const stream of lost) {
      stopTimer(stream);
      this.#fail(stream, unreachable(cause));
    }
  }

  /** A frame of the relay. */
  received({ id, cursor, headers }: HeaderFrame): void {
    const stream = this.#open.get(id);
    if (!stream) return;
    this.#answered(stream);
    if (!this.#tell(() => stream.handlers.onHeaders(headers, cursor))) stream.held = true;
    if (!stream.held) stream.after = cursor;
  }

  /** EOSE. */
  stored(id: string): void {
    const stream = this.#open.get(id);
    if (!stream) return;
    this.#answered(stream);
    this.#tell(() => stream.handlers.onStored?.());
  }

  /** CLOSED. */
  closed(id: string, reason: string): void {
    const stream = this.#open.get(id);
    if (!stream) return;
    stopTimer(stream);
    if (!stream.answered && UNKNOWN.test(reason)) this.#fail(stream, noHeaders());
    else this.#postpone(stream, refused(reason));
  }

  /** NOTICE. It does not say what it answers, so who has not answered yet gets a little time to do so. */
  noticed(): void {
    for (const stream of this.#open.values()) {
      if (!stream.answered && stream.timer) this.#expectAnswer(stream, this.#limits.headerNoticeMs);
    }
  }

  #ask(stream: Stream): void {
    stopTimer(stream);
    if (!this.#relay) return;
    stream.answered = false;
    stream.held = false;
    const { id, after, since } = stream;
    const sent = this.#relay.socket.send({ type: "HEADERS", id, start: { after, since } });
    if (sent) this.#expectAnswer(stream, this.#limits.headerAnswerMs);
    else this.#postpone(stream, busy());
  }

  #expectAnswer(stream: Stream, waitMs: number): void {
    stopTimer(stream);
    stream.timer = setTimeout(() => {
      stream.timer = null;
      this.#fail(stream, noHeaders());
    }, waitMs);
  }

  #answered(stream: Stream): void {
    if (stream.answered) return;
    stream.answered = true;
    stream.refusals = 0;
    stopTimer(stream);
  }

  #postpone(stream: Stream, error: NetworkError): void {
    const { retryMs, retryMaxMs } = this.#limits;
    stopTimer(stream);
    // Answered, a notice does not count as an answer to the question that is not asked yet.
    stream.answered = true;
    stream.timer = setTimeout(() => this.#ask(stream), retryDelayMs(stream.refusals++, retryMs, retryMaxMs));
    this.#fail(stream, error);
  }

  #remove(stream: Stream): void {
    if (!this.#open.delete(stream.id)) return;
    stopTimer(stream);
    this.#relay?.socket.send({ type: "CLOSE", id: stream.id });
  }

  #fail(stream: Stream, error: NetworkError): void {
    this.#tell(() => stream.handlers.onFailure?.(error));
  }

  /** Calls back; false if that threw, which is the listener's own failure and must not cost us the connection. */
  #tell(call: () => void): boolean {
    try {
      call();
      return true;
    } catch (error) {
      this.#log.error({ error: error instanceof Error ? error.name : "unknown" }, "a reader of headers failed");
      return false;
    }
  }
}

function noHeaders(): NetworkError {
  return new NetworkError("no_headers", "This relay does not tell headers of cells.", {
    hint: "Fetch whole cells from it, or choose another relay.",
  });
}

function stopTimer(stream: Stream): void {
  if (stream.timer) clearTimeout(stream.timer);
  stream.timer = null;
}
