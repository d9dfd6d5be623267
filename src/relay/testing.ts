/** For the tests of this folder: a relay in a temporary folder and a client that says what it is told to. */

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type ClientOptions, WebSocket } from "ws";
import { toHex } from "../core/bytes.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { PIR_LIMITS } from "../core/cell-limits.ts";
import { RELAY_LIMITS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { randomBytes } from "../core/random.ts";
import { createAuthEvent } from "../nostr/authentication.ts";
import { type EventTemplate, type NostrEvent, signEvent } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import { decodeHeaderFrame, HEADER_BYTES } from "../nostr/header-stream.ts";
import { KIND } from "../nostr/kinds.ts";
import type { RelayLimits } from "./relay-info.ts";
import { type RelayOptions, type RunningRelay, startRelay } from "./relay-server.ts";

/** What a relay says, as it comes over the wire; a frame of headers as HEADERS, id, cursor, bytes. */
export type Said = readonly [type: string, ...rest: unknown[]];

const PATIENCE_MS = 10_000;

export function nowS(): number {
  return Math.floor(Date.now() / 1000);
}

/** A secret key that is the same in each run: byte `n` 32 times. */
export function testKey(n: number): Uint8Array {
  return new Uint8Array(32).fill(n);
}

export function signed(change: Partial<EventTemplate> = {}, secretKey: Uint8Array = testKey(1)): NostrEvent {
  return signEvent({ kind: 1, created_at: nowS(), tags: [], content: "", ...change }, secretKey);
}

/** As a cell's content begins, and as much as a relay reads of it: version and an ephemeral. */
function contentStart(): string {
  return Buffer.concat([Uint8Array.of(1), randomBytes(32)]).toString("base64");
}

/** A cell as the relay sees it, by a key used once: nothing in it can be read. */
export function createCell(change: Partial<EventTemplate> = {}, secretKey: Uint8Array = randomBytes(32)): NostrEvent {
  const minuteS = nowS() - (nowS() % 60);
  const tags = [
    ["x", toHex(randomBytes(32))],
    ["expiration", String(minuteS + 604_800)],
  ];
  return signed({ kind: KIND.cell, created_at: minuteS, tags, content: contentStart(), ...change }, secretKey);
}

/** The minute in which the process began: cells of one minute stay cells of one minute when the next one begins. */
const FIRST_MINUTE_S = nowS() - (nowS() % 60);

/** A cell with a content of the right size, dated so many whole minutes before the process began. */
export function createFullCell(minutesAgo = 0): NostrEvent {
  const created_at = FIRST_MINUTE_S - minutesAgo * 60;
  const content = Buffer.concat([Uint8Array.of(1), randomBytes(PIR_LIMITS.recordBytes - 1)]).toString("base64");
  return createCell({ created_at, content });
}

/** So many cells of one minute, by nobody: only for a store, which does not look at signatures. */
export function createUnsignedCells(count: number): NostrEvent[] {
  const { created_at, tags, sig } = createCell();
  return Array.from({ length: count }, (_, i) => {
    const x = ["x", toHex(randomBytes(32))];
    const [id, pubkey] = [toHex(randomBytes(32)), toHex(randomBytes(32))];
    const content = `${contentStart()} body ${i}`;
    return { id, pubkey, created_at, kind: KIND.cell, tags: [x, ...tags.slice(1)], content, sig };
  });
}

/** An empty folder that is removed after the test. */
export function newFolder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "nocturne-relay-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A logger that keeps its lines. */
export function recordingLog(lines: string[] = []): Logger {
  const write = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log };
  return log;
}

/** A relay on a free port with some limits changed, closed after the test. */
export async function startTestRelay(
  t: TestContext,
  limits: Partial<RelayLimits> = {},
  change: Partial<RelayOptions> = {},
): Promise<RunningRelay> {
  const relay = await startRelay({
    host: "127.0.0.1",
    port: 0,
    dataDir: change.dataDir ?? newFolder(t),
    log: recordingLog(),
    clock: systemClock,
    name: "test",
    limits: { ...RELAY_LIMITS, ...limits },
    ...change,
  });
  t.after(() => relay.close());
  return relay;
}

/** A clock that stands until it is moved. */
export class TestClock implements Clock {
  #nowMs: number = Date.now();

  nowMs(): number {
    return this.#nowMs;
  }

  move(ms: number): void {
    this.#nowMs += ms;
  }
}

export class TestClient {
  readonly socket: WebSocket;
  readonly #url: string;
  #inbox: Said[] = [];
  readonly #waiting: Set<() => void> = new Set();
  /** The relay's challenge, once it came. */
  challenge = "";

