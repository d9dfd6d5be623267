/**
 * The link that lets read a channel from its present epoch on.
 *
 *   nocturne:channel/ base64url( version 1 | digest 32 | epoch u32 | epoch key 32
 *                                | count 1 | (length 1 | relay URL)* | checksum 4 )
 *
 * It is as secret as the channel is meant to be: whoever has it reads. It lets nobody post, and says nothing
 * of who else has it. Specified in NEP-07.
 */

import { concatBytes, equalBytes, fromBase64Url, toBase64Url, u32, utf8Decode, utf8Encode } from "../../core/bytes.ts";
import { CodecError } from "../../core/errors.ts";
import { CHANNEL_LIMITS } from "../../core/limits.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { isRelayUrl } from "../card.ts";
import { CHANNEL_DIGEST_BYTES } from "./channel-keys.ts";
import { EPOCH_KEY_BYTES, type EpochKey } from "./epoch-key.ts";

export const CHANNEL_LINK_PREFIX = "nocturne:channel/";

const VERSION = 1;
const CHECKSUM_BYTES = 4;
const EPOCH_OFFSET = 1 + CHANNEL_DIGEST_BYTES;
const KEY_OFFSET = EPOCH_OFFSET + 4;
const RELAYS_OFFSET = KEY_OFFSET + EPOCH_KEY_BYTES;
/** Longer text is not even decoded. */
const MAX_CHARACTERS = 2_048;

export interface ChannelLink {
  /** 32 bytes: the hash of the channel's public keys. */
  readonly digest: Uint8Array;
  readonly key: EpochKey;
  readonly relays: readonly string[];
}

export function encodeChannelLink({ digest, key, relays }: ChannelLink): string {
  const urls = relays.map((url) => {
    const bytes = utf8Encode(url);
    return concatBytes(Uint8Array.of(bytes.length), bytes);
  });
  const body = concatBytes(
    Uint8Array.of(VERSION),
    digest,
    u32(key.epoch),
    fromBase64Url(key.key),
    Uint8Array.of(relays.length),
    ...urls,
  );
  return CHANNEL_LINK_PREFIX + toBase64Url(concatBytes(body, checksum(body)));
}

/** The parts of a link. Throws CodecError `bad_channel_link` when it is cut, mistyped, forged or of a later version. */
export function parseChannelLink(text: string): ChannelLink {
  const body = checkedBody(text.trim());
  if (body[0] !== VERSION) throw badLink("it was made by a newer Nocturne");
  const epoch = new DataView(body.buffer, body.byteOffset).getUint32(EPOCH_OFFSET);
  if (epoch > CHANNEL_LIMITS.epochs) throw badLink("its epoch is too high");
  return {
    digest: body.slice(1, EPOCH_OFFSET),
    key: { epoch, key: toBase64Url(body.subarray(KEY_OFFSET, RELAYS_OFFSET)) },
    relays: parseRelays(body.subarray(RELAYS_OFFSET)),
  };
}

function checkedBody(text: string): Uint8Array {
  if (!text.startsWith(CHANNEL_LINK_PREFIX)) throw badLink("it does not begin with nocturne:channel/");
  if (text.length > MAX_CHARACTERS) throw badLink("it is too long");
  const bytes = decodeOrThrow(text.slice(CHANNEL_LINK_PREFIX.length));
  if (bytes.length <= RELAYS_OFFSET + CHECKSUM_BYTES) throw badLink("it is cut off");
  const body = bytes.subarray(0, -CHECKSUM_BYTES);
  if (!equalBytes(bytes.subarray(-CHECKSUM_BYTES), checksum(body))) throw badLink("it is cut off or mistyped");
  return body;
}

function parseRelays(bytes: Uint8Array): string[] {
  const count = bytes[0] ?? 0;
  if (count === 0 || count > CHANNEL_LIMITS.relays) throw badLink("it names no relay, or too many");
  const relays: string[] = [];
  let offset = 1;
  for (let i = 0; i < count; i++) {
    const end = offset + 1 + (bytes[offset] ?? 0);
    if (end > bytes.length) throw badLink("it is cut off");
    relays.push(textOrThrow(bytes.subarray(offset + 1, end)));
    offset = end;
  }
  if (offset !== bytes.length || !relays.every(isRelayUrl)) throw badLink("its relays cannot be read");
  return relays;
}

function checksum(body: Uint8Array): Uint8Array {
  return sha256(body).subarray(0, CHECKSUM_BYTES);
}

function decodeOrThrow(text: string): Uint8Array {
  try {
    return fromBase64Url(text);
  } catch {
    throw badLink("it holds characters that no link has");
  }
}

function textOrThrow(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes);
  } catch {
    throw badLink("its relays cannot be read");
  }
}

function badLink(why: string): CodecError {
  return new CodecError("bad_channel_link", `This is not the link of a channel: ${why}.`, {
    hint: "Copy the whole link again, or ask for a new one.",
  });
}
