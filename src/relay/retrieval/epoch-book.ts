/**
 * Which epochs are served (NEP-14), with the headers of their cells.
 *
 *   beat -> epochs that are over, and of them those with cells that are not known -> store -> a new version
 *
 * A beat is a whole multiple of `epochBeatMs` of the clock, so that two relays look at the same moments. A late cell makes
 * a new version under another digest; the one before is served a while longer. Cells never leave an epoch, so a late one
 * costs as much as it takes to merge it in, and whoever trickles them in changes an epoch once a beat at most.
 */

import { concatBytes } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { PIR_LIMITS } from "../../core/cell-limits.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { HEADER_BYTES } from "../../nostr/header-stream.ts";
import { KIND } from "../../nostr/kinds.ts";
import { digestOf, type EpochVersion, type PartName, partCount } from "../../nostr/retrieval.ts";
import type { RelayLimits } from "../relay-info.ts";
import type { StoreClient } from "../store-client.ts";

const PART_BYTES: number = PIR_LIMITS.records * HEADER_BYTES;
const EPOCH_MS: number = PIR_LIMITS.epochS * 1000;
const ID_AT = 64;

export interface EpochBookOptions {
  readonly store: Pick<StoreClient, "epoch">;
  readonly limits: RelayLimits;
  readonly clock: Clock;
  /** Epochs may have changed. */
  readonly onBeat: () => void;
}

/** One database, as far as it is known without bodies. */
export interface Part {
  readonly digest: string;
  /** n * 96 bytes, n at least 1, by id. */
  readonly headers: Uint8Array;
}

interface Version extends EpochVersion {
  readonly headers: Uint8Array;
  replacedAtMs: number | null;
}

interface Epoch {
  /** The place in the store up to which its cells are known. */
  seen: number;
  /** The newest first. */
  versions: Version[];
}

export class EpochBook {
  readonly #options: EpochBookOptions;
  readonly #epochs: Map<number, Epoch> = new Map();
  /** Epochs that may have cells which are not known. */
  readonly #changed: Set<number> = new Set();
  /** Epochs before it took too much memory. */
  #floor = 0;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: EpochBookOptions) {
    this.#options = options;
    const newest = this.#newest();
    for (let epoch = this.#oldest(); epoch <= newest; epoch++) this.#changed.add(epoch);
  }

