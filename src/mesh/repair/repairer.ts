/**
 * Makes an object whole again: what too few nodes have is made anew of any k fragments and brought to other nodes.
 *
 *   places - those that audits found lost = what is there; of that, fragments of nodes that are up or late count
 *   due    at or below repairThreshold, the lowest margin first:
 *          withSegment -> all n fragments -> each against its name -> storeMissing -> places
 *   leaving nodes, of segments that are not due: their fragments are copied as they are, which costs one n-th
 *
 * Repair is lazy: a node that is late costs nothing, one that comes back is audited and counts again; what was made anew
 * meanwhile stays as a surplus copy until its lease ends. A fragment that does not have the name that the owner gave it
 * goes nowhere, whatever it was made of.
 */
import { concatBytes } from "../../core/bytes.ts";
import { InternalError, NocturneError, ValidationError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { abreast } from "../audit/abreast.ts";
import type { LostPlaces } from "../audit/lost-places.ts";
import { healthOf, type ObjectHealth } from "../manifest/health.ts";
import { createLocator, type Locator, nodeOf, type PlacedFragment } from "../manifest/locator.ts";
import type { NodeId } from "../node-id.ts";
import { Candidates, leastPlaced } from "../objects/candidates.ts";
import { segmentAt } from "../objects/object-reader.ts";
import { type LyingSegment, type ReadTools, withSegment } from "../objects/segment-reader.ts";
import { type FragmentContent, type Places, storeMissing } from "../objects/segment-writer.ts";
import { fragmentId, leafHashes } from "../pieces/fragment-tree.ts";
import { fragmentBytes } from "../pieces/segments.ts";
import { isCounted, type NodeState } from "../placement/node-state.ts";

export interface RepairOptions {
  /** Nodes are asked in the name of the object's owner. */
  readonly tools: ReadTools;
  /** Also of nodes that the roster does not know. */
  readonly stateOf: (node: NodeId) => NodeState;
  readonly isLeaving: (node: NodeId) => boolean;
  readonly lost: LostPlaces;
  /** Of what is stored. */
  readonly untilMs: number;
  readonly signal: AbortSignal;
}

export interface RepairResult {
  /** Where the object lies now; the one that was given if nothing changed. */
  readonly locator: Locator;
  /** Afterwards. */
  readonly health: ObjectHealth;
  readonly segments: RepairedSegments;
  /** Fragments that were made anew and are kept by other nodes now, and those that were copied from nodes that leave. */
  readonly rebuilt: number;
  readonly copied: number;
  /** Bytes that nodes took. */
  readonly storedBytes: number;
  readonly tookMs: number;
}

/** How many segments had which end. */
export interface RepairedSegments {
  /** At or below the threshold before. */
  readonly due: number;
  /** Fewer than k fragments can be had now: they wait for nodes that come back. */
  readonly waiting: number;
  /** Made anew, but still due: there were no nodes for all. */
  readonly unplaced: number;
  /** What was put together has not the name that it should have. */
  readonly wrong: number;
}

/** Throws only the signal's reason. */
export async function repairObject(locator: Locator, options: RepairOptions): Promise<RepairResult> {
  return new Repair(locator, options).run();
}

/** Whether a fragment of this locator at this node counts. */
export function countsWith({
  stateOf,
  isLeaving,
}: Pick<RepairOptions, "stateOf" | "isLeaving">): (node: NodeId) => boolean {
  return (node) => isCounted(stateOf(node)) && !isLeaving(node);
}

type Row = readonly PlacedFragment[];

class Repair {
  readonly #before: Locator;
  readonly #o: RepairOptions;
  readonly #counts: (node: NodeId) => boolean;
  readonly #candidates: Candidates;
  /** Of each segment where its fragments are, without places that are known to have lost them. */
  readonly #rows: Row[];
  readonly #begunMs = performance.now();
  #rebuilt = 0;
  #copied = 0;
  #storedBytes = 0;
  #waiting = 0;
  #wrong = 0;

  constructor(locator: Locator, options: RepairOptions) {
    this.#before = locator;
    this.#o = options;
    this.#counts = countsWith(options);
    this.#candidates = new Candidates(options.tools.roster);
    this.#rows = rowsOf(locator).map((row) => row.map((one) => this.#withoutLost(one)));
    // Whoever lost something, or goes, is no place for anything new.
    const no = new ValidationError("node_refused", "This node is not to be relied on now.");
    for (const node of [...options.lost.nodes(), ...locator.nodes.filter(options.isLeaving)]) {
      this.#candidates.giveUp(node, no);
    }
  }

  async run(): Promise<RepairResult> {
    const { due } = healthOf(this.#locator(), this.#counts);
    await abreast(due, MESH_LIMITS.repairSegments, ({ segment }) => this.#rebuild(segment));
    const leaving = [...this.#rows.keys()].filter((segment) => this.#leaving(segment).length > 0);
    await abreast(leaving, MESH_LIMITS.repairSegments, (segment) => this.#copyAway(segment));
    const isChanged = this.#rebuilt + this.#copied > 0;
    const locator = isChanged ? this.#locator() : this.#before;
    const health = healthOf(this.#locator(), this.#counts);
    const [waiting, wrong] = [this.#waiting, this.#wrong];
    const unplaced = Math.max(0, health.due.length - waiting - wrong);
    return {
      locator,
      health,
      segments: { due: due.length, waiting, unplaced, wrong },
      rebuilt: this.#rebuilt,
      copied: this.#copied,
      storedBytes: this.#storedBytes,
      tookMs: performance.now() - this.#begunMs,
    };
  }

  #withoutLost({ id, node }: PlacedFragment): PlacedFragment {
    return { id, node: node !== null && this.#o.lost.has(node, id) ? null : node };
  }

  #locator(): Locator {
    return createLocator(this.#before, this.#rows);
  }

  async #rebuild(segment: number): Promise<void> {
    const { tools, signal } = this.#o;
    const places = this.#places(segment);
    try {
      const stored = await withSegment(this.#lying(segment), tools, signal, (memory) => {
        // Only data were made whole for sure: a reader needs no parity.
        memory.encode();
        const contents = this.#checked(segment, (index) =>
          places[index] === null ? memory.fragments[index] : undefined,
        );
        return this.#store(segment, contents, places);
      });
      this.#rebuilt += stored;
    } catch (error) {
      this.#leaveFor(error);
      this.#waiting++;
    }
  }

  async #copyAway(segment: number): Promise<void> {
    const contents = new Map<number, Uint8Array>();
    for (const index of this.#leaving(segment)) {
      const content = await this.#fetch(segment, index).catch((error: unknown) => this.#leaveFor(error));
      if (content) contents.set(index, content);
    }
    if (contents.size === 0) return;
    const checked = this.#checked(segment, (index) => contents.get(index));
    const stored = await this.#store(segment, checked, this.#places(segment));
    this.#copied += stored;
  }

  /** Numbers of fragments whose node leaves and still has them. */
  #leaving(segment: number): number[] {
    return this.#row(segment).flatMap(({ node }, index) => (node !== null && this.#o.isLeaving(node) ? [index] : []));
  }

  async #fetch(segment: number, index: number): Promise<Uint8Array> {
    const { tools, signal } = this.#o;
    const { id, node } = this.#row(segment)[index] as { id: PlacedFragment["id"]; node: NodeId };
    const peer = await tools.exchange.peer(node, signal);
    const pieces: Uint8Array[] = [];
    const bytes = this.#fragmentBytes(segment);
    for await (const piece of peer.fetch({ id, bytes }, undefined, signal)) pieces.push(piece.slice());
    return concatBytes(...pieces);
  }

  /** What `contentOf` gives, without what has another name than it should have. */
  #checked(segment: number, contentOf: (index: number) => Uint8Array | undefined): (FragmentContent | null)[] {
    let isWrong = false;
    const contents = this.#row(segment).map(({ id }, index): FragmentContent | null => {
      const content = contentOf(index);
      if (!content) return null;
      if (fragmentId(content.length, leafHashes(content)) === id) return { id, bytes: content.length, content };
      isWrong = true;
      return null;
    });
    if (isWrong) this.#wrong++;
    return contents;
  }

  /** Brings them to nodes, and notes where they are; how many found a place. */
  async #store(segment: number, contents: readonly (FragmentContent | null)[], places: Places): Promise<number> {
    const { tools, untilMs, signal } = this.#o;
    const enough = leastPlaced(this.#before);
    const options = { exchange: tools.exchange, candidates: this.#candidates, untilMs, enough, signal };
    const after = await storeMissing(contents, places, options);
    const isNew = (index: number): boolean => places[index] === null && (after[index] ?? null) !== null;
    const stored = contents.filter((content, index) => content && isNew(index));
    // A place that does not count now may count again: it stays where no other was found.
    this.#rows[segment] = this.#row(segment).map(({ id, node }, index) => ({ id, node: after[index] ?? node }));
    this.#storedBytes += stored.reduce((sum, content) => sum + (content?.bytes ?? 0), 0);
    return stored.length;
  }

  /** Who has which fragment, of those that count. */
  #places(segment: number): Places {
    return this.#row(segment).map(({ node }) => (node !== null && this.#counts(node) ? node : null));
  }

  #lying(segment: number): LyingSegment {
    return { ...segmentAt(this.#before, segment), fragments: this.#row(segment) };
  }

  #fragmentBytes(segment: number): number {
    return fragmentBytes(segmentAt(this.#before, segment), this.#before.needed);
  }

  #row(segment: number): Row {
    return this.#rows[segment] as Row;
  }

  /** What nodes do wrong is left for the next time. */
  #leaveFor(error: unknown): null {
    this.#o.signal.throwIfAborted();
    if (error instanceof InternalError || !(error instanceof NocturneError)) throw error;
    return null;
  }
}

function rowsOf(locator: Locator): Row[] {
  return locator.segments.map(({ fragments }) =>
    fragments.map((fragment) => ({ id: fragment.id, node: nodeOf(locator, fragment) })),
  );
}
