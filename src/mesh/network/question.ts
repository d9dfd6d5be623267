/**
 * One question to a node and its answer, on a stream of its own; what they are is the matter of whoever asks.
 *
 *   length u16 | question  ->     <- answer, to the end of the stream
 */
import type { Stream } from "@libp2p/interface";
import { concatBytes, u16 } from "../../core/bytes.ts";
import { NetworkError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { StreamLine } from "./line.ts";

/** Throws NetworkError `node_failed` for an answer of more than `most` bytes, and when the stream breaks. */
export async function askQuestion(stream: Stream, question: Uint8Array, most: number): Promise<Uint8Array> {
  await using line = limited(stream);
  await line.write(concatBytes(u16(question.length), question));
  const answer = await readBytes(line, 0, most);
  if (!answer) throw new NetworkError("node_failed", "A node answered more than it was asked for.");
  return answer;
}

/** Answers one; nothing to whoever asks for something else than one question of MESH_LIMITS.questionBytes at most. */
export async function answerQuestion(
  stream: Stream,
  answer: (question: Uint8Array) => Promise<Uint8Array>,
): Promise<void> {
  await using line = limited(stream);
  const question = await readQuestion(line);
  if (question) await line.write(await answer(question));
}

async function readQuestion(line: StreamLine): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  for await (const bytes of line.incoming) {
    parts.push(bytes);
    const all = concatBytes(...parts);
    if (all.length > 2 + MESH_LIMITS.questionBytes) return null;
    const end = 2 + (((all[0] ?? 0) << 8) | (all[1] ?? 0));
    if (all.length >= 2 && all.length >= end) return all.length === end ? all.subarray(2) : null;
  }
  return null;
}

/** A side that sends nothing must not hold the stream for ever. */
export function limited(stream: Stream): StreamLine {
  const timer = setTimeout(() => stream.abort(new Error("too slow")), MESH_LIMITS.dialMs);
  stream.addEventListener("close", () => clearTimeout(timer));
  return new StreamLine(stream);
}

/** Until `enough` bytes came, or to the end if that is 0. Null beyond `most` or when the end comes too soon. */
export async function readBytes(line: StreamLine, enough: number, most: number): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of line.incoming) {
    parts.push(bytes);
    length += bytes.length;
    if (length > most) return null;
    if (enough > 0 && length >= enough) break;
  }
  return length < enough ? null : concatBytes(...parts);
}
