/**
 * A cell: the one thing that relays see of mail. All cells look the same, whatever is in them and whether or not
 * anything is.
 *
 *   event      kind 4522 | key used once | created_at: the minute | ["x", address 32] ["expiration", seven days later]
 *              | content: base64 of
 *   sealed     version 1 | ephemeral 32 | nonce 12 | AES-256-GCM(plain 2,048) | tag 16
 *              associated data: domain | address | ephemeral
 *   plain      kind 1 | heard u32 | parcel 12 | index u16 | count u16 | bytes u16 | piece | zeros
 *
 * The ephemeral is an X25519 public key in every cell; only with an intro somebody agrees with it. The address says
 * nothing to anybody but sender and recipient (`cell-keys.ts`). A signature is made because relays demand one; nothing
 * depends on it: a cell proves itself by opening. Specified in NEP-12.
 */

import { concatBytes, fromHex, toHex, u16, u32, utf8Encode, wipeBytes } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { CELL_LIMITS, PIR_LIMITS } from "../../core/cell-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { type AesGcmKey, type DiffieHellmanKey, x25519Key } from "../../crypto/provider.ts";
import { isHex, type NostrEvent, signEvent, type VerifiedEvent } from "../../nostr/event.ts";
import { KIND } from "../../nostr/kinds.ts";

export const PIECE_BYTES: number = 2_025;
/** Every cell's event as JSON. */
export const CELL_EVENT_BYTES: number = 3_257;

const VERSION = 1;
const EPHEMERAL_END = 33;
const NONCE_END = 45;
const PLAIN_BYTES = 2_048;
const HEAD_BYTES: number = PLAIN_BYTES - PIECE_BYTES;
/** Private retrieval fetches exactly this. */
const SEALED_BYTES: number = PIR_LIMITS.recordBytes;
const CONTENT_CHARACTERS: number = Math.ceil(SEALED_BYTES / 3) * 4;
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

/** What a recipient needs of a cell, however it was fetched. */
export interface Cell {
  /** Of the event, hex. */
  readonly id: string;
  /** Hex. */
  readonly address: string;
  /** 2,109 bytes. */
  readonly sealed: Uint8Array;
}

/** The X25519 key of one cell. Whoever wants to be met by his public key alone agrees with it (`introKeys`). */
export function ephemeralKey(): DiffieHellmanKey {
  const secret = randomBytes(32);
  try {
    return x25519Key(secret);
  } finally {
    wipeBytes(secret);
  }
}

/** A sealed cell, of which somebody makes an event when it leaves: who wrote it, or a courier. */
export interface SealedCell {
  /** 32 bytes. */
  readonly address: Uint8Array;
  /** 2,109 bytes. */
  readonly sealed: Uint8Array;
}

/** The event that carries a piece. `address` and `ephemeral`, an X25519 public key, have 32 bytes each. */
export function sealCell(
  key: AesGcmKey,
  address: Uint8Array,
  piece: Piece,
  ephemeral: Uint8Array,
  nowMs: number,
): VerifiedEvent {
  return cellEvent(sealPiece(key, address, piece, ephemeral), nowMs);
}

/** What `sealCell` makes an event of. */
export function sealPiece(key: AesGcmKey, address: Uint8Array, piece: Piece, ephemeral: Uint8Array): SealedCell {
  const plain = new Uint8Array(PLAIN_BYTES);
  const { parcel, index, count, heard, bytes } = piece;
  const head = [Uint8Array.of(PIECE_KIND), u32(heard), fromHex(parcel), u16(index), u16(count), u16(bytes.length)];
  plain.set(concatBytes(...head));
  plain.set(bytes, HEAD_BYTES);
  const sealed = new Uint8Array(SEALED_BYTES);
  sealed[0] = VERSION;
  sealed.set(ephemeral, 1);
  sealed.set(randomBytes(NONCE_END - EPHEMERAL_END), EPHEMERAL_END);
  key.sealInto(sealed.subarray(NONCE_END), nonceOf(sealed), plain, concatBytes(DOMAIN, address, ephemeral));
  wipeBytes(plain);
  return { address, sealed };
}

/** The event of a sealed cell, dated now, by a key that nobody keeps. */
export function cellEvent({ address, sealed }: SealedCell, nowMs: number): VerifiedEvent {
  const created_at = Math.floor(nowMs / CELL_LIMITS.roundMs) * (CELL_LIMITS.roundMs / 1000);
  const tags = [
    ["x", toHex(address)],
    ["expiration", String(created_at + CELL_LIMITS.keptMs / 1000)],
  ];
  const signer = randomBytes(32);
  try {
    const content = Buffer.from(sealed).toString("base64");
    return signEvent({ kind: KIND.cell, created_at, tags, content }, signer);
  } finally {
    wipeBytes(signer);
  }
}

/** The cell in an event; null if it has not the outer form of one. */
export function readCell({ id, kind, tags, content }: NostrEvent): Cell | null {
  const [tag] = tags;
  const address = tag?.[0] === "x" ? tag[1] : null;
  if (kind !== KIND.cell || content.length !== CONTENT_CHARACTERS || !isHex(address, 32)) return null;
  const sealed = Buffer.from(content, "base64");
  return sealed.length === SEALED_BYTES && sealed[0] === VERSION ? { id, address, sealed } : null;
}

/** The X25519 public key that a cell carries, 32 bytes. */
export function ephemeralOf({ sealed }: Cell): Uint8Array {
  return sealed.subarray(1, EPHEMERAL_END);
}

/** What a cell carries. Throws CryptoError for anything that was not sealed as a cell with this key, address and ephemeral. */
export function openCell(key: AesGcmKey, cell: Cell): Piece {
  const { sealed, address } = cell;
  if (sealed.length !== SEALED_BYTES || sealed[0] !== VERSION) throw new CryptoError();
  const plain = new Uint8Array(PLAIN_BYTES);
  const associatedData = concatBytes(DOMAIN, fromHex(address), ephemeralOf(cell));
  key.openInto(plain, nonceOf(sealed), sealed.subarray(NONCE_END), associatedData);
  return readPiece(plain);
}

function nonceOf(sealed: Uint8Array): Uint8Array {
  return sealed.subarray(EPHEMERAL_END, NONCE_END);
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
