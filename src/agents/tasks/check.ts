/**
 * What another operator found of a result: the body of the statement `check`.
 *
 *   check   ResultId 32 | finding u8: 1 right, 2 wrong | note text8
 *
 * Specified in NEP-31.
 */
import { concatBytes, fromHex } from "../../core/bytes.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { UsageError } from "../../core/errors.ts";
import { ByteReader } from "../../mesh/byte-reader.ts";
import { isLine, readText8, text8 } from "../text.ts";
import { isId, readId, type ResultId } from "./task-ids.ts";

export interface Check {
  readonly result: ResultId;
  readonly isRight: boolean;
  /** One line. */
  readonly note: string;
}

const RIGHT = 1;
const WRONG = 2;

/** Throws UsageError `check` for what none can hold. */
export function encodeCheck({ result, isRight, note }: Check): Uint8Array {
  if (!isId(result) || !isLine(note, AGENT_LIMITS.noteBytes)) {
    throw new UsageError("check", "A check names a result, and has one line of words at most.");
  }
  return concatBytes(fromHex(result), Uint8Array.of(isRight ? RIGHT : WRONG), text8(note));
}

/** Null for whatever is none. Never throws. */
export function readCheck(body: Uint8Array): Check | null {
  const reader = new ByteReader(body);
  const [result, finding, note] = [readId(reader), reader.u8(), readText8(reader, AGENT_LIMITS.noteBytes)];
  const isFinding = finding === RIGHT || finding === WRONG;
  if (!result || !isFinding || note === null || !reader.isDone) return null;
  return { result: result as ResultId, isRight: finding === RIGHT, note };
}
