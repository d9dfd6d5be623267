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

import { concatBytes, fromHex, toHex } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { deriveKey, hmacSha256 } from "../crypto/key-derivation.ts";
import { decodeLink, decodePlaces, decodeShortText, encodeLink, encodePlaces, encodeShortText } from "./coded-link.ts";
import { cleanName } from "./contact-book.ts";

const GROUP_LINK_PREFIX = "nocturne:group/";
export const GROUP_SECRET_BYTES = 16;

const VERSION = 1;
const GROUP_BYTES = 16;
const KEY_BYTES = 32;
const NAME_AT: number = 1 + GROUP_BYTES + KEY_BYTES + GROUP_SECRET_BYTES;

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
  const places = encodePlaces(relays.slice(0, MESSAGE_LIMITS.inviteRelays));
  const head = concatBytes(Uint8Array.of(VERSION), fromHex(group), fromHex(admin), secret);
  return encodeLink(GROUP_LINK_PREFIX, concatBytes(head, encodeShortText(name), places));
}

/** Throws CodecError `bad_group_link` when it is cut, mistyped or of a later version. */
export function parseGroupLink(text: string): GroupLink {
  const body = decodeLink(GROUP_LINK_PREFIX, text, VERSION, NAME_AT + 2, badLink);
  const adminAt = 1 + GROUP_BYTES;
  const name = decodeShortText(body, NAME_AT, badLink);
  return {
    group: toHex(body.subarray(1, adminAt)),
    admin: toHex(body.subarray(adminAt, adminAt + KEY_BYTES)),
    secret: body.slice(adminAt + KEY_BYTES, NAME_AT),
    name: cleanName(name.text),
    relays: decodePlaces(body.subarray(name.end), MESSAGE_LIMITS.inviteRelays, badLink),
  };
}

/** Hex, 32 bytes; bound to the applicant, so that an overheard one is worth nothing to another. */
export function groupProof(secret: Uint8Array, group: string, applicant: string): string {
  return toHex(hmacSha256(deriveKey(secret, "group/proof/v1"), concatBytes(fromHex(group), fromHex(applicant))));
}

function badLink(why: string): CodecError {
  return new CodecError("bad_group_link", `This is not a link to a group: ${why}.`, {
    hint: "Copy the whole link again, or ask for a new one.",
  });
}
