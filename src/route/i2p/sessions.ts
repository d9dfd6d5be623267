/**
 * Sessions that dial: one for each identity, with a destination of its own that lives no longer than it, so that nobody
 * who is called can tell that two of them are at one place.
 *
 *   get("root") -> the one it has | the spare, which nobody used | a new one, in 20 s and more
 *
 * The spare is built before anybody asks, because a session takes long.
 *
 * A session remembers for up to 10 min by which tunnels a host is reached, also when that host's router has started anew and
 * has others. So one by which a host was silent again and again is replaced, and asks the network afresh.
 */
import type { Socket } from "node:net";
import { toHex } from "../../core/bytes.ts";
import { randomBytes } from "../../core/random.ts";
import { createSession, type SamPlace, type SamSession, type SessionOptions } from "./sam-client.ts";

export interface SessionsOptions {
  readonly place: SamPlace;
  /** One was opened, or lost. */
  readonly changed: () => void;
}

interface Entry {
  /** null: the spare. */
  identity: string | null;
  readonly building: Promise<SamSession>;
  isOpen: boolean;
  /** Another has taken its place; its streams go on until they end. */
  isRetired: boolean;
  readonly end: AbortController;
  readonly builtMs: number;
  /** Streams to a host, the newest last, with the bytes that were read of each when it was handed over. */
  readonly streams: Map<string, { readonly socket: Socket; readonly before: number }[]>;
  /** Streams that have not ended: one that lasts is use, also when nothing was dialled for long. */
  open: number;
}

export interface Held {
  readonly session: SamSession;
  /** Call with each stream that was opened by it. */
  note(host: string, socket: Socket): void;
}

/** Nobody calls these, so that the network need not know of them. */
const OPTIONS: SessionOptions = { "i2cp.leaseSetEncType": "4", "i2cp.dontPublishLeaseSet": "true" };

export class Sessions {
  readonly #o: SessionsOptions;
  /** The longest unused first. */
  readonly #entries: Entry[] = [];

  constructor(options: SessionsOptions) {
    this.#o = options;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  get isReady(): boolean {
    return this.#entries.some(({ isOpen }) => isOpen);
  }

  /**
   * The session of an identity. Who gives up by the signal leaves it to be built for the next. Throws as `createSession`.
   */
  async get(identity: string, signal: AbortSignal): Promise<Held> {
    const mine = this.#entries.filter((entry) => entry.identity === identity && !entry.isRetired);
    const spare = this.#entries.find((entry) => entry.identity === null);
    const entry = mine.find(({ isOpen }) => isOpen) ?? mine[0] ?? spare ?? this.#build(identity);
    entry.identity = identity;
    this.#entries.push(...this.#entries.splice(this.#entries.indexOf(entry), 1));
    const session = await orAborted(entry.building, signal);
    return { session, note: (host, socket) => this.#note(entry, host, socket) };
  }

  /** Builds the spare. Throws as `createSession`. */
  async warm(): Promise<void> {
    await this.#build(null).building;
  }

  /** Ends all, and with them their streams. */
  clear(): void {
    for (const entry of this.#entries.splice(0)) entry.end.abort();
  }

  #note(entry: Entry, host: string, socket: Socket): void {
    const { limits } = this.#o.place;
    entry.open++;
    socket.once("close", () => entry.open--);
    const known = entry.streams.get(host) ?? [];
    const isAnswered = known.some((stream) => stream.socket.bytesRead > stream.before);
    const silent = isAnswered ? [] : known;
    if (silent.length >= limits.silentStreams) this.#renew(entry);
    entry.streams.delete(host);
    if (entry.streams.size >= limits.hosts) entry.streams.clear();
    entry.streams.set(host, [
      ...silent.slice(-limits.silentStreams),
      { socket, before: socket.bytesRead - socket.readableLength },
    ]);
  }

  /** The old one is used until the new one is there. */
  #renew(old: Entry): void {
    const { identity, builtMs } = old;
    const isYoung = performance.now() - builtMs < this.#o.place.limits.renewMs;
    const mine = this.#entries.filter((entry) => entry.identity === identity);
    if (isYoung || identity === null || mine.some(({ isOpen }) => !isOpen)) return;
    for (const { isRetired, end } of mine) if (isRetired) end.abort();
    void this.#replace(old, this.#build(identity));
  }

  async #replace(old: Entry, { building }: Entry): Promise<void> {
    try {
      await building;
      old.isRetired = true;
    } catch {
      // The old one goes on.
    }
  }

  #build(identity: string | null): Entry {
    const { place } = this.#o;
    while (this.#entries.length >= place.limits.sessions) {
      const victim =
        this.#entries.find(({ isOpen, open }) => isOpen && open === 0) ??
        this.#entries.find(({ isRetired }) => isRetired) ??
        this.#entries[0];
      if (!victim) break;
      this.#entries.splice(this.#entries.indexOf(victim), 1);
      victim.end.abort();
    }
    const end = new AbortController();
    const building = createSession(place, { id: newSessionId(), secret: null, options: OPTIONS }, end.signal);
    const fresh = { isOpen: false, isRetired: false, builtMs: performance.now(), streams: new Map(), open: 0 };
    const entry: Entry = { identity, building, end, ...fresh };
    this.#entries.push(entry);
    void this.#follow(entry);
    return entry;
  }

  async #follow(entry: Entry): Promise<void> {
    const { end, building } = entry;
    try {
      const session = await building;
      end.signal.addEventListener("abort", () => session.close());
      if (end.signal.aborted) session.close();
      entry.isOpen = true;
      this.#o.changed();
      await session.closed;
    } catch {
      // Who waits for it is told.
    }
    entry.isOpen = false;
    const at = this.#entries.indexOf(entry);
    if (at >= 0) this.#entries.splice(at, 1);
    this.#o.changed();
  }
}

/** Without a meaning: it is a name on this machine, and must not be that of another program's session. */
export function newSessionId(): string {
  return `nocturne-${toHex(randomBytes(8))}`;
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
