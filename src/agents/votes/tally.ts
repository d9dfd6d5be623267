/**
 * How a subject stands at the end of a round: who voted, with what weight, and what follows.
 *
 *   tally   version 1 | network 32 | subject 32 | round u64 | level u8 | for u64 | against u64 | count u16 | count * vote, rising by operator
 *   vote    operator 32 | side u8: 0 none, 1 for, 2 against | weight u32
 *
 *   high       3 x for >= 2 x all,     3 operators or more on a side
 *   medium     2 x for > all,          2 or more
 *   rejected   3 x against >= 2 x all, 3 or more
 *   low        everything else
 *
 * `all` is the weight of everybody in the list, also of those who are on no side. Big-endian. Specified in NEP-28.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, fromHex, toHex, u16, u32 } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { ByteReader, isCount, joinBytes, u64 } from "../../mesh/byte-reader.ts";
import type { NetworkId, OperatorId, SubjectId } from "../agent-ids.ts";
import type { Side } from "./sides.ts";

/** Numbers are never given twice. */
const LEVELS = { low: 1, medium: 2, high: 3, rejected: 4 } as const;
const SIDES = { none: 0, for: 1, against: 2 } as const;

export type Level = keyof typeof LEVELS;

export interface CountedVote {
  readonly operator: OperatorId;
  readonly side: Side;
  /** 1000 to 4000. */
  readonly weight: number;
}

export interface Tally {
  readonly network: NetworkId;
  readonly subject: SubjectId;
  /** The last round in which somebody voted about the subject. */
  readonly round: number;
  readonly level: Level;
  /** Sums of weights. */
  readonly for: number;
  readonly against: number;
  /** Rising by operator, one an operator. */
  readonly votes: readonly CountedVote[];
}

const VERSION = 1;
const ID = /^[0-9a-f]{64}$/;
const ID_BYTES = 32;
const VOTE_BYTES = ID_BYTES + 1 + 4;
const WEIGHT = { least: 1_000, most: 4_000 } as const;

/** Counts votes in any order, one an operator. */
export function tallyOf(place: Pick<Tally, "network" | "subject" | "round">, votes: Iterable<CountedVote>): Tally {
  const { network, subject, round } = place;
  const rising = [...votes].sort((a, b) => (a.operator < b.operator ? -1 : 1));
  const [inFavour, against] = [weightOn("for", rising), weightOn("against", rising)];
  return { network, subject, round, level: levelOf(rising), for: inFavour, against, votes: rising };
}

export function levelOf(votes: readonly CountedVote[]): Level {
  const all = votes.reduce((sum, { weight }) => sum + weight, 0);
  const operators = votes.filter(({ side }) => side !== "none").length;
  const [inFavour, against] = [weightOn("for", votes), weightOn("against", votes)];
  if (operators >= 3 && 3 * inFavour >= 2 * all) return "high";
  if (operators >= 3 && 3 * against >= 2 * all) return "rejected";
  return operators >= 2 && 2 * inFavour > all ? "medium" : "low";
}

/** Throws UsageError `tally` for what was not counted here. */
export function encodeTally(tally: Tally): Uint8Array {
  if (!isTally(tally)) throw new UsageError("tally", "This is not the tally of these votes.");
  const { network, subject, round, level, votes } = tally;
  const place = concatBytes(Uint8Array.of(VERSION), fromHex(network), fromHex(subject), u64(round));
  const sums = concatBytes(Uint8Array.of(LEVELS[level]), u64(tally.for), u64(tally.against), u16(votes.length));
  return joinBytes([place, sums, ...votes.map(encodeVote)]);
}

/** Null for whatever is none: votes that do not rise or have a weight that none has, sums or a level that do not follow. Never throws. */
export function readTally(bytes: Uint8Array): Tally | null {
  const reader = new ByteReader(bytes);
  const [version, network, subject] = [reader.u8(), reader.take(ID_BYTES), reader.take(ID_BYTES)];
  const [round, level] = [reader.u64(), keyOf(LEVELS, reader.u8())];
  const [inFavour, against, count] = [reader.u64(), reader.u64(), reader.u16()];
  if (version !== VERSION || !network || !subject || round === null || !level) return null;
  if (inFavour === null || against === null || count === null || reader.left !== count * VOTE_BYTES) return null;
  const votes = Array.from({ length: count }, () => readVote(reader));
  if (!votes.every((vote) => vote !== null)) return null;
  const place = { network: toHex(network) as NetworkId, subject: toHex(subject) as SubjectId, round };
  const tally: Tally = { ...place, level, for: inFavour, against, votes };
  return isTally(tally) ? tally : null;
}

function isTally({ network, subject, round, votes, ...said }: Tally): boolean {
  if (!ID.test(network) || !ID.test(subject) || !isCount(round)) return false;
  if (votes.length === 0 || votes.length > AGENT_LIMITS.operators || !votes.every(isVote)) return false;
  if (votes.some(({ operator }, i) => i > 0 && (votes[i - 1] as CountedVote).operator >= operator)) return false;
  const counted = tallyOf({ network, subject, round }, votes);
  return counted.level === said.level && counted.for === said.for && counted.against === said.against;
}

function isVote({ operator, side, weight }: CountedVote): boolean {
  const isWeight = Number.isInteger(weight) && weight >= WEIGHT.least && weight <= WEIGHT.most;
  return ID.test(operator) && Object.hasOwn(SIDES, side) && isWeight;
}

function encodeVote({ operator, side, weight }: CountedVote): Uint8Array {
  return concatBytes(fromHex(operator), Uint8Array.of(SIDES[side]), u32(weight));
}

function readVote(reader: ByteReader): CountedVote | null {
  const [operator, side, weight] = [reader.take(ID_BYTES), keyOf(SIDES, reader.u8()), reader.u32()];
  return operator && side && weight !== null ? { operator: toHex(operator) as OperatorId, side, weight } : null;
}

function weightOn(side: Side, votes: readonly CountedVote[]): number {
  return votes.reduce((sum, vote) => sum + (vote.side === side ? vote.weight : 0), 0);
}

function keyOf<K extends string>(codes: Readonly<Record<K, number>>, code: number | null): K | null {
  return (Object.keys(codes) as K[]).find((key) => codes[key] === code) ?? null;
}
