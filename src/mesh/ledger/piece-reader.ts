/** Parts of known lengths out of bytes that come in pieces of any length; holds one piece and one part at a time. */
import { concatBytes } from "../../core/bytes.ts";

export class PieceReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, a copy; null when fewer are left. */
  async take(length: number): Promise<Uint8Array | null> {
    const part = await this.rest(length);
    return part.length === length ? part : null;
  }

  /** What is left, `most` bytes of it at most. */
  async rest(most: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let missing = most; missing > 0 && (await this.#fill()); ) {
      const part = this.#piece.slice(this.#at, this.#at + missing);
      this.#at += part.length;
      missing -= part.length;
      parts.push(part);
    }
    return concatBytes(...parts);
  }

  /** Whether everything was taken. */
  async isDone(): Promise<boolean> {
    return !(await this.#fill());
  }

  /** Whether there is a byte; brings the next piece when this one is used up. */
  async #fill(): Promise<boolean> {
    while (this.#at === this.#piece.length) {
      const next = await this.#pieces.next();
      if (next.done === true) return false;
      [this.#piece, this.#at] = [next.value, 0];
    }
    return true;
  }
}
