/**
 * A farewell: a member's signed wish to be taken out of a group. MLS lets nobody remove himself, so somebody else has
 * to; the farewell travels in his commit as proof that he may, and every member checks it against the same epoch.
 *
 *   farewells  version 1 | count u8 | (account 32 | leaf u32 | signature 64)*
 *   signature  Ed25519 by the leaf over "nocturne/farewell/v1" | group id 16 | account 32
 *
 * It is good for this group for ever: who wants to come back is invited as a new leaf with another signature key.
 */

import { concatBytes, fromHex, toHex, u32, utf8Encode } from "../../core/bytes.ts";
import { SESSION_LIMITS } from "../../core/limits.ts";
import { ed25519 } from "../../crypto/signing.ts";
import type { OwnDevice } from "./device.ts";
import type { Member } from "./mls.ts";

const VERSION = 1;
const ENTRY_BYTES = 32 + 4 + 64;
const DOMAIN: Uint8Array = utf8Encode("nocturne/farewell/v1");

export interface Farewell {
  readonly account: string;
  readonly leaf: number;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

export function sayFarewell(groupId: string, own: OwnDevice, leaf: number): Farewell {
  return { account: own.account, leaf, signature: ed25519.sign(signed(groupId, own.account), own.signature.secretKey) };
}

/** What a commit carries: 2 bytes and 100 for each. */
export function encodeFarewells(farewells: readonly Farewell[]): Uint8Array {
  const entries = farewells.map(({ account, leaf, signature }) => concatBytes(fromHex(account), u32(leaf), signature));
  return concatBytes(Uint8Array.of(VERSION, farewells.length), ...entries);
}

/** The accounts whose farewells in `bytes` are genuine; none for anything malformed. */
export function readFarewells(bytes: Uint8Array, groupId: string, members: readonly Member[]): string[] {
  const count = bytes[1] ?? 0;
  if (bytes[0] !== VERSION || count > SESSION_LIMITS.farewells || bytes.length !== 2 + count * ENTRY_BYTES) return [];
  const entries = Array.from({ length: count }, (_, i) =>
    bytes.subarray(2 + i * ENTRY_BYTES, 2 + (i + 1) * ENTRY_BYTES),
  );
  return entries
    .map(readEntry)
    .flatMap((farewell) => (isGenuine(farewell, groupId, members) ? [farewell.account] : []));
}

export function isGenuine(farewell: Farewell, groupId: string, members: readonly Member[]): boolean {
  const member = members.find(({ leaf, account }) => leaf === farewell.leaf && account === farewell.account);
  return (
    member !== undefined && ed25519.verify(signed(groupId, farewell.account), farewell.signature, member.signatureKey)
  );
}

function readEntry(entry: Uint8Array): Farewell {
  const leaf = new DataView(entry.buffer, entry.byteOffset, entry.byteLength).getUint32(32);
  return { account: toHex(entry.subarray(0, 32)), leaf, signature: entry.subarray(36) };
}

function signed(groupId: string, account: string): Uint8Array {
  return concatBytes(DOMAIN, fromHex(groupId), fromHex(account));
}
