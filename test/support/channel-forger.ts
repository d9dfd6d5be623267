/**
 * Writes channel events byte by byte, as somebody would who has a channel's link and wants more: any part can be
 * wrong. Written after NEP-07, not with the code under test.
 */
import { concatBytes, fromBase64Url, toBase64Url, u32, utf8Encode } from "../../src/core/bytes.ts";
import { sealBytes } from "../../src/crypto/aead.ts";
import { type ChannelSigner, channelDigest, createSigner } from "../../src/messaging/channel/channel-keys.ts";
import { type EpochKey, epochAddress } from "../../src/messaging/channel/epoch-key.ts";
import { deriveKey } from "../../src/crypto/key-derivation.ts";
import { signEvent, type VerifiedEvent } from "../../src/nostr/event.ts";

export interface Forgery {
  readonly key: EpochKey;
  readonly owner: ChannelSigner;
  /** Default: the owner signs. */
  readonly sign?: (message: Uint8Array) => Uint8Array;
  readonly kind?: number;
  readonly body: Uint8Array;
  /** What is signed instead of the right thing. */
  readonly signed?: { readonly kind?: number; readonly digest?: Uint8Array; readonly epoch?: number };
  readonly publicKeys?: Uint8Array;
  readonly length?: number;
  readonly padding?: number;
  readonly bytes?: number;
  readonly version?: number;
  readonly address?: string;
}

export const OWNER: ChannelSigner = createSigner(new Uint8Array(32).fill(1));
export const STRANGER: ChannelSigner = createSigner(new Uint8Array(32).fill(2));

/** The event that this forgery makes; without any wrong part it is a right one. */
export function forge(forgery: Forgery): VerifiedEvent {
  const { key, owner, body, kind = 2, version = 1, padding = 0, bytes = 8_192 } = forgery;
  const digest = channelDigest(owner.publicKeys);
  const signed = { kind, digest, epoch: key.epoch, ...forgery.signed };
  const message = concatBytes(
    utf8Encode("nocturne/channel/signed/v1"),
    Uint8Array.of(signed.kind),
    signed.digest,
    u32(signed.epoch),
    body,
  );
  const parts = concatBytes(
    Uint8Array.of(kind),
    kind === 1 ? (forgery.publicKeys ?? owner.publicKeys) : new Uint8Array(0),
    (forgery.sign ?? owner.sign)(message),
    u32(forgery.length ?? body.length),
    body,
  );
  const plain = new Uint8Array(bytes).fill(padding);
  plain.set(parts);
  const context = concatBytes(utf8Encode("nocturne/channel/event/v1"), Uint8Array.of(1), digest, u32(key.epoch));
  const sealed = sealBytes(deriveKey(fromBase64Url(key.key), "channel/seal/v1"), plain, context);
  return signEvent(
    {
      kind: 4_521,
      created_at: 1_767_225_600,
      tags: [["x", forgery.address ?? epochAddress(key, digest)]],
      content: toBase64Url(concatBytes(Uint8Array.of(version), sealed)),
    },
    new Uint8Array(32).fill(3),
  );
}
