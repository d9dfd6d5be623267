/** What the exchange is tested with: a disk in memory, lines without sockets, virtual time, a node and its clients on loopback. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { concatBytes } from "../../core/bytes.ts";
import type { Timers } from "../../core/clock.ts";
import { PolicyError, ValidationError } from "../../core/errors.ts";
import { randomBytes } from "../../core/random.ts";
import { merkleRoot } from "../../crypto/merkle-tree.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { type NodeId, nodeIdOf, type OwnerId } from "../node-id.ts";
import { type FragmentId, fragmentId, leafHashes } from "../pieces/fragment-tree.ts";
import type {
  Address,
  Arrival,
  DiskUsage,
  FragmentDisk,
  FragmentReader,
  FragmentRef,
  HeldLease,
  Line,
  StoreRequest,
} from "../rooms.ts";
import { ExchangeClient, type ExchangeClientOptions } from "./client.ts";
import { FRAME, type Frame, FrameParser, type FrameType, frameHead } from "./frames.ts";
import { ExchangeServer, type ExchangeServerOptions } from "./server.ts";

interface Kept {
  readonly bytes: Uint8Array;
  readonly hashes: readonly Uint8Array[];
  readonly leases: Map<OwnerId, { untilMs: number; trashedAtMs: number | null }>;
}

/** Counts bytes as they are; keeps nothing beyond `maxBytes`. */
export class MemoryDisk implements FragmentDisk {
  readonly fragments: Map<FragmentId, Kept> = new Map();
  /** Fragments on their way that were given up. */
  aborted: number = 0;
  readonly #maxBytes: number;
  readonly #usedBy = new Map<OwnerId, number>();
  #usedBytes = 0;

  constructor(maxBytes: number = 2 ** 40) {
    this.#maxBytes = maxBytes;
  }

  async begin(request: StoreRequest): Promise<Arrival | null> {
    const { id, owner, bytes, untilMs } = request;
    const kept = this.fragments.get(id);
    if (kept) {
      this.#lease(kept, owner, untilMs);
      return null;
    }
    if (this.#usedBytes + bytes > this.#maxBytes) throw new PolicyError("node_full", "The disk is full.");
    this.#usedBytes += bytes;
    const parts: Uint8Array[] = [];
    let isOver = false;
    return {
      write: async (part) => void parts.push(part.slice()),
      finish: async () => {
        const whole = parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts);
        const hashes = leafHashes(whole);
        if (whole.length !== bytes || fragmentId(bytes, hashes) !== id) {
          throw new ValidationError("wrong_fragment", "This is not what its name says.");
        }
        isOver = true;
        const fresh = { bytes: whole, hashes, leases: new Map() };
        this.fragments.set(id, fresh);
        this.#lease(fresh, owner, untilMs);
      },
      abort: async () => {
        if (isOver) return;
        isOver = true;
        this.#usedBytes -= bytes;
        this.aborted++;
      },
    };
  }

  async open(id: FragmentId): Promise<FragmentReader | null> {
    const kept = this.fragments.get(id);
    if (!kept || ![...kept.leases.values()].some(({ trashedAtMs }) => trashedAtMs === null)) return null;
    return {
      bytes: kept.bytes.length,
      hashes: kept.hashes,
      read: async (first, count) => kept.bytes.slice(first * 4_096, (first + count) * 4_096),
      async [Symbol.asyncDispose]() {},
    };
  }

  async renew(owner: OwnerId, ids: readonly FragmentId[], untilMs: number): Promise<FragmentId[]> {
    const held = this.held(owner, ids).filter(({ trashedAtMs }) => trashedAtMs === null);
    for (const { id } of held) this.#lease(this.fragments.get(id) as Kept, owner, untilMs);
    return held.map(({ id }) => id);
  }

  async drop(owner: OwnerId, ids: readonly FragmentId[]): Promise<FragmentId[]> {
    const held = this.held(owner, ids).filter(({ trashedAtMs }) => trashedAtMs === null);
    for (const { id } of held) (this.fragments.get(id) as Kept).leases.set(owner, { untilMs: 0, trashedAtMs: 1 });
    return held.map(({ id }) => id);
  }

  held(owner: OwnerId, ids: readonly FragmentId[]): HeldLease[] {
    return ids.flatMap((id) => {
      const kept = this.fragments.get(id);
      const lease = kept?.leases.get(owner);
      return kept && lease ? [{ id, owner, bytes: kept.bytes.length, ...lease }] : [];
    });
  }

  usedBy(owner: OwnerId): number {
    return this.#usedBy.get(owner) ?? 0;
  }

  list(): HeldLease[] {
    return [];
  }

  usage(): DiskUsage {
    const [fragments, owners] = [this.fragments.size, this.#usedBy.size];
    return { fragments, usedBytes: this.#usedBytes, maxBytes: this.#maxBytes, trashBytes: 0, owners };
  }

  /** Empties the trash at once. */
  async sweep(): Promise<void> {
    for (const { bytes, leases } of this.fragments.values()) {
      for (const [owner, { trashedAtMs }] of leases) {
        if (trashedAtMs === null) continue;
        leases.delete(owner);
        this.#usedBy.set(owner, this.usedBy(owner) - bytes.length);
      }
    }
  }

  async close(): Promise<void> {}

  #lease(kept: Kept, owner: OwnerId, untilMs: number): void {
    const before = kept.leases.get(owner);
    if (!before) this.#usedBy.set(owner, this.usedBy(owner) + kept.bytes.length);
    kept.leases.set(owner, { untilMs: Math.max(untilMs, before?.untilMs ?? 0), trashedAtMs: null });
  }
}

/** Timers that go when they are told to. */
export class VirtualTimers implements Timers {
  #nowMs = 0;
  readonly #due = new Map<() => void, number>();

