/**
 * A parcel: what two devices hand each other, in one cell or several.
 *
 *   session   1 | session 16 | epoch 16 | MLS message       only on a lane of that epoch, which nobody else opens
 *   letter    2 | hybrid envelope of a letter                anywhere
 *   hidden    3 | hybrid envelope { session 16 | epoch 16 | MLS message }     as intro: its cells alone would show it to
 *                                                                            whoever breaks elliptic curves
 */

import { concatBytes, fromHex, toHex } from "../../core/bytes.ts";
import { CodecError, CryptoError } from "../../core/errors.ts";
import { CELL_LIMITS } from "../../core/cell-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { type EnvelopeKeys, type EnvelopeRecipient, openEnvelope, sealEnvelope } from "../../crypto/envelope.ts";
import { type Piece, PIECE_BYTES } from "./cell.ts";

export type Parcel =
  | { readonly kind: "session"; readonly session: string; readonly epoch: string; readonly body: Uint8Array }
  /** A letter's hybrid envelope. */
  | { readonly kind: "letter"; readonly envelope: Uint8Array };

const SESSION = 1;
const LETTER = 2;
const HIDDEN = 3;
const ID_BYTES = 16;

/** The bytes for a lane. */
export function encodeParcel(parcel: Parcel): Uint8Array {
  if (parcel.kind === "letter") return concatBytes(Uint8Array.of(LETTER), parcel.envelope);
  return concatBytes(Uint8Array.of(SESSION), sessionPart(parcel));
}

/** The bytes for intro cells. Throws CodecError `bad_public_key`. */
export function encodeIntro(parcel: Parcel, to: EnvelopeRecipient): Uint8Array {
  if (parcel.kind === "letter") return encodeParcel(parcel);
  return concatBytes(Uint8Array.of(HIDDEN), sealEnvelope(sessionPart(parcel), to));
}

/** Throws CryptoError for what is no parcel, or whose envelope is not for these keys. */
export function decodeParcel(bytes: Uint8Array, keys: EnvelopeKeys): Parcel {
  const rest = bytes.subarray(1);
  if (bytes[0] === SESSION) return readSessionPart(rest);
  if (bytes[0] === LETTER) return { kind: "letter", envelope: rest };
  if (bytes[0] === HIDDEN) return readSessionPart(openEnvelope(rest, keys).body);
  throw new CryptoError();
}

/** Cut for cells; every call gives the sending another name. Throws CodecError `parcel_too_large` above CELL_LIMITS.pieces. */
export function cutParcel(bytes: Uint8Array): Omit<Piece, "heard">[] {
  const count = Math.max(1, Math.ceil(bytes.length / PIECE_BYTES));
  if (count > CELL_LIMITS.pieces) throw new CodecError("parcel_too_large", "A message is too large to send.");
  const parcel = toHex(randomBytes(12));
  return Array.from({ length: count }, (_, index) => {
    const piece = bytes.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES);
    return { parcel, index, count, bytes: piece };
  });
}

function sessionPart({ session, epoch, body }: Parcel & { kind: "session" }): Uint8Array {
  return concatBytes(fromHex(session), fromHex(epoch), body);
}

function readSessionPart(bytes: Uint8Array): Parcel {
  if (bytes.length <= 2 * ID_BYTES) throw new CryptoError();
  const [session, epoch] = [toHex(bytes.subarray(0, ID_BYTES)), toHex(bytes.subarray(ID_BYTES, 2 * ID_BYTES))];
  return { kind: "session", session, epoch, body: bytes.slice(2 * ID_BYTES) };
}
