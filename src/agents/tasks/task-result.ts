/**
 * What somebody did about a task: the body of the statement `result`, of its first form. It says what the task was about,
 * so that it can be checked also by those for whom the task is gone.
 *
 *   result     1 | about | count u8, 0 or 1 | EntryId 32, the entry that does it | note text8
 *   ResultId   SHA-256("nocturne/agents/result/v1" | network | operator | body)
 *
 * One without an entry has a note: why nothing is to be done. Specified in NEP-31.
 */
import { concatBytes, fromHex, toHex } from "../../core/bytes.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { UsageError } from "../../core/errors.ts";
import { ByteReader } from "../../mesh/byte-reader.ts";
import type { EntryId, NetworkId, OperatorId } from "../agent-ids.ts";
import { isLine, readText8, text8 } from "../text.ts";
import { encodeAbout, readAbout, type TaskAbout } from "./task-about.ts";
import { ID_BYTES, idOfWord, isId, type ResultId } from "./task-ids.ts";

export interface TaskResult {
  readonly about: TaskAbout;
  readonly entry: EntryId | null;
  /** One line. */
  readonly note: string;
}

const FORM = 1;

export function resultIdOf(network: NetworkId, operator: OperatorId, body: Uint8Array): ResultId {
  return idOfWord("nocturne/agents/result/v1", network, operator, body) as ResultId;
}

/** Throws UsageError `task_result` for what none can hold, `task` for what no task is about. */
export function encodeTaskResult(result: TaskResult): Uint8Array {
  if (!isResult(result)) {
    throw new UsageError("task_result", "A result is an entry's id, or a line of words, or both.", {
      hint: `Keep the words within ${AGENT_LIMITS.noteBytes} bytes and one line.`,
    });
  }
  const { about, entry, note } = result;
  const entries = entry === null ? [] : [fromHex(entry)];
  return concatBytes(Uint8Array.of(FORM), encodeAbout(about), Uint8Array.of(entries.length), ...entries, text8(note));
}

/** Null for whatever is none: another form, neither entry nor note. Never throws. */
export function readTaskResult(body: Uint8Array): TaskResult | null {
  const reader = new ByteReader(body);
  if (reader.u8() !== FORM) return null;
  const [about, count] = [readAbout(reader), reader.u8()];
  if (!about || count === null || count > 1) return null;
  const bytes = reader.view(count * ID_BYTES);
  const note = readText8(reader, AGENT_LIMITS.noteBytes);
  if (!bytes || note === null || !reader.isDone) return null;
  const result = { about, entry: count === 1 ? (toHex(bytes) as EntryId) : null, note };
  return isResult(result) ? result : null;
}

function isResult({ entry, note }: TaskResult): boolean {
  return (entry === null ? note.trim() !== "" : isId(entry)) && isLine(note, AGENT_LIMITS.noteBytes);
}
