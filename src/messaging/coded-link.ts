/**
 * What all links that people pass on have in common: invites, join links of groups, links of channels.
 *
 *   link    prefix | base64url( body | checksum 4 )         checksum = SHA-256(body)[0..4]
 *   body    version 1 | ... | places
 *   places  count u8 | (length u8 | relay URL)*
 *
 * The checksum finds what was cut or mistyped; it protects from nobody. Each kind of link says in its own words why it
 * is refused: `Refuse`.
 */

import { concatBytes, equalBytes, fromBase64Url, toBase64Url, utf8Decode, utf8Encode } from "../core/bytes.ts";
import { type CodecError, ValidationError } from "../core/errors.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { sha256 } from "../crypto/key-derivation.ts";
import { isRelayUrl } from "./card.ts";

/** The error of a link, with the reason in plain words ("it is cut off"). */
export type Refuse = (why: string) => CodecError;

const CHECKSUM_BYTES = 4;
const MAX_TEXT_BYTES = 255;

export function encodeLink(prefix: string, body: Uint8Array): string {
  return prefix + toBase64Url(concatBytes(body, checksum(body)));
}

/** The body, at least `minBytes` long and of this version. Throws what `refuse` makes. */
export function decodeLink(
  prefix: string,
  text: string,
  version: number,
  minBytes: number,
  refuse: Refuse,
): Uint8Array {
  const trimmed = text.trim();
  if (!trimmed.startsWith(prefix)) throw refuse(`it does not begin with ${prefix}`);
  if (trimmed.length > MESSAGE_LIMITS.linkCharacters) throw refuse("it is too long");
  const bytes = orRefuse(
    () => fromBase64Url(trimmed.slice(prefix.length)),
    refuse,
    "it holds characters that no link has",
  );
  if (bytes.length < minBytes + CHECKSUM_BYTES) throw refuse("it is cut off");
  const body = bytes.subarray(0, -CHECKSUM_BYTES);
  if (!equalBytes(bytes.subarray(-CHECKSUM_BYTES), checksum(body))) throw refuse("it is cut off or mistyped");
  if (body[0] !== version) throw refuse("it was made by a newer Nocturne");
  return body;
}

/** length u8 | UTF-8. Throws ValidationError `text_too_long` above 255 bytes. */
export function encodeShortText(text: string): Uint8Array {
  const bytes = utf8Encode(text);
  if (bytes.length > MAX_TEXT_BYTES) {
    throw new ValidationError("text_too_long", `A part of a link holds at most ${MAX_TEXT_BYTES} bytes.`, {
      hint: "Choose a relay with a shorter address.",
    });
  }
  return concatBytes(Uint8Array.of(bytes.length), bytes);
}

/** The text at `offset`, and where it ends. Throws what `refuse` makes. */
export function decodeShortText(bytes: Uint8Array, offset: number, refuse: Refuse): { text: string; end: number } {
  const end = offset + 1 + (bytes[offset] ?? 0);
  if (offset >= bytes.length || end > bytes.length) throw refuse("it is cut off");
  return { text: orRefuse(() => utf8Decode(bytes.subarray(offset + 1, end)), refuse, "it is not readable"), end };
}

export function encodePlaces(relays: readonly string[]): Uint8Array {
  return concatBytes(Uint8Array.of(relays.length), ...relays.map(encodeShortText));
}

/** All that `bytes` holds: at most `most` relays. Throws what `refuse` makes. */
export function decodePlaces(bytes: Uint8Array, most: number, refuse: Refuse): string[] {
  const count = bytes[0] ?? 0;
  if (count > most) throw refuse("it names too many relays");
  const relays: string[] = [];
  let offset = 1;
  for (let i = 0; i < count; i++) {
    const { text, end } = decodeShortText(bytes, offset, refuse);
    relays.push(text);
    offset = end;
  }
  if (offset !== bytes.length || !relays.every(isRelayUrl)) throw refuse("its relays cannot be read");
  return relays;
}

function checksum(body: Uint8Array): Uint8Array {
  return sha256(body).subarray(0, CHECKSUM_BYTES);
}

function orRefuse<T>(read: () => T, refuse: Refuse, why: string): T {
  try {
    return read();
  } catch {
    throw refuse(why);
  }
}
