/**
 * A join link: leads to a group's admin and proves that one was given it. Whoever comes with it may apply; an admin
 * decides.
 *
 *   nocturne:group/ base64url( version 1 | group 16 | admin 32 | secret 16 | length 1 | name
 *                              | count 1 | (length 1 | relay URL)* | checksum 4 )
 *
 *   proof  HMAC-SHA-256(HKDF(secret, "group/proof/v1"), group 16 | applicant 32)
 *
 * Specified in NEP-09.
 */

import {
  concatBytes,
  equalBytes,
  fromBase64Url,
  fromHex,
  toBase64Url,
  toHex,
  utf8Decode,
  utf8Encode,
} from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { deriveKey, hmacSha256, sha256 } from "../crypto/key-derivation.ts";
import { isRelayUrl } from "./card.ts";
import { cleanName } from "./contact-book.ts";

const GROUP_LINK_PREFIX = "nocturne:group/";
export const GROUP_SECRET_BYTES = 16;

const VERSION = 1;
const GROUP_BYTES = 16;
const KEY_BYTES = 32;
const CHECKSUM_BYTES = 4;
const FIXED_BYTES: number = 1 + GROUP_BYTES + KEY_BYTES + GROUP_SECRET_BYTES + 2;

export interface GroupLink {
  /** 32 hex characters. */
  readonly group: string;
  /** Hex key of the admin who made it. */
  readonly admin: string;
  readonly secret: Uint8Array;
  /** What the group is called by whoever made the link. */
  readonly name: string;
  readonly relays: readonly string[];
}

export function encodeGroupLink({ group, admin, secret, name, relays }: GroupLink): string {
  const title = utf8Encode(name);
  const places = relays.slice(0, MESSAGE_LIMITS.inviteRelays).map(utf8Encode);
  const body = concatBytes(
    Uint8Array.of(VERSION),
    fromHex(group),
    fromHex(admin),
    secret,
    Uint8Array.of(title.length),
    title,
    Uint8Array.of(places.length),
    ...places.flatMap((url) => [Uint8Array.of(url.length), url]),
  );
  return GROUP_LINK_PREFIX + toBase64Url(concatBytes(body, checksum(body)));
}

/** Throws CodecError `bad_group_link` when it is cut, mistyped or of a later version. */
export function parseGroupLink(text: string): GroupLink {
  const bytes = decode(text.trim());
  if (bytes.length < FIXED_BYTES + CHECKSUM_BYTES) throw badLink();
  const body = bytes.subarray(0, -CHECKSUM_BYTES);
  if (!equalBytes(bytes.subarray(-CHECKSUM_BYTES), checksum(body)) || body[0] !== VERSION) throw badLink();
  const at = 1 + GROUP_BYTES;
  const nameAt = at + KEY_BYTES + GROUP_SECRET_BYTES;
  const relaysAt = nameAt + 1 + (body[nameAt] ?? 0);
  if (relaysAt >= body.length) throw badLink();
  return {
    group: toHex(body.subarray(1, at)),
    admin: toHex(body.subarray(at, at + KEY_BYTES)),
    secret: body.slice(at + KEY_BYTES, at + KEY_BYTES + GROUP_SECRET_BYTES),
    name: cleanName(utf8Decode(body.subarray(nameAt + 1, relaysAt))),
    relays: readRelays(body.subarray(relaysAt)),
  };
}

/** Hex, 32 bytes; bound to the applicant, so that an overheard one is worth nothing to another. */
export function groupProof(secret: Uint8Array, group: string, applicant: string): string {
  return toHex(hmacSha256(deriveKey(secret, "group/proof/v1"), concatBytes(fromHex(group), fromHex(applicant))));
}

function readRelays(bytes: Uint8Array): string[] {
  const count = bytes[0] ?? 0;
  const relays: string[] = [];
  let offset = 1;
  for (let i = 0; i < count && offset < bytes.length; i++) {
    const end = offset + 1 + (bytes[offset] ?? 0);
    if (end > bytes.length) throw badLink();
    relays.push(utf8Decode(bytes.subarray(offset + 1, end)));
    offset = end;
  }
  const isSound = offset === bytes.length && relays.length === count && count <= MESSAGE_LIMITS.inviteRelays;
  if (!isSound || !relays.every(isRelayUrl)) throw badLink();
  return relays;
}

function decode(text: string): Uint8Array {
  if (!text.startsWith(GROUP_LINK_PREFIX)) throw badLink();
  try {
    return fromBase64Url(text.slice(GROUP_LINK_PREFIX.length));
  } catch {
    throw badLink();
  }
}

function checksum(body: Uint8Array): Uint8Array {
  return sha256(body).subarray(0, CHECKSUM_BYTES);
}

function badLink(): CodecError {
  return new CodecError("bad_group_link", "This is not a link to a group, or a part of it is missing.", {
    hint: "Copy the whole link again, or ask for a new one.",
  });
}
