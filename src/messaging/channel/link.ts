/**
 * The link that lets read a channel from its present epoch on.
 *
 *   nocturne:channel/ base64url( version 1 | digest 32 | epoch u32 | epoch key 32
 *                                | count 1 | (length 1 | relay URL)* | checksum 4 )
 *
 * It is as secret as the channel is meant to be: whoever has it reads. It lets nobody post, and says nothing
 * of who else has it. Specified in NEP-07.
 */

import { concatBytes, fromBase64Url, toBase64Url, u32 } from "../../core/bytes.ts";
import { CodecError } from "../../core/errors.ts";
import { CHANNEL_LIMITS } from "../../core/limits.ts";
import { decodeLink, decodePlaces, encodeLink, encodePlaces } from "../coded-link.ts";
import { CHANNEL_DIGEST_BYTES } from "./channel-keys.ts";
import { EPOCH_KEY_BYTES, type EpochKey } from "./epoch-key.ts";

export const CHANNEL_LINK_PREFIX = "nocturne:channel/";

const VERSION = 1;
const EPOCH_OFFSET = 1 + CHANNEL_DIGEST_BYTES;
const KEY_OFFSET = EPOCH_OFFSET + 4;
const RELAYS_OFFSET = KEY_OFFSET + EPOCH_KEY_BYTES;

export interface ChannelLink {
  /** 32 bytes: the hash of the channel's public keys. */
  readonly digest: Uint8Array;
  readonly key: EpochKey;
  readonly relays: readonly string[];
}

export function encodeChannelLink({ digest, key, relays }: ChannelLink): string {
  const head = concatBytes(Uint8Array.of(VERSION), digest, u32(key.epoch), fromBase64Url(key.key));
  return encodeLink(CHANNEL_LINK_PREFIX, concatBytes(head, encodePlaces(relays)));
}

/** The parts of a link. Throws CodecError `bad_channel_link` when it is cut, mistyped, forged or of a later version. */
export function parseChannelLink(text: string): ChannelLink {
  const body = decodeLink(CHANNEL_LINK_PREFIX, text, VERSION, RELAYS_OFFSET + 1, badLink);
  const epoch = new DataView(body.buffer, body.byteOffset).getUint32(EPOCH_OFFSET);
  if (epoch > CHANNEL_LIMITS.epochs) throw badLink("its epoch is too high");
  const relays = decodePlaces(body.subarray(RELAYS_OFFSET), CHANNEL_LIMITS.relays, badLink);
  if (relays.length === 0) throw badLink("it names no relay");
  return {
    digest: body.slice(1, EPOCH_OFFSET),
    key: { epoch, key: toBase64Url(body.subarray(KEY_OFFSET, RELAYS_OFFSET)) },
    relays,
  };
}

function badLink(why: string): CodecError {
  return new CodecError("bad_channel_link", `This is not the link of a channel: ${why}.`, {
    hint: "Copy the whole link again, or ask for a new one.",
  });
}
