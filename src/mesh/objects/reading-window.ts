/**
 * How many segments a download has under way and waiting: more for a reader who has to wait for them than for one who lets them wait, who
 * gains nothing by it. What waits is there twice, in the memory in which it was coded and as a copy for its reader.
 *
 *   least  --- so many in a row, of which some were always under way --->  one more ... most
 *          <-- all were whole: the reader is the slow one -------------
 */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { readingWindowOf, type SegmentShape, windowOf } from "./segment-memory.ts";

export class ReadingWindow {
  readonly #least: number;
  readonly #most: number;
  #size: number;
  #hungry = 0;

  constructor(shape: Pick<SegmentShape, "needed" | "total">) {
    this.#least = readingWindowOf(shape);
    this.#most = windowOf(shape);
    this.#size = this.#least;
  }

  /** Segments that there may be now. `isIdle`: all that were asked for are whole, and wait for the reader. */
  next(isIdle: boolean): number {
    this.#hungry = isIdle ? 0 : this.#hungry + 1;
    if (isIdle) this.#size = this.#least;
    else if (this.#hungry % MESH_LIMITS.hungrySegments === 0) this.#size = Math.min(this.#size + 1, this.#most);
    return this.#size;
  }
}
