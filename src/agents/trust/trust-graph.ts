/**
 * Who has standing in a network at a moment: a pure function of its genesis and of what operators signed, in any order and with repeats.
 *
 *   depth 0      the operators of the genesis
 *   depth d      who is not nearer, and is endorsed by three of depths below d; d is 3 at most
 *
 * Each depth is decided when all nearer ones are, so that circles hold nobody up, and ends with its revocations, which make whoever falls by them
 * count for nothing, neither his endorsements nor his revocations:
 *
 *   1. who revoked himself
 *   2. whom three nearer ones revoked: their word goes before that of those whom it concerns
 *   3. of those who are left at this depth, whom three of nearer ones and of each other revoked; the one with the most such revokers first (all
 *      who have as many), until there is none: a few who are at odds with many fall before they make the many fall
 *
 * Nobody's word counts against one who is nearer. Specified in NEP-27, with the reasons.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { OperatorId } from "../agent-ids.ts";
import type { Endorsement } from "./endorsement.ts";
import type { Genesis } from "./genesis.ts";
import { isLater } from "./latest.ts";
import type { Revocation } from "./revocation.ts";

/** All that are known, as they were read. */
export interface Papers {
  readonly endorsements: Iterable<Endorsement>;
  readonly revocations: Iterable<Revocation>;
}

export interface Standing {
  /** Steps from the genesis, 0 to 3. */
  readonly depth: number;
  /** The three nearest endorsers, of the same depth the lower key first; none at depth 0. */
  readonly endorsers: readonly OperatorId[];
  /** For so many agents, or more, three who are nearer vouch. */
  readonly mostAgents: number;
  /** What two of the three endorsers call him, else what the first does; empty at depth 0. */
  readonly label: string;
  /** The last moment of it if no paper came and the same revocations counted; null if that is never. */
  readonly untilMs: number | null;
}

interface Person {
  readonly id: OperatorId;
  readonly endorsed: Map<Person, Endorsement>;
  readonly revokers: Set<Person>;
  /** Whom he revoked. */
  readonly revoked: Set<Person>;
  /** `UNPLACED` as long as nothing was decided, and for good if he fell. */
  depth: number;
  hasFallen: boolean;
  /** For each depth the last moment at which he is as near as that. */
  ends: number[];
}

const UNPLACED = Number.POSITIVE_INFINITY;
const NEVER = Number.NEGATIVE_INFINITY;
const ALWAYS = Number.POSITIVE_INFINITY;

/** Nearest first, of the same depth by key. Near linear in the number of papers: 65,536 of 4,096 operators take some 0.1 s. */
export function standing(genesis: Genesis, papers: Papers, atMs: number): ReadonlyMap<OperatorId, Standing> {
  const people = gather(genesis, papers, atMs);
  let candidates = genesis.operators.flatMap((id) => people.get(id) ?? []);
  for (let depth = 0; depth <= AGENT_LIMITS.depth; depth++) {
    for (const person of afterRevocations(candidates, depth)) person.depth = depth;
    candidates = [...people.values()].filter((person) => isUndecided(person) && isHeldUp(person, depth + 1));
  }
  const standing = [...people.values()].filter(({ depth }) => depth <= AGENT_LIMITS.depth);
  findEnds(standing);
  standing.sort(byPlace);
  return new Map(standing.map((person) => [person.id, describe(person)]));
}

/** Everybody whom a paper names, with what counts of the papers at that moment, if its signer does. */
function gather(genesis: Genesis, { endorsements, revocations }: Papers, atMs: number): Map<OperatorId, Person> {
  const people = new Map<OperatorId, Person>();
  const personOf = (id: OperatorId): Person => {
    const known = people.get(id);
    if (known) return known;
    const found = newPerson(id);
    people.set(id, found);
    return found;
  };
  genesis.operators.forEach(personOf);
  const isKnown = (paper: Endorsement | Revocation) => paper.network === genesis.network && paper.madeAtMs <= atMs;
  for (const endorsement of endorsements) {
    if (!isKnown(endorsement)) continue;
    const [endorser, target] = [personOf(endorsement.endorser), personOf(endorsement.target)];
    const other = target.endorsed.get(endorser);
    if (!other || isLater(endorsement, other)) target.endorsed.set(endorser, endorsement);
  }
  for (const revocation of revocations)
    if (isKnown(revocation)) revoke(personOf(revocation.by), personOf(revocation.target));
  for (const { endorsed } of people.values())
    for (const [endorser, { notAfterMs }] of endorsed) if (notAfterMs < atMs) endorsed.delete(endorser);
  return people;
}

