/**
 * Who gets which fragment of a segment: one fragment a machine, so many a failure domain, and what lies somewhere already
 * stays there where that is possible.
 *
 *   source -> fragment -> machine that has it, or has room for it -> its domain -> sink        a maximum flow
 *
 * The flow's value is the happiness of Tahoe-LAFS ("servers of happiness", LAFS `docs/specifications/servers-of-happiness.rst`):
 * so many different fragments lie on so many different machines that do not fail together. It counts copies once, which a
 * count of placed fragments would not.
 */

export interface Candidate {
  /** Of the peer. */
  readonly id: string;
  readonly domain: string;
  /** Numbers of the fragments of this segment that it was found to hold. */
  readonly holds: readonly number[];
  /** Whether it takes one that it does not hold. */
  readonly hasRoom: boolean;
}

export interface Placement {
  /** Fragment number -> id of the machine that is to hold it. */
  readonly places: ReadonlyMap<number, string>;
  /** How many fragments have a place. */
  readonly happiness: number;
}

/** `candidates` in the order in which they are preferred. Fragments are numbered from 0. Asks nobody and never throws. */
export function placeFragments(fragments: number, candidates: readonly Candidate[], perDomain: number): Placement {
  const flow = new Flow(fragments, candidates, perDomain);
  for (let i = 0; i < fragments; i++) flow.addHolders(i);
  flow.fill();
  for (let i = 0; i < fragments; i++) flow.addRoom(i);
  flow.fill();
  return flow.placement();
}

/** Edmonds and Karp's method; each edge is followed by its reverse, which takes a flow back. */
class Flow {
  readonly #fragments: number;
  readonly #candidates: readonly Candidate[];
  readonly #sink: number;
  readonly #edges: { readonly to: number; room: number }[] = [];
  readonly #from: number[][] = [];

  constructor(fragments: number, candidates: readonly Candidate[], perDomain: number) {
    this.#fragments = fragments;
    this.#candidates = candidates;
    const domains = [...new Set(candidates.map(({ domain }) => domain))];
    const firstDomain = 1 + fragments + candidates.length;
    this.#sink = firstDomain + domains.length;
    for (let i = 0; i < fragments; i++) this.#edge(0, this.#fragment(i), 1);
    for (const [j, { domain }] of candidates.entries()) {
      this.#edge(this.#machine(j), firstDomain + domains.indexOf(domain), 1);
    }
    for (const d of domains.keys()) this.#edge(firstDomain + d, this.#sink, perDomain);
  }

  addHolders(fragment: number): void {
    for (const [j, { holds }] of this.#candidates.entries()) {
      if (holds.includes(fragment)) this.#edge(this.#fragment(fragment), this.#machine(j), 1);
    }
  }

  addRoom(fragment: number): void {
    for (const [j, { holds, hasRoom }] of this.#candidates.entries()) {
      if (hasRoom && !holds.includes(fragment)) this.#edge(this.#fragment(fragment), this.#machine(j), 1);
    }
  }

  /** Adds shortest paths until there is none. */
  fill(): void {
    for (let path = this.#path(); path !== null; path = this.#path()) {
      for (const edge of path) {
        this.#room(edge).room--;
        this.#room(edge ^ 1).room++;
      }
    }
  }

  placement(): Placement {
    const places = new Map<number, string>();
    for (let i = 0; i < this.#fragments; i++) {
      const used = (this.#from[this.#fragment(i)] ?? []).find((edge) => edge % 2 === 0 && this.#room(edge).room === 0);
      if (used === undefined) continue;
      const { id } = this.#candidates[this.#room(used).to - 1 - this.#fragments] as Candidate;
      places.set(i, id);
    }
    return { places, happiness: places.size };
  }

  #path(): number[] | null {
    const cameBy = new Map<number, number>([[0, -1]]);
    const queue = [0];
    for (let at = queue.shift(); at !== undefined && !cameBy.has(this.#sink); at = queue.shift()) {
      for (const edge of this.#from[at] ?? []) {
        const { to, room } = this.#room(edge);
        if (room === 0 || cameBy.has(to)) continue;
        cameBy.set(to, edge);
        queue.push(to);
      }
    }
    if (!cameBy.has(this.#sink)) return null;
    const path: number[] = [];
    for (let at = this.#sink; at !== 0; at = this.#room((path[0] as number) ^ 1).to) {
      path.unshift(cameBy.get(at) as number);
    }
    return path;
  }

  #edge(from: number, to: number, room: number): void {
    (this.#from[from] ??= []).push(this.#edges.length);
    this.#edges.push({ to, room });
    (this.#from[to] ??= []).push(this.#edges.length);
    this.#edges.push({ to: from, room: 0 });
  }

  #room(edge: number): { readonly to: number; room: number } {
    return this.#edges[edge] as { readonly to: number; room: number };
  }

  #fragment(i: number): number {
    return 1 + i;
  }

  #machine(j: number): number {
    return 1 + this.#fragments + j;
  }
}
