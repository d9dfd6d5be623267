/** Answers of servers that are not trusted, taken into memory whole. */
import { concatBytes } from "../core/bytes.ts";

/** The body of an answer that is no longer than `mostBytes`. Throws RangeError for a longer one, and what fetch throws. */
export async function bodyOf(answer: Response, mostBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    bytes += piece.length;
    if (bytes > mostBytes) throw new RangeError(`an answer of more than ${mostBytes} bytes`);
    pieces.push(piece);
  }
  return concatBytes(...pieces);
}
