/**
 * What is too large for one event (a welcome into a large group, a commit there) lies on our relays as a *blob*: sealed
 * pieces by a key that only the secret yields, as the drops of invites. Whoever is told the secret fetches and opens it.
 *
 *   event    kind 4520 | author from the secret | expiration | content: base64url of a sealed piece
 *   piece    AES-256-GCM under HKDF(secret, "blob/seal/v1"), associated data "nocturne/blob/v1" | count u16 | index u16
 *
 * Specified in NEP-09. A relay sees that somebody keeps and somebody fetches something of this size, and that the pieces belong together.
 */

import * as v from "valibot";
import { concatBytes, equalBytes, fromBase64Url, fromHex, toBase64Url, toHex, u16, utf8Encode } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { CryptoError, NetworkError } from "../core/errors.ts";
import { BLOB_LIMITS, MESSAGE_LIMITS, ROUTE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { openBytes, sealBytes } from "../crypto/aead.ts";
import { deriveKey, sha256 } from "../crypto/key-derivation.ts";
import { type NostrEvent, signEvent } from "../nostr/event.ts";
import { publicKeyOf } from "../nostr/keys.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import { isRelayUrl } from "./card.ts";
import { DROP_KIND } from "./invite.ts";

export interface BlobRef {
  /** base64url, 16 bytes. */
  readonly secret: string;
  readonly relays: readonly string[];
  readonly pieces: number;
  /** Hex, of the whole. */
  readonly sha256: string;
}

const SECRET_BYTES = 16;
const DOMAIN: Uint8Array = utf8Encode("nocturne/blob/v1");

export const blobRefSchema: v.GenericSchema<unknown, BlobRef> = v.object({
  secret: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22}$/)),
  relays: v.pipe(v.array(v.pipe(v.string(), v.check(isRelayUrl))), v.maxLength(MESSAGE_LIMITS.inviteRelays)),
  pieces: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(BLOB_LIMITS.pieces)),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

export interface BlobsOptions {
  readonly pool: RelayPool;
  readonly ownRelays: () => readonly string[];
  /** A blob that was asked for is here. */
  readonly arrived: () => void;
  readonly clock: Clock;
}

export class Blobs {
  readonly #o: BlobsOptions;
  readonly #held = new Map<string, Uint8Array>();
  readonly #fetching = new Set<string>();

  constructor(options: BlobsOptions) {
    this.#o = options;
  }

  /** Leaves the bytes on our relays. Throws NetworkError `no_relay` unless one of them took all pieces. */
  async publish(bytes: Uint8Array): Promise<BlobRef> {
    const { pool, ownRelays, clock } = this.#o;
    const secret = randomBytes(SECRET_BYTES);
    const relays = ownRelays().slice(0, MESSAGE_LIMITS.inviteRelays);
    const pieces = makePieces(secret, bytes, clock.nowMs());
    const tries = relays.map((url) => Promise.all(pieces.map((piece) => pool.publish(url, piece))).then(() => url));
    const taken = (await Promise.allSettled(tries)).flatMap((t) => (t.status === "fulfilled" ? [t.value] : []));
    if (taken.length === 0) throw new NetworkError("no_relay", "No relay can be reached to leave something large on.");
    return { secret: toBase64Url(secret), relays: taken, pieces: pieces.length, sha256: toHex(sha256(bytes)) };
  }

  /**
   * The bytes if they are here. Else null, and they are fetched beside: a relay that does not answer must not hold up
   * all other mail. `arrived` says when to ask again.
   */
  get(ref: BlobRef): Uint8Array | null {
    const bytes = this.#held.get(ref.sha256) ?? null;
    const isFree = !this.#fetching.has(ref.sha256) && this.#fetching.size < BLOB_LIMITS.fetches;
    if (!bytes && isFree) void this.#collect(ref);
    return bytes;
  }

  async #collect(ref: BlobRef): Promise<void> {
    this.#fetching.add(ref.sha256);
    const bytes = await this.fetch(ref).catch(() => null);
    this.#fetching.delete(ref.sha256);
    // Whoever named it repeats that, and it is tried again then.
    if (!bytes) return;
    this.#held.set(ref.sha256, bytes);
    const [oldest] = this.#held.keys();
    if (this.#held.size > BLOB_LIMITS.held && oldest !== undefined) this.#held.delete(oldest);
    this.#o.arrived();
  }

  /** Throws NetworkError `blob_unreachable`, CryptoError if it was altered. */
  async fetch(ref: BlobRef): Promise<Uint8Array> {
    const secret = fromBase64Url(ref.secret);
    const filters = [{ kinds: [DROP_KIND], authors: [authorOf(secret)] }];
    for (const url of ref.relays) {
      const events = await this.#o.pool.fetch(url, filters, ROUTE_LIMITS.publishMs).catch(() => []);
      const bytes = events.length < ref.pieces ? null : joinPieces(secret, ref.pieces, events);
      if (bytes && equalBytes(sha256(bytes), fromHex(ref.sha256))) return bytes;
    }
    throw new NetworkError("blob_unreachable", "A relay does not hold all of what is needed to go on.");
  }
}

function makePieces(secret: Uint8Array, bytes: Uint8Array, nowMs: number): NostrEvent[] {
  const count = Math.max(1, Math.ceil(bytes.length / BLOB_LIMITS.pieceBytes));
  const created_at = Math.floor(nowMs / 1000);
  const tags = [["expiration", String(created_at + BLOB_LIMITS.keptMs / 1000)]];
  return Array.from({ length: count }, (_, i) => {
    const piece = bytes.subarray(i * BLOB_LIMITS.pieceBytes, (i + 1) * BLOB_LIMITS.pieceBytes);
    const content = toBase64Url(sealBytes(deriveKey(secret, "blob/seal/v1"), piece, associatedData(count, i)));
    return signEvent({ kind: DROP_KIND, created_at, tags, content }, deriveKey(secret, "blob/author/v1"));
  });
}

/** Each piece opens at one index only, so the order and number of events do not matter. */
function joinPieces(secret: Uint8Array, count: number, events: readonly NostrEvent[]): Uint8Array | null {
  const key = deriveKey(secret, "blob/seal/v1");
  const pieces = Array.from({ length: count }, (_, i) => {
    for (const { content } of events) {
      try {
        return openBytes(key, fromBase64Url(content), associatedData(count, i));
      } catch (error) {
        if (!(error instanceof CryptoError)) return null;
      }
    }
    return null;
  });
  return pieces.every((piece) => piece !== null) ? concatBytes(...pieces) : null;
}

function authorOf(secret: Uint8Array): string {
  return publicKeyOf(deriveKey(secret, "blob/author/v1"));
}

function associatedData(count: number, index: number): Uint8Array {
  return concatBytes(DOMAIN, u16(count), u16(index));
}
