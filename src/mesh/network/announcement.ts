/**
 * What a node that keeps fragments says of itself: a record of the kind "node" (`records/record.ts`), so that it is
 * signed, numbered and dated there, with this value:
 *
 *   value     version 1 | flags u8 | software u16 | room u8 | exchange: addresses | libp2p: addresses
 *   addresses count u8 | each: length of the address u8, 4 or 16 | IPv4 or IPv6 | port u16
 *   flags     1: it takes care of files of others, 2: it leaves; the other bits are zero
 *   room      0: none, else (4 + low 2 bits) * 2 ** (high 6 bits - 3) MiB, at most 7 PiB
 *
 * The room is coarse on purpose: exact numbers over time would tell when which owner stores how much. Nothing here says
 * who runs the node.
 */
import { concatBytes, u16 } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import { type NodeId, nodeIdOf } from "../node-id.ts";
import { readRecord, recordPlace, signRecord } from "../records/record.ts";
import type { Address } from "../rooms.ts";
import { bytesToIp, ipToBytes } from "./ip-bytes.ts";

export interface Announcement {
  readonly id: NodeId;
  /** Counts up; the highest counts. */
  readonly sequence: number;
  readonly madeAtMs: number;
  /** Where its exchange listens, at most MESH_LIMITS.nodeAddresses; none: only by libp2p. */
  readonly addresses: readonly Address[];
  /** Where its libp2p listens (TCP), at most as many; none: only by a relay. */
  readonly meshAddresses: readonly Address[];
  /** As `coarseRoom` gives it. */
  readonly roomBytes: number;
  readonly cares: boolean;
  /** It takes nothing more, and what it has is to be brought elsewhere. */
  readonly isLeaving: boolean;
  /** Of the software, 0 to 65,535: which formats it knows. */
  readonly software: number;
}

const VERSION = 1;
const CARES = 1;
const LEAVES = 2;
const KEY_AT = 2;
const KEY_END = 34;
const HEAD_BYTES = 5;
const UNIT_BYTES = 1_048_576; // 1 MiB
const MOST_ROOM = 0x87; // 7 PiB: more would be no safe integer, and no machine

/** The bytes of an announcement, signed by the node. Throws UsageError `mesh_record` for what cannot be said. */
export function signAnnouncement(said: Omit<Announcement, "id">, by: SignatureKeyPair): Uint8Array {
  const { sequence, madeAtMs, roomBytes, cares, isLeaving, software } = said;
  const flags = (cares ? CARES : 0) | (isLeaving ? LEAVES : 0);
  const head = Uint8Array.of(VERSION, flags, ...u16(software), roomCode(roomBytes));
  const value = concatBytes(head, encodeAddresses(said.addresses), encodeAddresses(said.meshAddresses));
  return signRecord({ kind: "node", sequence, madeAtMs, value }, by);
}

/** Null for whatever is not a valid announcement of the node that signed it, or is too old or from tomorrow. Never throws. */
export function readAnnouncement(bytes: Uint8Array, nowMs: number): Announcement | null {
  if (bytes.length > MESH_LIMITS.announcementBytes) return null;
  const record = readRecord(bytes, recordPlace("node", bytes.subarray(KEY_AT, KEY_END)), nowMs);
  const said = record && readValue(record.value);
  if (!record || !said) return null;
  return { id: nodeIdOf(record.key), sequence: record.sequence, madeAtMs: record.madeAtMs, ...said };
}

/** Whose it would be if it were one; nothing of it is checked. */
export function claimedBy(bytes: Uint8Array): NodeId {
  return nodeIdOf(bytes.subarray(KEY_AT, KEY_END));
}

/** Rounded down to a quarter of a power of two, in MiB; less than 1 MiB is none. */
export function coarseRoom(bytes: number): number {
  return roomOf(roomCode(bytes));
}

function roomCode(bytes: number): number {
  const units = bytes / UNIT_BYTES;
  if (!(units >= 1)) return 0;
  let exponent = Math.floor(Math.log2(units));
  if (2 ** exponent > units) exponent--; // the logarithm was rounded up
  const quarter = Math.floor(units / 2 ** (exponent - 2)) & 3;
  return Math.min(MOST_ROOM, ((exponent + 1) << 2) | quarter);
}

/** Codes 1 to 3 would be nothing at all. */
function roomOf(code: number): number {
  return code === 0 ? 0 : Math.floor(UNIT_BYTES * (4 + (code & 3)) * 2 ** ((code >> 2) - 3));
}

function encodeAddresses(addresses: readonly Address[]): Uint8Array {
  if (addresses.length > MESH_LIMITS.nodeAddresses) throw unsayable();
  return concatBytes(Uint8Array.of(addresses.length), ...addresses.map(encodeAddress));
}

function encodeAddress({ host, port }: Address): Uint8Array {
  const ip = ipToBytes(host);
  if (!ip || !Number.isInteger(port) || port < 1 || port > 0xffff) throw unsayable();
  return concatBytes(Uint8Array.of(ip.length), ip, u16(port));
}

type Said = Omit<Announcement, "id" | "sequence" | "madeAtMs">;

function readValue(value: Uint8Array): Said | null {
  const [version, flags = 0, high = 0, low = 0, room = 0] = value;
  if (value.length < HEAD_BYTES || version !== VERSION || flags > (CARES | LEAVES)) return null;
  if (room > MOST_ROOM || (room > 0 && room < 4)) return null;
  const exchange = readAddresses(value, HEAD_BYTES);
  const mesh = exchange && readAddresses(value, exchange.end);
  if (!exchange || mesh?.end !== value.length) return null;
  return {
    addresses: exchange.addresses,
    meshAddresses: mesh.addresses,
    roomBytes: roomOf(room),
    cares: (flags & CARES) !== 0,
    isLeaving: (flags & LEAVES) !== 0,
    software: (high << 8) | low,
  };
}

function readAddresses(value: Uint8Array, start: number): { addresses: Address[]; end: number } | null {
  const count = value[start] ?? MESH_LIMITS.nodeAddresses + 1;
  if (count > MESH_LIMITS.nodeAddresses) return null;
  const addresses: Address[] = [];
  let at = start + 1;
  for (let i = 0; i < count; i++) {
    const length = value[at] ?? 0;
    const end = at + 1 + length + 2;
    const host = end > value.length ? null : bytesToIp(value.subarray(at + 1, at + 1 + length));
    const port = ((value[end - 2] ?? 0) << 8) | (value[end - 1] ?? 0);
    if (host === null || port === 0) return null;
    addresses.push({ host, port });
    at = end;
  }
  return { addresses, end: at };
}

function unsayable(): UsageError {
  return new UsageError("mesh_record", "An announcement of a node cannot hold this address.");
}