  /** Looks now, and then at each beat. */
  async run(): Promise<void> {
    await this.#look();
    if (this.#closed) return;
    this.#options.onBeat();
    const { clock, limits } = this.#options;
    this.#timer = setTimeout(() => void this.run(), limits.epochBeatMs - (clock.nowMs() % limits.epochBeatMs));
    this.#timer.unref();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** An event is on disk. */
  stored({ kind, created_at }: NostrEvent): void {
    if (kind === KIND.cell) this.#changed.add(Math.floor(created_at / PIR_LIMITS.epochS));
  }

  /** All versions that are served of epochs from this one on; of each epoch the newest first. */
  versions(from: number): EpochVersion[] {
    const epochs = [...this.#epochs].filter(([epoch]) => epoch >= from).sort(([a], [b]) => a - b);
    return epochs.flatMap(([, { versions }]) => versions);
  }

  find({ epoch, part, digest }: PartName): Part | null {
    const version = this.#epochs.get(epoch)?.versions.find(({ digests }) => digests[part] === digest);
    return version ? { digest, headers: version.headers.subarray(part * PART_BYTES, (part + 1) * PART_BYTES) } : null;
  }

  /** Digests of all parts that are served. */
  digests(): Set<string> {
    return new Set(this.versions(0).flatMap(({ digests }) => digests));
  }

  async #look(): Promise<void> {
    const [oldest, newest] = [this.#oldest(), this.#newest()];
    for (const epoch of this.#epochs.keys()) if (epoch < oldest) this.#epochs.delete(epoch);
    this.#dropReplaced();
    for (const epoch of [...this.#changed].sort((a, b) => b - a)) {
      if (epoch > newest) continue;
      this.#changed.delete(epoch);
      if (epoch < oldest || this.#closed) continue;
      if (!(await this.#read(epoch))) this.#changed.add(epoch);
      this.#makeRoom();
    }
  }

  /** Takes in the cells that are not known. False when the store failed. */
  async #read(epoch: number): Promise<boolean> {
    const known = this.#epochs.get(epoch) ?? { seen: 0, versions: [] };
    const pages: Uint8Array[] = [];
    let [until, after]: [number | null, Uint8Array | null] = [null, new Uint8Array(0)];
    while (after) {
      const page = await this.#options.store.epoch({ epoch, since: known.seen, until, after });
      if (!page) return false;
      pages.push(page.headers);
      [until, after] = [page.until, page.next];
    }
    known.seen = until ?? known.seen;
    const [current] = known.versions;
    const headers = mergeHeaders(current?.headers ?? new Uint8Array(0), concatBytes(...pages));
    if (headers.length === (current?.headers.length ?? 0)) return true;
    if (current) current.replacedAtMs = this.#options.clock.nowMs();
    known.versions.unshift({ epoch, headers, ...describe(headers), replacedAtMs: null });
    this.#epochs.set(epoch, known);
    return true;
  }

  #dropReplaced(): void {
    const goneMs = this.#options.clock.nowMs() - this.#options.limits.epochReplacedMs;
    for (const epoch of this.#epochs.values()) {
      epoch.versions = epoch.versions.filter(({ replacedAtMs }) => replacedAtMs === null || replacedAtMs > goneMs);
    }
  }

  /** What was replaced goes first: whoever trickles late cells into a large epoch makes a version each beat. */
  #makeRoom(): void {
    const most = this.#options.limits.epochHeaderBytes;
    if (this.#bytes() <= most) return;
    for (const epoch of this.#epochs.values()) epoch.versions = epoch.versions.slice(0, 1);
    let bytes = this.#bytes();
    for (const { epoch, count } of this.versions(0)) {
      if (bytes <= most) return;
      bytes -= count * HEADER_BYTES;
      this.#epochs.delete(epoch);
      this.#floor = epoch + 1;
    }
  }

  #bytes(): number {
    return this.versions(0).reduce((sum, { count }) => sum + count * HEADER_BYTES, 0);
  }

  #oldest(): number {
    return Math.max(this.#floor, Math.floor(this.#options.clock.nowMs() / EPOCH_MS) - PIR_LIMITS.epochs);
  }

  /** The last one that is over for long enough. */
  #newest(): number {
    const { clock, limits } = this.#options;
    return Math.floor((clock.nowMs() - limits.epochBeatMs) / EPOCH_MS) - 1;
  }
}

function describe(headers: Uint8Array): { count: number; digests: string[] } {
  const count = headers.length / HEADER_BYTES;
  const digests = Array.from({ length: partCount(count) }, (_, part) =>
    digestOf(headers.subarray(part * PART_BYTES, (part + 1) * PART_BYTES)),
  );
  return { count, digests };
}

/** Both, each in the order of ids, in one such order. */
export function mergeHeaders(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  const merged = new Uint8Array(a.length + b.length);
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const fromA = j === b.length || (i < a.length && compareIds(a, i, b, j) < 0);
    const header = fromA ? a.subarray(i, i + HEADER_BYTES) : b.subarray(j, j + HEADER_BYTES);
    merged.set(header, i + j);
    if (fromA) i += HEADER_BYTES;
    else j += HEADER_BYTES;
  }
  return merged;
}

function compareIds(a: Uint8Array, i: number, b: Uint8Array, j: number): number {
  for (let at = ID_AT; at < HEADER_BYTES; at++) {
    const difference = (a[i + at] as number) - (b[j + at] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
