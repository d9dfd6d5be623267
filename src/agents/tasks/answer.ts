/**
 * What came of a job on one operator's machine: committed to first, so that nobody can say what others found, and opened
 * later: the body of the statement `result`, of its second form.
 *
 *   answer       2 | JobId 32 | attempt u8 | nonce 32 | failure u8, 0: none | fuel u32 | output text16
 *                | seen u8, commitment 32 ..., rising
 *   commitment   SHA-256("nocturne/agents/answer/v1" | network | job | attempt u8 | operator | failure u8 | fuel u32
 *                        | SHA-256(output) | nonce)
 *
 * Under another operator's name a commitment opens to nothing. `seen` are those that were here when this one was opened.
 * NEP-31.
 */
import { concatBytes, fromHex, u32, utf8Encode } from "../../core/bytes.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { UsageError } from "../../core/errors.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { ByteReader } from "../../mesh/byte-reader.ts";
import type { NetworkId, OperatorId } from "../agent-ids.ts";
import { canonicalText } from "../compute/canonical-json.ts";
import { FAILURES, type Failure, type Outcome } from "../compute/outcome.ts";
import { readText16, text16 } from "../text.ts";
import { isAttempt } from "./job.ts";
import { type AnswerCommitment, ID_BYTES, idOf, isId, type JobId, readId } from "./task-ids.ts";

export interface Answer {
  readonly job: JobId;
  /** From 0. */
  readonly attempt: number;
  /** 32 bytes that nobody can guess. */
  readonly nonce: Uint8Array;
  readonly outcome: Outcome;
  /** Rising, each once. */
  readonly seen: readonly AnswerCommitment[];
}

const FORM = 2;

export function answerCommitmentOf(
  { job, attempt, nonce, outcome }: Omit<Answer, "seen">,
  network: NetworkId,
  operator: OperatorId,
): AnswerCommitment {
  const place = [fromHex(network), fromHex(job), Uint8Array.of(attempt), fromHex(operator)];
  const output = sha256(utf8Encode(outcome.output));
  const found = [Uint8Array.of(codeOf(outcome.failure)), u32(outcome.fuel), output, nonce];
  return idOf("nocturne/agents/answer/v1", ...place, ...found) as AnswerCommitment;
}

/** Throws UsageError `answer` for what none can hold. */
export function encodeAnswer(answer: Answer): Uint8Array {
  if (!isAnswer(answer)) throw new UsageError("answer", "No answer to a job can hold this.");
  const { job, attempt, nonce, outcome, seen } = answer;
  const place = concatBytes(Uint8Array.of(FORM), fromHex(job), Uint8Array.of(attempt), nonce);
  const found = concatBytes(Uint8Array.of(codeOf(outcome.failure)), u32(outcome.fuel), text16(outcome.output));
  return concatBytes(place, found, Uint8Array.of(seen.length), ...seen.map(fromHex));
}

/** Null for whatever is none: another form, an output that is no canonical JSON, names that do not rise. Never throws. */
export function readAnswer(body: Uint8Array): Answer | null {
  const reader = new ByteReader(body);
  const form = reader.u8();
  const [job, attempt, nonce] = [readId(reader), reader.u8(), reader.take(ID_BYTES)];
  const [failure, fuel] = [failureOf(reader.u8()), reader.u32()];
  const output = readText16(reader, AGENT_LIMITS.jobOutputBytes);
  const count = reader.u8() ?? 0;
  if (form !== FORM || !job || attempt === null || !nonce || failure === undefined) return null;
  if (fuel === null || output === null || reader.left !== count * ID_BYTES) return null;
  const seen = Array.from({ length: count }, () => readId(reader) as AnswerCommitment);
  const answer = { job: job as JobId, attempt, nonce, outcome: { failure, output, fuel }, seen };
  return reader.isDone && isAnswer(answer) ? answer : null;
}

function isAnswer({ job, attempt, nonce, outcome, seen }: Answer): boolean {
  const { failure, output, fuel } = outcome;
  const isFuel = Number.isInteger(fuel) && fuel >= 0 && fuel <= AGENT_LIMITS.jobFuel;
  const isOutput =
    failure === null ? canonicalText(output) === output && output.length <= AGENT_LIMITS.jobOutputBytes : output === "";
  return isId(job) && isAttempt(attempt) && nonce.length === ID_BYTES && isFuel && isOutput && canBeSeen(seen);
}

function canBeSeen(seen: readonly AnswerCommitment[]): boolean {
  const isRising = seen.every((one, i) => isId(one) && (i === 0 || (seen[i - 1] as AnswerCommitment) < one));
  return seen.length <= AGENT_LIMITS.answerSeen && isRising;
}

function codeOf(failure: Failure | null): number {
  return failure === null ? 0 : FAILURES[failure];
}

/** Undefined for a code that is none. */
function failureOf(code: number | null): Failure | null | undefined {
  if (code === 0) return null;
  return (Object.keys(FAILURES) as Failure[]).find((failure) => FAILURES[failure] === code);
}
