/**
 * A cell: the one thing that relays see of mail. All cells look the same, whatever is in them and whether or not
 * anything is.
 *
 *   event      kind 4522 | one-use key | created_at: the minute | ["x", address 32] ["expiration", seven days later]
 *              | content: base64 of
 *   sealed     version 1 | nonce 12 | AES-256-GCM(plain 2,048) | tag 16          associated data: address | one-use key
 *   plain      kind 1 | heard u32 | parcel 12 | index u16 | count u16 | bytes u16 | piece | zeros
 *
 * The address says nothing to anybody but sender and recipient (`cell-keys.ts`). A signature is made because relays
 * demand one; nobody relies on it: a cell proves itself by opening. Specified in NEP-12.
 */

import { concatBytes, fromHex, toHex, u16, u32, utf8Encode, wipeBytes } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { CELL_LIMITS } from "../../core/limits.ts";
import { randomBytes } from "../../core/random.ts";
import type { AesGcmKey } from "../../crypto/provider.ts";
import { isHex, type NostrEvent, signEvent, type VerifiedEvent } from "../../nostr/event.ts";
import { publicKeyOf } from "../../nostr/keys.ts";
import { KIND } from "../../nostr/kinds.ts";

export const PIECE_BYTES: number = 2_025;
/** Every cell's event as JSON. */
export const CELL_EVENT_BYTES: number = 3_217;

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PLAIN_BYTES = 2_048;
const HEAD_BYTES: number = PLAIN_BYTES - PIECE_BYTES;
export const CELL_SEALED_BYTES: number = 1 + NONCE_BYTES + PLAIN_BYTES + TAG_BYTES;
const CONTENT_CHARACTERS: number = Math.ceil(CELL_SEALED_BYTES / 3) * 4;
const PARCEL_ID_BYTES = 12;
const PIECE_KIND = 1;
const DOMAIN: Uint8Array = utf8Encode("nocturne/cell/v1");

/** Of a parcel (`parcel.ts`), what one cell carries. */
export interface Piece {
  /** Hex, 12 random bytes: the same in all pieces of one sending. */
  readonly parcel: string;
  readonly index: number;
  readonly count: number;
  /** At most PIECE_BYTES. */
  readonly bytes: Uint8Array;
  /** So many cells of the other direction the sender knows to have been made: one more than the highest index he has seen; 0 for none. */
  readonly heard: number;
}

/** The key pair of one cell. Whoever wants to be met by his public key alone agrees with it (`introKeys`). */
export interface OneUseKey {
  readonly secretKey: Uint8Array;
  /** Hex. */
  readonly publicKey: string;
}

export function oneUseKey(): OneUseKey {
  const secretKey = randomBytes(32);
  return { secretKey, publicKey: publicKeyOf(secretKey) };
}

/** A cell that was sealed and waits to leave: what its event is made of. */
export interface SealedCell {
  /** 32 bytes. */
  readonly address: Uint8Array;
  /** CELL_SEALED_BYTES. */
  readonly sealed: Uint8Array;
  readonly oneUse: OneUseKey;
}

/** The event that carries a piece. `address` has 32 bytes. The one-use key is wiped. */
export function sealCell(
  key: AesGcmKey,
  address: Uint8Array,
  piece: Piece,
  oneUse: OneUseKey,
  nowMs: number,
): VerifiedEvent {
  return cellEvent(sealPiece(key, address, piece, oneUse), nowMs);
}

/** Seals a piece; whoever makes the event of it, and when, can be somebody else (a courier). */
export function sealPiece(key: AesGcmKey, address: Uint8Array, piece: Piece, oneUse: OneUseKey): SealedCell {
  const plain = new Uint8Array(PLAIN_BYTES);
  const { parcel, index, count, heard, bytes } = piece;
  const head = [Uint8Array.of(PIECE_KIND), u32(heard), fromHex(parcel), u16(index), u16(count), u16(bytes.length)];
  plain.set(concatBytes(...head));
  plain.set(bytes, HEAD_BYTES);
  const sealed = new Uint8Array(CELL_SEALED_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  sealed[0] = VERSION;
  sealed.set(nonce, 1);
  key.sealInto(sealed.subarray(1 + NONCE_BYTES), nonce, plain, associatedData(address, oneUse.publicKey));
  wipeBytes(plain);
  return { address, sealed, oneUse };
}

/** The event of a sealed cell, dated now. The one-use key is wiped. */
export function cellEvent({ address, sealed, oneUse }: SealedCell, nowMs: number): VerifiedEvent {
  const created_at = Math.floor(nowMs / CELL_LIMITS.roundMs) * (CELL_LIMITS.roundMs / 1000);
  const tags = [
    ["x", toHex(address)],
    ["expiration", String(created_at + CELL_LIMITS.keptMs / 1000)],
  ];
  try {
    const content = Buffer.from(sealed).toString("base64");
    return signEvent({ kind: KIND.cell, created_at, tags, content }, oneUse.secretKey, oneUse.publicKey);
  } finally {
    wipeBytes(oneUse.secretKey);
  }
}

/** The address of an event, hex; null if it has not the outer form of a cell. */
export function cellAddress({ kind, tags, content }: NostrEvent): string | null {
  const [tag] = tags;
  const isCell = kind === KIND.cell && content.length === CONTENT_CHARACTERS && tag?.[0] === "x" && isHex(tag[1], 32);
  return isCell ? (tag[1] ?? null) : null;
}

/** What an event carries. Throws CryptoError for anything that was not sealed as a cell with this key, address and one-use key. */
export function openCell(key: AesGcmKey, { pubkey, tags, content }: NostrEvent): Piece {
  const sealed = Buffer.from(content, "base64");
  if (sealed.length !== CELL_SEALED_BYTES || sealed[0] !== VERSION) throw new CryptoError();
  const plain = new Uint8Array(PLAIN_BYTES);
  const address = fromHex(tags[0]?.[1] ?? "");
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  key.openInto(plain, nonce, sealed.subarray(1 + NONCE_BYTES), associatedData(address, pubkey));
  return readPiece(plain);
}

function readPiece(plain: Uint8Array): Piece {
  const view = new DataView(plain.buffer, plain.byteOffset, plain.length);
  const at = 5 + PARCEL_ID_BYTES;
  const piece = {
    parcel: toHex(plain.subarray(5, at)),
    heard: view.getUint32(1),
    index: view.getUint16(at),
    count: view.getUint16(at + 2),
    bytes: plain.slice(HEAD_BYTES, HEAD_BYTES + view.getUint16(at + 4)),
  };
  const fits = view.getUint16(at + 4) <= PIECE_BYTES && piece.index < piece.count && piece.count <= CELL_LIMITS.pieces;
  if (plain[0] !== PIECE_KIND || !fits) throw new CryptoError();
  return piece;
}

function associatedData(address: Uint8Array, oneUseKey: string): Uint8Array {
  return concatBytes(DOMAIN, address, fromHex(oneUseKey));
}
