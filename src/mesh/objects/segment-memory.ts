/**
 * The memory in which a segment is coded: its bytes go in one after the other, its fragments are there to be sent; or some
 * fragments go in, and its bytes come out.
 *
 *   bytes      ##########################....           .... zeros
 *   data       [ 0 ][ 1 ] ... [ k-1 ]                   fragmentBytes each: the segment, and zeros to whole fragments
 *   parity                       [ k ] ... [ n-1 ]      with k = 1 none is made: every fragment is the segment
 *
 * A memory is used again for the next segment of the same shape, because making one takes longer than coding.
 */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { unwrittenBytes } from "../../core/bytes.ts";
import { ErasureBlock } from "../../crypto/reed-solomon.ts";
import { fragmentBytes } from "../pieces/segments.ts";

export interface SegmentShape {
  /** Of the segment. */
  readonly bytes: number;
  /** k. */
  readonly needed: number;
  /** n. */
  readonly total: number;
}

export class SegmentMemory {
  readonly shape: SegmentShape;
  /** n views; with k = 1 all are the same. */
  readonly fragments: readonly Uint8Array[];
  readonly #block: ErasureBlock | null;

  constructor(shape: SegmentShape) {
    const { needed, total } = shape;
    this.shape = shape;
    const each = fragmentBytes(shape, needed);
    if (needed === 1) {
      const copy = unwrittenBytes(each);
      this.#block = null;
      this.fragments = Array.from({ length: total }, () => copy);
    } else {
      this.#block = new ErasureBlock({
        dataFragments: needed,
        parityFragments: total - needed,
        fragmentBytes: each,
      });
      this.fragments = this.#block.fragments;
    }
  }

  /** Takes a part of the segment's bytes, those from `start` on. */
  fill(start: number, bytes: Uint8Array): void {
    this.#walk(start, start + bytes.length, (view, at) =>
      view.set(bytes.subarray(at - start, at - start + view.length)),
    );
  }

  /** Everything from `start` to the end of the last data fragment becomes zeros. */
  clear(start: number): void {
    const end = this.shape.needed * (this.fragments[0] as Uint8Array).length;
    this.#walk(start, end, (view) => view.fill(0));
  }

  /** Makes the parity of the data. */
  encode(): void {
    this.#block?.encode();
  }

  /** Makes what is missing of what is there. Throws ValidationError `too_few_fragments`. */
  reconstruct(present: readonly boolean[]): void {
    this.#block?.reconstruct(present);
  }

  /** The segment's bytes `start` to `end` (exclusive), copied. */
  copy(start: number, end: number): Uint8Array {
    const bytes = unwrittenBytes(end - start);
    this.#walk(start, end, (view, at) => bytes.set(view, at - start));
    return bytes;
  }

  /** The parts of the data fragments that hold `start` to `end`, in order. */
  #walk(start: number, end: number, visit: (view: Uint8Array, at: number) => void): void {
    const each = (this.fragments[0] as Uint8Array).length;
    for (let at = start; at < end; ) {
      const inside = at % each;
      const length = Math.min(each - inside, end - at);
      visit((this.fragments[Math.floor(at / each)] as Uint8Array).subarray(inside, inside + length), at);
      at += length;
    }
  }
}

/** How many segments cut like this may be under way at a time, by the memory that they take. */
export function windowOf(shape: Pick<SegmentShape, "needed" | "total">): number {
  return windowFor(memoryBytes(shape));
}

/** As `windowOf`, where each also waits for its reader as a copy. */
export function readingWindowOf(shape: Pick<SegmentShape, "needed" | "total">): number {
  return windowFor(memoryBytes(shape) + MESH_LIMITS.segmentBytes);
}

function memoryBytes({ needed, total }: Pick<SegmentShape, "needed" | "total">): number {
  return needed === 1 ? MESH_LIMITS.segmentBytes : (MESH_LIMITS.segmentBytes * total) / needed;
}

function windowFor(segmentBytes: number): number {
  return Math.max(1, Math.min(MESH_LIMITS.window, Math.floor(MESH_LIMITS.windowBytes / segmentBytes)));
}

/** Memories that wait for their next segment. */
export class SegmentMemories {
  readonly #free: SegmentMemory[] = [];

  take({ bytes, needed, total }: SegmentShape): SegmentMemory {
    const at = this.#free.findIndex(({ shape }) => {
      return shape.bytes === bytes && shape.needed === needed && shape.total === total;
    });
    const [found] = at < 0 ? [] : this.#free.splice(at, 1);
    return found ?? new SegmentMemory({ bytes, needed, total });
  }

  /** Nobody may use its fragments after this. */
  giveBack(memory: SegmentMemory): void {
    this.#free.push(memory);
    const of = (shape: SegmentShape): SegmentMemory[] => this.#free.filter((one) => one.shape.needed === shape.needed);
    // Whoever works on segments of another cut will not come back to these.
    while (this.#free.length > of(memory.shape).length || this.#free.length > windowOf(memory.shape))
      this.#free.shift();
  }
}

/** Of this process: uploads and downloads seldom have all of theirs under way at the same time. */
export const segmentMemories: SegmentMemories = new SegmentMemories();
