/**
 * One node's audit: some leaves that nobody could foresee, and one whole fragment, for a node may answer audits and refuse
 * downloads.
 *
 *   round    up to 300 leaves over all that it should have | one fragment downloaded
 *   passed                                        its fragments count
 *   no answer, or late                            nothing is said of them; the node's state says when they do not count
 *   failed   -> auditRounds more at once          passed: only what was found wrong is lost
 *            -> failed again                      all that it has of these objects is lost
 *
 * One failure may be one bad sector; a second one, in a sample that leaves out what is known to be bad, is a node that
 * cannot be relied on, and 300 leaves of the rest would say little about the others.
 */
import type { Timers } from "../../core/clock.ts";
import { ValidationError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBelow, randomUnit } from "../../core/random.ts";
import type { NodeId } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import type { AuditVerdict, Exchange, FragmentPeer, FragmentRef } from "../rooms.ts";
import { inTime } from "./in-time.ts";
import { chooseQuestions } from "./questions.ts";

export interface NodeAudit {
  readonly node: NodeId;
  /** Whether it answered the first round in time. */
  readonly answered: boolean;
  /** Whether it showed all that it was asked for, in every round. */
  readonly kept: boolean;
  /** Leaves that it was asked for. */
  readonly leaves: number;
  /** Of fragments, once for each question about them. */
  readonly verdicts: Readonly<Record<AuditVerdict, number>>;
  /** Downloads that failed, although it answered. */
  readonly refusals: number;
  /** Bytes of leaves and fragments that it showed. */
  readonly bytes: number;
  /** What it has lost. */
  readonly lost: readonly FragmentId[];
}

export interface AuditContext {
  readonly exchange: Exchange;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  /** Of a round's questions and downloads; the rest is for other objects. Above 0, at most 1. */
  readonly share: number;
}

/** What one round showed; null: it did not answer. */
interface Round {
  readonly leaves: number;
  readonly verdicts: readonly AuditVerdict[];
  readonly bad: readonly FragmentId[];
  readonly refused: boolean;
  readonly bytes: number;
}

/** `held`: what the node should have, at least one, each once. Throws only the signal's reason. */
export async function auditNode(node: NodeId, held: readonly FragmentRef[], context: AuditContext): Promise<NodeAudit> {
  const first = await askRound(node, held, context, context.share);
  if (!first || !hasFailed(first)) return { ...summary(node, first ? [first] : []), lost: [] };
  const rounds = [first];
  const bad = new Set(first.bad);
  let isUnreliable = false;
  for (let again = 0; !isUnreliable && again < MESH_LIMITS.auditRounds; again++) {
    const rest = held.filter(({ id }) => !bad.has(id));
    const next = rest.length > 0 ? await askRound(node, rest, context, 1) : null;
    if (!next) break; // it is away, or has nothing that is not lost already
    rounds.push(next);
    for (const id of next.bad) bad.add(id);
    isUnreliable = hasFailed(next);
  }
  return { ...summary(node, rounds), lost: isUnreliable ? held.map(({ id }) => id) : [...bad] };
}

function hasFailed({ bad, refused }: Round): boolean {
  return bad.length > 0 || refused;
}

function summary(node: NodeId, rounds: readonly Round[]): Omit<NodeAudit, "lost"> {
  const verdicts = { kept: 0, missing: 0, wrong: 0 };
  for (const verdict of rounds.flatMap((round) => round.verdicts)) verdicts[verdict]++;
  return {
    node,
    answered: rounds.length > 0,
    kept: rounds.length > 0 && !rounds.some(hasFailed),
    leaves: rounds.reduce((sum, { leaves }) => sum + leaves, 0),
    verdicts,
    refusals: rounds.filter(({ refused }) => refused).length,
    bytes: rounds.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

async function askRound(
  node: NodeId,
  held: readonly FragmentRef[],
  { exchange, timers, signal }: AuditContext,
  share: number,
): Promise<Round | null> {
  const questions = chooseQuestions(held, Math.max(MESH_LIMITS.auditLeast, Math.ceil(MESH_LIMITS.auditLeaves * share)));
  const answer = await inTime(timers, signal, async (inner) => {
    const peer = await exchange.peer(node, inner);
    return { peer, verdicts: await peer.audit(questions, inner) };
  });
  if (answer === null || answer instanceof ValidationError) return null;
  // Whoever says less than it was asked for has not shown the rest.
  const verdicts = questions.map((_, i) => answer.verdicts[i] ?? "wrong");
  const bad = new Set(questions.flatMap(({ id }, i) => (verdicts[i] === "kept" ? [] : [id])));
  const sample = share === 1 || randomUnit() < share ? held[randomBelow(held.length)] : undefined;
  const fetched = sample ? await inTime(timers, signal, (inner) => download(answer.peer, sample, inner)) : 0;
  if (sample && fetched instanceof ValidationError) bad.add(sample.id);
  const leaves = questions.reduce((sum, question) => sum + question.leaves.length, 0);
  return {
    leaves,
    verdicts,
    bad: [...bad],
    refused: fetched === null,
    bytes: leaves * MESH_LIMITS.leafBytes + (typeof fetched === "number" ? fetched : 0),
  };
}

/** Bytes of it. Throws ValidationError `wrong_fragment` for another length. */
async function download(peer: FragmentPeer, fragment: FragmentRef, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  for await (const piece of peer.fetch(fragment, undefined, signal)) bytes += piece.length;
  if (bytes !== fragment.bytes) throw new ValidationError("wrong_fragment", "A fragment has another length.");
  return bytes;
}
