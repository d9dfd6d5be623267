/**
 * What detectors look at: who said what when, as a log says it, and where it stands there.
 *
 *   said -> deed { device, sequence, hash | operator, made at | entry, commitment or reveal }
 *
 * Whoever has the logs finds a deed again by device and sequence, and by the hash that it is the same.
 */
import { toHex } from "../../core/bytes.ts";
import type { DeviceId, EntryId, OperatorId, SubjectId } from "../agent-ids.ts";
import type { Said } from "../journal/said.ts";
import { entryIdOf, readKnowledgeEntry } from "../knowledge/entry.ts";
import { readCommitment, readReveal, type Vote } from "../votes/ballot.ts";

/** An entry of a log, and so all that stands before it there. */
export interface Reference {
  readonly device: DeviceId;
  readonly sequence: number;
  /** 64 hex digits. */
  readonly hash: string;
}

export type Act =
  | { readonly kind: "entry"; readonly entry: EntryId; readonly domain: string }
  | { readonly kind: "commitment"; readonly subject: SubjectId }
  | { readonly kind: "reveal"; readonly subject: SubjectId; readonly vote: Vote };

export interface Deed extends Reference {
  readonly operator: OperatorId;
  readonly madeAtMs: number;
  readonly act: Act;
}

/** Null for what is neither entry nor ballot. What is one too many to count is a deed like any other. */
export function deedOf(said: Said, operator: OperatorId): Deed | null {
  const { device, sequence, madeAtMs, entry } = said;
  const act = actOf(said, operator);
  return act && { device, sequence, hash: toHex(entry.hash), operator, madeAtMs, act };
}

function actOf({ statement: { kind, body }, bytes }: Said, operator: OperatorId): Act | null {
  if (kind === "entry") {
    const entry = readKnowledgeEntry(body);
    return entry?.operator === operator ? { kind, entry: entryIdOf(bytes), domain: entry.domain } : null;
  }
  const commitment = kind === "commitment" ? readCommitment(body) : null;
  if (commitment) return { kind: "commitment", subject: commitment.subject };
  const reveal = kind === "reveal" ? readReveal(body) : null;
  return reveal && { kind: "reveal", subject: reveal.subject, vote: reveal.vote };
}

/** By time; in one log as it stands there. */
export function compareDeeds(a: Deed, b: Deed): number {
  if (a.madeAtMs !== b.madeAtMs) return a.madeAtMs - b.madeAtMs;
  if (a.device !== b.device) return a.device < b.device ? -1 : 1;
  return a.sequence - b.sequence;
}

/** In the order in which they come. */
export function groupedBy<T>(all: Iterable<T>, keyOf: (one: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()];
}
