/**
 * The network's picture of itself: the digest of the present round, and the newest word about the whole that can be checked.
 *
 *   logs -> AwarenessBook -> digest as of the round's beginning, the same for all     digest(nowMs)
 *                         -> newest synthesis that names a digest known here          synthesis(nowMs)
 *
 * A digest is known if it was counted here before, or is that of the round in which the synthesis was made or of the one before, counted
 * from what is here now. One that nobody can count is no ground for anything.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { ValidationError } from "../../core/errors.ts";
import type { EntryId, OperatorId } from "../agent-ids.ts";
import type { Noted } from "../journal/journal.ts";
import type { KnowledgeEntry } from "../knowledge/entry.ts";
import { roundOf, windowsOf } from "../votes/rounds.ts";
import { AwarenessBook, type BookedEntry } from "./awareness-book.ts";
import { type Digest, type DigestId, digestIdOf } from "./digest.ts";
import { digestOf } from "./digest-of.ts";
import type { DigestView } from "./standing-entries.ts";
import { type Synthesis, writeSynthesis } from "./synthesis.ts";

export type AwarenessOptions = Omit<DigestView, "entries">;

export interface NamedDigest {
  readonly id: DigestId;
  readonly digest: Digest;
}

interface Counted extends NamedDigest {
  readonly countedAtMs: number;
}

/** Rounds whose digests are kept as they were counted last: this one, the two that a new synthesis may name, and one more. */
const ROUNDS = 4;

export class Awareness {
  readonly #o: AwarenessOptions;
  readonly #book: AwarenessBook;
  readonly #counted = new Map<number, Counted>();
  readonly #known = new Set<DigestId>();

  constructor(options: AwarenessOptions, book: AwarenessBook = new AwarenessBook()) {
    [this.#o, this.#book] = [options, book];
  }

  /** What counts in a log of this operator. */
  hear(noted: Pick<Noted, "said">, operator: OperatorId): void {
    this.#book.hear(noted, operator);
  }

  /** As of the beginning of the round of now: what comes late for it is in it a moment later. */
  digest(nowMs: number): NamedDigest {
    return this.#countedOf(this.#roundOf(nowMs), nowMs);
  }

  /** The newest that counts, may be checked and was not rejected; null if there is none. */
  synthesis(nowMs: number): EntryId | null {
    const entries = [...this.#book.entries()];
    const there = new Set(entries.filter((one) => isThere(one, nowMs)).map(({ id }) => id));
    const newest = entries
      .filter(({ id, synthesis }) => synthesis !== null && there.has(id))
      .sort((a, b) => b.madeAtMs - a.madeAtMs || (a.id < b.id ? -1 : 1))
      .filter((one) => this.#mayBeShown(one, nowMs))
      .slice(0, AGENT_LIMITS.syntheses);
    return newest.find((one) => this.#isGrounded(one, there, nowMs))?.id ?? null;
  }

  /**
   * All of the entry but whose it is; without a digest it is about the present one. Throws UsageError `synthesis_cites`,
   * `synthesis_digest`, ValidationError `entry_missing`, `digest_unknown`.
   */
  write(said: Omit<Synthesis, "digest">, digest: DigestId | null, nowMs: number): Omit<KnowledgeEntry, "operator"> {
    const about = digest ?? this.digest(nowMs).id;
    const written = writeSynthesis({ ...said, digest: about });
    const there = new Set([...this.#book.entries()].filter((one) => isThere(one, nowMs)).map(({ id }) => id));
    if (!said.cites.every((id) => there.has(id)))
      throw new ValidationError("entry_missing", "An entry that is cited is not here.", {
        hint: "Cite what a query gives.",
      });
    if (this.#knows(about, nowMs, nowMs)) return written;
    throw new ValidationError("digest_unknown", "No such digest was counted here.", {
      hint: "Look at the present digest, and name that.",
    });
  }

  #mayBeShown({ operator, id }: BookedEntry, nowMs: number): boolean {
    return this.#o.takesPart(operator, nowMs) && this.#o.tallyOf(id, nowMs)?.level !== "rejected";
  }

  #isGrounded({ synthesis, madeAtMs }: BookedEntry, there: ReadonlySet<EntryId>, nowMs: number): boolean {
    if (!synthesis?.cites.every((id) => there.has(id))) return false;
    return this.#knows(synthesis.digest, madeAtMs, nowMs);
  }

  #knows(id: DigestId, madeAtMs: number, nowMs: number): boolean {
    if (this.#known.has(id)) return true;
    const round = Math.min(this.#roundOf(madeAtMs), this.#roundOf(nowMs));
    return [round, round - 1].some((one) => one >= 0 && this.#countedOf(one, nowMs).id === id);
  }

  #countedOf(round: number, nowMs: number): NamedDigest {
    const last = this.#counted.get(round);
    if (last && Math.abs(nowMs - last.countedAtMs) < AGENT_LIMITS.digestFreshMs) return last;
    const { rules } = this.#o;
    const digest = digestOf({ ...this.#o, entries: this.#book.entries() }, windowsOf(rules, round).startMs);
    const counted = { id: digestIdOf(digest), digest, countedAtMs: nowMs };
    keep(this.#counted, round, counted);
    this.#known.delete(counted.id); // to the end of the order
    this.#known.add(counted.id);
    const [oldest] = this.#known;
    if (this.#known.size > AGENT_LIMITS.digestsKnown && oldest !== undefined) this.#known.delete(oldest);
    return counted;
  }

  #roundOf(atMs: number): number {
    return roundOf(this.#o.rules, atMs) ?? 0;
  }
}

function isThere({ madeAtMs, endsAtMs, withdrawnAtMs }: BookedEntry, nowMs: number): boolean {
  const isMade = madeAtMs <= nowMs + AGENT_LIMITS.clockSkewMs;
  return isMade && withdrawnAtMs === null && (endsAtMs === null || endsAtMs > nowMs);
}

function keep(counted: Map<number, Counted>, round: number, one: Counted): void {
  counted.delete(round);
  counted.set(round, one);
  const [oldest] = counted.keys();
  if (counted.size > ROUNDS && oldest !== undefined) counted.delete(oldest);
}