  schedule(callback: () => void, delayMs: number): () => void {
    const entry = (): void => callback();
    this.#due.set(entry, this.#nowMs + delayMs);
    return () => void this.#due.delete(entry);
  }

  get count(): number {
    return this.#due.size;
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#due].filter(([, dueMs]) => dueMs <= endMs).sort((a, b) => a[1] - b[1]);
      if (!next) break;
      this.#due.delete(next[0]);
      this.#nowMs = next[1];
      next[0]();
    }
    this.#nowMs = endMs;
  }
}

/** Two ends of a line that takes all that is written, as libp2p's streams do. */
export function linePair(): [MemoryLine, MemoryLine] {
  const [a, b] = [new MemoryLine(), new MemoryLine()];
  [a.other, b.other] = [b, a];
  return [a, b];
}

export class MemoryLine implements Line {
  other: MemoryLine | null = null;
  /** That came and nobody read. */
  unreadBytes: number = 0;
  readonly #pieces: Uint8Array[] = [];
  #isOver = false;
  #wake: () => void = () => {};

  get incoming(): AsyncIterable<Uint8Array> {
    return this.#read();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isOver || !this.other) throw new Error("closed");
    this.other.#pieces.push(bytes.slice());
    this.other.unreadBytes += bytes.length;
    this.other.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of [this, this.other]) {
      if (!end) continue;
      end.#isOver = true;
      end.#wake();
    }
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      for (let piece = this.#pieces.shift(); piece; piece = this.#pieces.shift()) {
        this.unreadBytes -= piece.length;
        yield piece;
      }
      if (this.#isOver) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

export interface TestFragment extends FragmentRef {
  readonly content: Uint8Array;
  readonly hashes: readonly Uint8Array[];
  readonly root: Uint8Array;
}

export function newFragment(bytes: number): TestFragment {
  const content = randomBytes(bytes);
  const hashes = leafHashes(content);
  return { id: fragmentId(bytes, hashes), bytes, content, hashes, root: merkleRoot(hashes) };
}

/** No lines, no log. */
class QuietLog {
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(): void {}
  child(): this {
    return this;
  }
}

export const START_MS = 1_760_000_000_000;

export interface TestNode {
  readonly server: ExchangeServer;
  readonly disk: MemoryDisk;
  readonly key: SignatureKeyPair;
  readonly id: NodeId;
  readonly address: Address;
  readonly clock: { nowMs(): number; atMs: number };
}

type NodeOptions = Partial<ExchangeServerOptions> & { readonly host?: string; readonly disk?: MemoryDisk };

/** A node that listens on loopback, until the test ends. */
export async function startNode(t: TestContext, options: NodeOptions = {}): Promise<TestNode> {
  const { host = "127.0.0.1", disk = new MemoryDisk(), ...more } = options;
  const folder = options.folder ?? newFolder(t);
  const key = options.key ?? ed25519.createKeyPair();
  const clock = { atMs: START_MS, nowMs: (): number => clock.atMs };
  const server = new ExchangeServer({
    key,
    clock,
    disk,
    log: new QuietLog(),
    care: null,
    released: () => {},
    note: async () => {},
    ...more,
    folder,
  });
  const port = await server.listen(host, 0);
  t.after(() => server.close());
  return { server, disk, key, id: nodeIdOf(key.publicKey), address: { host, port }, clock };
}

export function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "nocturne-exchange-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

type ClientOptions = Partial<ExchangeClientOptions> & { readonly from?: string };

/** A client of these nodes, from an address of loopback, until the test ends. */
export function newClient(t: TestContext, nodes: readonly TestNode[], options: ClientOptions = {}): ExchangeClient {
  const { from = "127.0.0.1", ...more } = options;
  const client = new ExchangeClient({
    dial: async ({ host, port }) => connect({ host, port, localAddress: from }),
    line: async () => null,
    addressesOf: (id) => nodes.filter((node) => node.id === id).map(({ address }) => address),
    key: ed25519.createKeyPair(),
    vouchers: () => null,
    clock: { nowMs: () => START_MS },
    log: new QuietLog(),
    heard: () => {},
    ...more,
  });
  t.after(() => client[Symbol.asyncDispose]());
  return client;
}

/** Answers once `question` does; fails after five seconds. */
export async function soon(question: () => boolean): Promise<void> {
  for (const endMs = Date.now() + 5_000; !question(); ) {
    if (Date.now() > endMs) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The bare end of a line, of whoever keeps to no rule: frames as they are, no credit, no checks. */
export class BareEnd {
  readonly line: MemoryLine;
  readonly #frames: AsyncGenerator<Frame>;

  constructor(line: MemoryLine) {
    this.line = line;
    this.#frames = framesOf(line);
  }

  async send(type: FrameType, ...parts: readonly Uint8Array[]): Promise<void> {
    const body = concatBytes(...parts);
    await this.line.write(concatBytes(frameHead(type, body.length), body));
  }

  /** The next frame of any type; null when the line has ended. */
  async next(): Promise<Frame | null> {
    const { value, done } = await this.#frames.next();
    return done ? null : value;
  }

  /** The next frame but CREDIT. */
  async nextAnswer(): Promise<Frame | null> {
    for (;;) {
      const frame = await this.next();
      if (frame?.type !== FRAME.credit) return frame;
    }
  }
}

async function* framesOf(line: Line): AsyncGenerator<Frame, void, undefined> {
  const parser = new FrameParser();
  for await (const piece of line.incoming) yield* parser.push(piece);
}
