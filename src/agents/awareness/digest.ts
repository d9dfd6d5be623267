/**
 * What the network knows at a moment, in figures: equal, byte for byte, for all who have equal logs.
 *
 *   digest     version 1 | network 32 | at u64, ms
 *              | count u16, domain ... | count u16, gap ... | count u16, conflict ... | count u16, activity ...
 *   domain     text8 | entries u32 | high u32 | operators u32 | newest u64
 *   gap        text8 | reason u8: 1 old, 2 one operator, 3 unverified | count u32
 *   conflict   text8 | reason u8: 1 correction, 2 decided, 3 split | since u64 | count u8, EntryId 32 ...
 *   activity   operator 32 | entries u32 | votes u32
 *   DigestId   SHA-256("nocturne/agents/digest/v1" | digest)
 *
 * Numbers are big-endian. A digest does not travel: everybody counts it, and names compare it. Specified in NEP-32.
 */
import { concatBytes, fromHex, toHex, u16, u32, utf8Encode } from "../../core/bytes.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { joinBytes, u64 } from "../../mesh/byte-reader.ts";
import type { EntryId, NetworkId, OperatorId } from "../agent-ids.ts";
import { text8 } from "../text.ts";

/** 64 hex digits: the hash of a digest. */
export type DigestId = string & { readonly __brand: "DigestId" };

/** Numbers are never given twice. */
const GAPS = { old: 1, one_operator: 2, unverified: 3 } as const;
const CONFLICTS = { correction: 1, decided: 2, split: 3 } as const;

export type GapReason = keyof typeof GAPS;
export type ConflictReason = keyof typeof CONFLICTS;

export interface DigestDomain {
  readonly domain: string;
  /** That stand: not rejected, superseded, withdrawn or over. */
  readonly entries: number;
  readonly high: number;
  /** Whose entries they are. */
  readonly operators: number;
  readonly newestMs: number;
}

export interface DigestGap {
  readonly domain: string;
  /** `old`: nothing new; `one_operator`: one man's word; `unverified`: predictions that ended, and nobody said how. */
  readonly reason: GapReason;
  /** Whole days, entries, predictions. */
  readonly count: number;
}

export interface DigestConflict {
  readonly domain: string;
  /** `correction`: it does not count, and what it corrects stands; `decided`: one is high, the other rejected; `split`: votes on both sides decided nothing. */
  readonly reason: ConflictReason;
  readonly sinceMs: number;
  /** The one that claims to supersede, then the other; or one alone. */
  readonly entries: readonly EntryId[];
}

export interface DigestActivity {
  readonly operator: OperatorId;
  readonly entries: number;
  readonly votes: number;
}

/** Each list in its rank, each thing once; see `digestOf`. */
export interface Digest {
  readonly network: NetworkId;
  readonly atMs: number;
  readonly domains: readonly DigestDomain[];
  readonly gaps: readonly DigestGap[];
  readonly conflicts: readonly DigestConflict[];
  readonly activity: readonly DigestActivity[];
}

const VERSION = 1;
const ID_DOMAIN = utf8Encode("nocturne/agents/digest/v1");

export function encodeDigest({ network, atMs, domains, gaps, conflicts, activity }: Digest): Uint8Array {
  return joinBytes([
    concatBytes(Uint8Array.of(VERSION), fromHex(network), u64(atMs)),
    ...listOf(domains, ({ domain, entries, high, operators, newestMs }) =>
      concatBytes(text8(domain), u32(entries), u32(high), u32(operators), u64(newestMs)),
    ),
    ...listOf(gaps, ({ domain, reason, count }) => concatBytes(text8(domain), Uint8Array.of(GAPS[reason]), u32(count))),
    ...listOf(conflicts, ({ domain, reason, sinceMs, entries }) =>
      concatBytes(
        text8(domain),
        Uint8Array.of(CONFLICTS[reason]),
        u64(sinceMs),
        Uint8Array.of(entries.length),
        ...entries.map(fromHex),
      ),
    ),
    ...listOf(activity, ({ operator, entries, votes }) => concatBytes(fromHex(operator), u32(entries), u32(votes))),
  ]);
}

export function digestIdOf(digest: Digest): DigestId {
  return toHex(sha256(concatBytes(ID_DOMAIN, encodeDigest(digest)))) as DigestId;
}

function listOf<T>(all: readonly T[], encode: (one: T) => Uint8Array): Uint8Array[] {
  return [u16(all.length), ...all.map(encode)];
}
