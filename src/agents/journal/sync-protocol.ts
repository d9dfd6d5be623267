/**
 * What agents ask each other about logs, and the answers. Anybody may ask: what stands in the logs is public.
 *
 *   question   version 1 | form u8 | network 32 | ...
 *   1 ends     digest 32 of the asker's own ends         answer   nothing if they are equal, else end ..., rising
 *   2 after    device 32 | sequence u64                  answer   (length u16 | said) ..., in order; syncBytes at most
 *   3 fork     device 32                                 answer   the proof (NEP-26) that it keeps two histories
 *
 *   end        device 32 | size u64 | hash 32 of the last entry        of one that is known to be forked: size 0, hash of zeros
 *   digest     SHA-256("nocturne/agents/ends/v1" | end ..., rising)
 *
 * Another network is answered with nothing.
 */
import { concatBytes, equalBytes, fromHex, toHex, u16, utf8Encode } from "../../core/bytes.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { HASH_BYTES } from "../../crypto/merkle-tree.ts";
import { ByteReader, joinBytes, u64 } from "../../mesh/byte-reader.ts";
import type { DeviceId, NetworkId } from "../agent-ids.ts";
import type { Journal } from "./journal.ts";
import { readSaid, type Said } from "./said.ts";

export const SYNC_PROTOCOL = "/nocturne/agents/1";

const VERSION = 1;
const FORMS = { ends: 1, after: 2, fork: 3 } as const;
const DOMAIN = utf8Encode("nocturne/agents/ends/v1");
const ID_BYTES = 32;
const END_BYTES = ID_BYTES + 8 + HASH_BYTES;
/** Of the rows that are read for one answer. */
const PAGE_ROWS = 256;

export const ENDS_BYTES: number = AGENT_LIMITS.logs * END_BYTES;
/** Of a proof by two entries (NEP-26). */
export const FORK_BYTES = 2_048;

/** Where a log ends. */
export interface End {
  /** 0: it is known to be forked. */
  readonly size: number;
  readonly hash: Uint8Array;
}

export type Ends = ReadonlyMap<DeviceId, End>;

export function digestOf(ends: Ends): Uint8Array {
  return sha256(concatBytes(DOMAIN, encodeEnds(ends)));
}

export function encodeEnds(ends: Ends): Uint8Array {
  const rising = [...ends].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return joinBytes(rising.flatMap(([device, { size, hash }]) => [fromHex(device), u64(size), hash]));
}

/** Null for whatever is none. Never throws. */
export function readEnds(bytes: Uint8Array): Ends | null {
  if (bytes.length % END_BYTES !== 0 || bytes.length > ENDS_BYTES) return null;
  const reader = new ByteReader(bytes);
  const ends = new Map<DeviceId, End>();
  for (let last = ""; reader.left > 0; ) {
    const [id, size, hash] = [reader.view(ID_BYTES), reader.u64(), reader.take(HASH_BYTES)];
    if (!id || size === null || !hash) return null;
    const device = toHex(id) as DeviceId;
    if (device <= last) return null;
    ends.set(device, { size, hash });
    last = device;
  }
  return ends;
}

export function askEnds(network: NetworkId, own: Ends): Uint8Array {
  return concatBytes(Uint8Array.of(VERSION, FORMS.ends), fromHex(network), digestOf(own));
}

export function askAfter(network: NetworkId, device: DeviceId, sequence: number): Uint8Array {
  return concatBytes(Uint8Array.of(VERSION, FORMS.after), fromHex(network), fromHex(device), u64(sequence));
}

export function askFork(network: NetworkId, device: DeviceId): Uint8Array {
  return concatBytes(Uint8Array.of(VERSION, FORMS.fork), fromHex(network), fromHex(device));
}

/** Null unless these follow each other in this device's log after `sequence`. Never throws. */
export function readPage(bytes: Uint8Array, device: DeviceId, sequence: number): Said[] | null {
  if (bytes.length > AGENT_LIMITS.syncBytes) return null;
  const reader = new ByteReader(bytes);
  const page: Said[] = [];
  while (reader.left > 0) {
    const said = readSaid(reader.view(reader.u16() ?? 0) ?? new Uint8Array(0));
    if (!said || said.device !== device || said.sequence !== sequence + page.length + 1) return null;
    page.push(said);
  }
  return page;
}

/** The answer of who has this journal; nothing to what is no question. */
export function answerSync(
  question: Uint8Array,
  network: NetworkId,
  journal: Pick<Journal, "ends" | "after" | "fork">,
): Uint8Array {
  const nothing = new Uint8Array(0);
  const reader = new ByteReader(question);
  const [version, form, asked] = [reader.u8(), reader.u8(), reader.view(ID_BYTES)];
  const id = reader.view(ID_BYTES);
  if (version !== VERSION || !asked || !id || toHex(asked) !== network) return nothing;
  const device = toHex(id) as DeviceId;
  if (form === FORMS.ends && reader.isDone) {
    const ends = journal.ends();
    return equalBytes(digestOf(ends), id) ? nothing : encodeEnds(ends);
  }
  if (form === FORMS.fork && reader.isDone) return journal.fork(device) ?? nothing;
  const sequence = reader.u64();
  if (form !== FORMS.after || sequence === null || !reader.isDone) return nothing;
  return encodePage(journal.after(device, sequence, PAGE_ROWS));
}

function encodePage(all: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (const said of all) {
    bytes += 2 + said.length;
    if (bytes > AGENT_LIMITS.syncBytes) break;
    parts.push(u16(said.length), said);
  }
  return joinBytes(parts);
}