function newPerson(id: OperatorId): Person {
  const state = { depth: UNPLACED, hasFallen: false, ends: [] };
  return { id, endorsed: new Map(), revokers: new Set(), revoked: new Set(), ...state };
}

function revoke(by: Person, target: Person): void {
  if (by === target) target.hasFallen = true;
  target.revokers.add(by);
  by.revoked.add(target);
}

function isUndecided({ depth, hasFallen }: Person): boolean {
  return depth === UNPLACED && !hasFallen;
}

/** By endorsers of depths below that. */
function isHeldUp({ endorsed }: Person, depth: number): boolean {
  return countIn(endorsed.keys(), (endorser) => endorser.depth < depth) >= AGENT_LIMITS.endorsements;
}

function countIn(people: Iterable<Person>, counts: (person: Person) => boolean): number {
  let count = 0;
  for (const person of people) if (counts(person)) count++;
  return count;
}

/** Those of the candidates for a depth who stay; the others fall. All who are nearer have their depth. */
function afterRevocations(candidates: readonly Person[], depth: number): readonly Person[] {
  const undecided = candidates.filter(isUndecided);
  const isNearer = (revoker: Person): boolean => revoker.depth < depth;
  for (const person of undecided) person.hasFallen = countIn(person.revokers, isNearer) >= AGENT_LIMITS.revocations;
  const left = new Set(undecided.filter(isUndecided));
  const isHeard = (revoker: Person): boolean => isNearer(revoker) || left.has(revoker);
  dropMostRevoked(new Map([...left].map((person) => [person, countIn(person.revokers, isHeard)])));
  return [...left].filter(isUndecided);
}

/** `counts`: of each candidate who is left, how many revoked him whose word counts. Who falls takes his revocations along. */
function dropMostRevoked(counts: ReadonlyMap<Person, number>): void {
  const accused = new Map([...counts].filter(([, count]) => count >= AGENT_LIMITS.revocations));
  while (accused.size > 0) {
    const most = Math.max(...accused.values());
    const fallen = [...accused].flatMap(([person, count]) => (count === most ? [person] : []));
    for (const person of fallen) {
      person.hasFallen = true;
      accused.delete(person);
    }
    for (const target of fallen.flatMap(({ revoked }) => [...revoked])) withdrawOne(accused, target);
  }
}

function withdrawOne(accused: Map<Person, number>, target: Person): void {
  const count = accused.get(target);
  if (count === undefined) return;
  if (count > AGENT_LIMITS.revocations) accused.set(target, count - 1);
  else accused.delete(target);
}

/**
 * Of everybody who has standing, how long he would be how near: within d as long as three endorsements by those within d - 1 last.
 * So who loses his nearest endorsers, but has others, goes on farther out.
 */
function findEnds(people: readonly Person[]): void {
  for (const person of people) person.ends = [person.depth === 0 ? ALWAYS : NEVER];
  for (let depth = 1; depth <= AGENT_LIMITS.depth; depth++) {
    for (const person of people) {
      const third = thirdLatest(person.endorsed, depth - 1);
      person.ends.push(Math.max(person.ends[depth - 1] as number, third));
    }
  }
}

/** The last moment at which three endorsements hold by those who are within that depth. */
function thirdLatest(endorsed: ReadonlyMap<Person, Endorsement>, depth: number): number {
  let [first, second, third] = [NEVER, NEVER, NEVER];
  for (const [by, { notAfterMs }] of endorsed) {
    const end = Math.min(notAfterMs, by.ends[depth] ?? NEVER);
    if (end > first) [first, second, third] = [end, first, second];
    else if (end > second) [second, third] = [end, second];
    else if (end > third) third = end;
  }
  return third;
}

function describe(person: Person): Standing {
  const { depth, endorsed } = person;
  if (depth === 0) return { depth, endorsers: [], mostAgents: AGENT_LIMITS.devices, label: "", untilMs: null };
  const endorsers = [...endorsed.keys()].filter((by) => by.depth < depth).sort(byPlace);
  const words = endorsers.map((endorser) => endorsed.get(endorser) as Endorsement);
  const agents = words.map(({ mostAgents }) => mostAgents).sort((a, b) => b - a);
  const labels = words.slice(0, AGENT_LIMITS.endorsements).map(({ label }) => label);
  return {
    depth,
    endorsers: endorsers.slice(0, AGENT_LIMITS.endorsements).map(({ id }) => id),
    mostAgents: agents[AGENT_LIMITS.endorsements - 1] as number,
    label: (labels.find((label, at) => labels.indexOf(label) !== at) ?? labels[0]) as string,
    untilMs: person.ends.at(-1) as number,
  };
}

function byPlace(a: Person, b: Person): number {
  return a.depth - b.depth || (a.id < b.id ? -1 : 1);
}
