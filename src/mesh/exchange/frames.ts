/**
 * What a connection of the exchange is cut into.
 *
 *   frame   type u8 | length u32 | body        numbers are big-endian
 *
 *   client -> server   PROOF STORE RECEIPT FETCH AUDIT RENEW DROP ROOM CARE RELEASED     answers come in their order
 *   server -> client   HELLO WELCOME STORED HAD SIGNED HASHES SHOWN MISSING NAMES LEFT CARING NOTED REFUSED
 *   both               DATA CREDIT
 *
 * A body that came in one piece is a view of it, any other is gathered once, into memory of its own length: see `pieces/spare-bodies.ts`.
 */
import { u32 } from "../../core/bytes.ts";
import { CodecError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { dropBody, takeBody } from "../pieces/spare-bodies.ts";

/** Numbers are never given twice. */
export const FRAME = {
  proof: 0x01,
  store: 0x02,
  receipt: 0x03,
  fetch: 0x04,
  audit: 0x05,
  renew: 0x06,
  drop: 0x07,
  room: 0x08,
  care: 0x09,
  released: 0x0a,
  data: 0x10,
  credit: 0x11,
  hello: 0x20,
  welcome: 0x21,
  stored: 0x22,
  had: 0x23,
  signed: 0x24,
  hashes: 0x25,
  shown: 0x26,
  missing: 0x27,
  names: 0x28,
  left: 0x29,
  caring: 0x2a,
  noted: 0x2b,
  refused: 0x2f,
} as const;

export type FrameType = (typeof FRAME)[keyof typeof FRAME];

export interface Frame {
  readonly type: FrameType;
  readonly body: Uint8Array;
}

export const FRAME_HEAD_BYTES = 5;
/** Of every frame but DATA: a batch of names with lengths is the longest. */
export const CONTROL_BYTES: number = MESH_LIMITS.batch * 36 + 256;

const TYPES: ReadonlySet<number> = new Set(Object.values(FRAME));
const EMPTY = new Uint8Array(0);

/** The five bytes before a body. */
export function frameHead(type: FrameType, length: number): Uint8Array {
  const head = new Uint8Array(FRAME_HEAD_BYTES);
  head[0] = type;
  head.set(u32(length), 1);
  return head;
}

export class FrameParser {
  readonly #head = new Uint8Array(FRAME_HEAD_BYTES);
  #headBytes = 0;
  /** Of the frame that is being gathered; null between frames and while a head comes. */
  #body: Uint8Array | null = null;
  #bodyBytes = 0;

  /** Whether a frame has begun and not ended. */
  get isInside(): boolean {
    return this.#headBytes > 0;
  }

  /** What the frame that is being gathered takes, whole. */
  get gatheredBytes(): number {
    return this.#body?.length ?? 0;
  }

  /** The frames that end in this piece. Throws CodecError `bad_frame` for a type that is not known and for too long a body; then nothing more can be read. */
  *push(came: Uint8Array): Generator<Frame, void, undefined> {
    // Not a Buffer, whose slices are views: what is kept of a frame must not hang on memory that others use.
    const piece = new Uint8Array(came.buffer, came.byteOffset, came.length);
    for (let at = 0; at < piece.length; ) {
      if (this.#headBytes < FRAME_HEAD_BYTES) {
        const part = piece.subarray(at, at + FRAME_HEAD_BYTES - this.#headBytes);
        this.#head.set(part, this.#headBytes);
        this.#headBytes += part.length;
        at += part.length;
        if (this.#headBytes < FRAME_HEAD_BYTES) return;
      }
      const { type, length } = this.#announced();
      const whole = this.#body === null && piece.length - at >= length ? piece.subarray(at, at + length) : null;
      at += whole ? length : this.#gather(piece.subarray(at), length);
      const body = whole ?? this.#body ?? EMPTY;
      if (!whole && this.#bodyBytes < length) return;
      [this.#headBytes, this.#body, this.#bodyBytes] = [0, null, 0];
      yield { type, body };
    }
  }

  /** Nothing more comes: what was gathered of a frame goes. */
  end(): void {
    if (this.#body) dropBody(this.#body);
    this.#body = null;
  }

  #announced(): { readonly type: FrameType; readonly length: number } {
    const type = this.#head[0] as FrameType;
    const length = new DataView(this.#head.buffer).getUint32(1);
    const most = type === FRAME.data ? MESH_LIMITS.frameBytes : CONTROL_BYTES;
    if (!TYPES.has(type) || length > most) throw badFrame();
    return { type, length };
  }

  /** How many bytes of `rest` belong to the body. */
  #gather(rest: Uint8Array, length: number): number {
    this.#body ??= takeBody(length);
    const part = rest.subarray(0, length - this.#bodyBytes);
    this.#body.set(part, this.#bodyBytes);
    this.#bodyBytes += part.length;
    return part.length;
  }
}

export function badFrame(): CodecError {
  return new CodecError("bad_frame", "What the other side sent is no frame of the exchange.");
}
