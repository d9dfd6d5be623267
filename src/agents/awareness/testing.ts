/** For tests: a small world of entries, tallies and operators, from which digests are counted. */
import { toHex, utf8Encode } from "../../core/bytes.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { EntryId, OperatorId } from "../agent-ids.ts";
import type { Noted } from "../journal/journal.ts";
import { encodeKnowledgeEntry, entryIdOf, type KnowledgeEntry } from "../knowledge/entry.ts";
import { entryWith, NETWORK } from "../knowledge/testing.ts";
import { encodeWithdrawal } from "../knowledge/withdrawal.ts";
import { encodeStatement, type Statement } from "../statement.ts";
import { roundOf, type VoteRules, windowsOf } from "../votes/rounds.ts";
import { type Tally, tallyOf } from "../votes/tally.ts";
import type { Side } from "../votes/sides.ts";
import type { DigestView, KnownEntry } from "./standing-entries.ts";

export const RULES: VoteRules = { network: NETWORK, commitMs: 86_400_000, revealMs: 43_200_000 };
export const DAY_MS = 86_400_000;
/** The beginning of a round of these days. */
export const AT: number = windowsOf(RULES, 13_856).startMs;

export function idCalled(name: string): EntryId {
  return toHex(sha256(utf8Encode(`entry ${name}`))) as EntryId;
}

/** Half a day before `AT`, if nothing else is said. */
export function known(name: string, operator: OperatorId, changes: Partial<KnownEntry> = {}): KnownEntry {
  const about = { type: "observation", domain: "rust", madeAtMs: AT - DAY_MS / 2, supersedes: [] } as const;
  return { id: idCalled(name), operator, endsAtMs: null, withdrawnAtMs: null, ...about, ...changes };
}

/** As of the round that ended when that of `atMs` began. */
export function tallied(subject: EntryId, sides: readonly (readonly [OperatorId, Side])[], atMs: number = AT): Tally {
  const round = (roundOf(RULES, atMs) as number) - 1;
  const votes = sides.map(([operator, side]) => ({ operator, side, weight: 1_000 }));
  return tallyOf({ network: NETWORK, subject, round }, votes);
}

export function viewOf(entries: readonly KnownEntry[], changes: Partial<DigestView> = {}): DigestView {
  return { rules: RULES, entries, tallyOf: () => null, takesPart: () => true, ...changes };
}

/** As it comes from a journal: only what books look at. */
function heard(kind: Statement["kind"], body: Uint8Array, madeAtMs: number): Pick<Noted, "said"> {
  const statement: Statement = { kind, network: NETWORK, body };
  return { said: { madeAtMs, statement, bytes: encodeStatement(statement) } as Noted["said"] };
}

export function heardEntry(changes: Partial<KnowledgeEntry>, madeAtMs: number): Pick<Noted, "said"> {
  return heard("entry", encodeKnowledgeEntry(entryWith(changes)), madeAtMs);
}

export function heardWithdrawal(id: EntryId, madeAtMs: number): Pick<Noted, "said"> {
  return heard("withdrawal", encodeWithdrawal(id), madeAtMs);
}

export function idHeard({ said }: Pick<Noted, "said">): EntryId {
  return entryIdOf(said.bytes);
}
