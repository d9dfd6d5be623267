/**
 * The headers of one relay that were not asked for yet, and which bodies a batch asks for.
 *
 *   fresh   came since the batch before     ours | other people's  -> freshBodies of them
 *   older   came before that                ours | other people's  -> olderBodies of them
 *
 * Of how many bodies a batch consists, and how many of them are fresh, depends on the crowd alone. Decoys come from
 * the same part as what they hide: were they of any age, the relay would take the newest for ours. At most half of a
 * part is ours; what is beyond that waits. Among the older, the age of a decoy is drawn so that its order of magnitude
 * is even, because nobody knows what made ours wait: a burst (seconds), an epoch on its way (minutes), an absence (days).
 */

import { randomBelow, randomUnit } from "../../core/random.ts";
import type { CellHeader } from "../cell/cell-header.ts";
import type { FetchLimits } from "./fetch-limits.ts";

/** First come, first served. */
interface Part {
  readonly ours: CellHeader[];
  /** The oldest first. */
  others: CellHeader[];
}

export class HeaderPool {
  readonly #limits: FetchLimits;
  #fresh: Part = emptyPart();
  readonly #older: Part = emptyPart();
  /** Ids of what was told, the oldest first: a relay that repeats a header must not see it asked for again. */
  readonly #told = new Set<string>();

  constructor(limits: FetchLimits) {
    this.#limits = limits;
  }

  /** Headers of ours that wait. */
  get waiting(): number {
    return this.#fresh.ours.length + this.#older.ours.length;
  }

  isTold(id: string): boolean {
    return this.#told.has(id);
  }

  /** A header came; it must not have been told before. */
  add(header: CellHeader, isOurs: boolean): void {
    this.remember(header.id);
    const { ours, others } = this.#fresh;
    (isOurs ? ours : others).push(header);
    if (others.length > this.#limits.headers) this.#fresh.others = thin(others);
  }

  /** Ours from before a restart. */
  restore(header: CellHeader): void {
    this.remember(header.id);
    this.#older.ours.push(header);
  }

  remember(id: string): void {
    this.#told.add(id);
    for (const oldest of this.#told) {
      if (this.#told.size <= 2 * this.#limits.headers) return;
      this.#told.delete(oldest);
    }
  }

  /** What of other people's headers is ours after all, and waits as such from now on. */
  claim(isOurs: (header: CellHeader) => boolean): CellHeader[] {
    return [this.#fresh, this.#older].flatMap((part) => {
      const ours = new Set(part.others.filter(isOurs));
      if (ours.size > 0) part.others = part.others.filter((header) => !ours.has(header));
      part.ours.push(...ours);
      return [...ours];
    });
  }

  /** What the next batch asks for, in random order, if it has room for so many; fewer only if there are no more. */
  next(room: number): CellHeader[] {
    const { freshBodies } = this.#limits;
    const fresh = draw(this.#fresh, Math.min(room, freshBodies), (length) => randomBelow(length));
    const older = draw(this.#older, room - fresh.length, evenMagnitude);
    this.#older.ours.push(...this.#fresh.ours);
    this.#older.others.push(...this.#fresh.others);
    if (this.#older.others.length > this.#limits.headers) this.#older.others = thin(this.#older.others);
    this.#fresh = emptyPart();
    return shuffle([...fresh, ...older]);
  }
}

function emptyPart(): Part {
  return { ours: [], others: [] };
}

/** Takes `count` out of a part, or all of it; `pick` chooses one of so many. */
function draw({ ours, others }: Part, count: number, pick: (length: number) => number): CellHeader[] {
  const drawn = ours.splice(0, Math.ceil(count / 2));
  while (drawn.length < count && others.length > 0) drawn.push(...others.splice(pick(others.length), 1));
  // Without enough decoys nothing hides the rest; the number stays what it is.
  return [...drawn, ...ours.splice(0, count - drawn.length)];
}

/** An index below `length`; 1 to 10 from the end are as likely as 10 to 100. */
export function evenMagnitude(length: number): number {
  return length - Math.min(length, Math.ceil(length ** randomUnit()));
}

/** Half of the older half goes: what is left goes as far back as before, the sparser the older. */
function thin(headers: readonly CellHeader[]): CellHeader[] {
  const half = headers.length / 2;
  return headers.filter((_, i) => i >= half || i % 2 === 0);
}

function shuffle<T>(items: T[]): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = randomBelow(last + 1);
    [items[last], items[other]] = [items[other] as T, items[last] as T];
  }
  return items;
}