  private constructor(url: string, options: ClientOptions) {
    this.#url = url;
    this.socket = new WebSocket(url, options);
    this.socket.on("error", () => undefined);
    this.socket.on("message", (data: Buffer, isBinary: boolean) => {
      this.#inbox.push(isBinary ? readFrame(data) : (JSON.parse(data.toString()) as Said));
      for (const wake of this.#waiting) wake();
    });
  }

  /** A client that has read its challenge; gone after the test. */
  static async connect(t: TestContext, url: string, options: ClientOptions = {}): Promise<TestClient> {
    const client = new TestClient(url, options);
    t.after(() => client.socket.terminate());
    [client.challenge] = (await client.hear("AUTH")) as [string];
    return client;
  }

  say(...message: unknown[]): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The rest of the next message of this type that has these first words; earlier others stay unread. */
  async hear(type: string, ...start: unknown[]): Promise<unknown[]> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const index = this.#inbox.findIndex((said) => said[0] === type && start.every((word, i) => said[i + 1] === word));
      if (index >= 0) return (this.#inbox.splice(index, 1)[0] as Said).slice(1 + start.length);
      if (Date.now() > deadline) throw new Error(`no ${type} came, but ${JSON.stringify(this.#inbox).slice(0, 500)}`);
      await this.#nextMessage();
    }
  }

  /** Everything unread, in order. */
  unread(): Said[] {
    return this.#inbox.splice(0);
  }

  /** Publishes and returns [accepted, reason]. */
  async publish(event: NostrEvent): Promise<[boolean, string]> {
    this.say("EVENT", event);
    return (await this.hear("OK", event.id)) as [boolean, string];
  }

  /** The stored events of a request, which stays open when `id` is given. Rejects when it is CLOSED. */
  async query(filters: Filter | readonly Filter[], id = ""): Promise<NostrEvent[]> {
    const name = id || "query";
    this.say("REQ", name, ...[filters].flat());
    const events: NostrEvent[] = [];
    for (;;) {
      const said = await this.#hearOf(name);
      if (said[0] === "EVENT") events.push(said[2] as NostrEvent);
      if (said[0] === "CLOSED") throw new Error(String(said[2]));
      if (said[0] !== "EOSE") continue;
      if (!id) this.say("CLOSE", name);
      return events;
    }
  }

  /** The headers up to EOSE of a stream, which stays open when `id` is given, and the last cursor. */
  async headers(start: object = {}, id = ""): Promise<{ ids: string[]; cursor: string | null; frames: number }> {
    const name = id || "headers";
    this.say("HEADERS", name, start);
    const [ids, seen]: [string[], { cursor: string | null; frames: number }] = [[], { cursor: null, frames: 0 }];
    for (;;) {
      const [type, , cursor, headers] = await this.#hearOf(name);
      if (type === "CLOSED") throw new Error(String(cursor));
      if (type === "HEADERS") {
        ids.push(...idsIn(headers as Uint8Array));
        seen.cursor = cursor as string;
        seen.frames++;
      }
      if (type !== "EOSE") continue;
      if (!id) this.say("CLOSE", name);
      return { ids, ...seen };
    }
  }

  /** Logs in (NIP-42) and returns [accepted, reason]. */
  async login(secretKey: Uint8Array, relayUrl: string = this.#url): Promise<[boolean, string]> {
    const event = createAuthEvent(relayUrl, this.challenge, secretKey, nowS());
    this.say("AUTH", event);
    return (await this.hear("OK", event.id)) as [boolean, string];
  }

  /** Waits for the relay to answer something else: whatever it had to say before has arrived then. */
  async settle(): Promise<void> {
    await this.query({ ids: [] });
  }

  /** The close code, when the connection has ended. */
  async ended(): Promise<number> {
    if (this.socket.readyState === WebSocket.CLOSED) return 0;
    const [code] = (await once(this.socket, "close", { signal: AbortSignal.timeout(PATIENCE_MS) })) as [number];
    return code;
  }

  async #hearOf(subscription: string): Promise<Said> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const index = this.#inbox.findIndex((said) => said[1] === subscription);
      if (index >= 0) return this.#inbox.splice(index, 1)[0] as Said;
      if (Date.now() > deadline) throw new Error(`nothing came for ${subscription}`);
      await this.#nextMessage();
    }
  }

  #nextMessage(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, PATIENCE_MS);
      this.#waiting.add(wake);
    });
  }
}

function readFrame(data: Buffer): Said {
  const { id, cursor, headers } = decodeHeaderFrame(data);
  return ["HEADERS", id, cursor, headers];
}

/** The ids of the cells that headers name, in their order. */
export function idsIn(headers: Uint8Array): string[] {
  return Array.from({ length: headers.length / HEADER_BYTES }, (_, i) =>
    toHex(headers.subarray(i * HEADER_BYTES + 64, (i + 1) * HEADER_BYTES)),
  );
}

/** The ids of events, in their order. */
export function idsOf(events: readonly NostrEvent[]): string[] {
  return events.map(({ id }) => id);
}
