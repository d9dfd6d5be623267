/**
 * Uploads: brings an object into the mesh, segment by segment, some under way at a time.
 *
 *   content -> SegmentMemory: fill, encode -> names -> storeMissing -> Locator          one memory a segment under way
 *
 * It fails as a whole: what some nodes took already is left to their leases, or dropped by the caller.
 */
import type { Clock } from "../../core/clock.ts";
import { InternalError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { createLocator, type Locator, type PlacedFragment } from "../manifest/locator.ts";
import { fragmentId, leafHashes } from "../pieces/fragment-tree.ts";
import { type Segment, segmentsOf } from "../pieces/segments.ts";
import type { Redundancy } from "../placement/redundancy.ts";
import type { Exchange, Roster } from "../rooms.ts";
import { Candidates, leastPlaced } from "./candidates.ts";
import { segmentMemories, type SegmentMemory, windowOf } from "./segment-memory.ts";
import { type FragmentContent, storeMissing } from "./segment-writer.ts";
import { Window } from "./window.ts";

export interface ObjectWriterOptions {
  readonly exchange: Exchange;
  readonly roster: Roster;
  readonly clock: Clock;
}

export interface WriteOptions {
  readonly signal?: AbortSignal;
  /** Bytes of the object whose fragments are kept by nodes. */
  readonly onProgress?: (bytes: number) => void;
}

export interface Written {
  readonly locator: Locator;
  /** How it was cut; `holds` says whether that keeps the promise of 1e-9. */
  readonly redundancy: Redundancy;
}

/** A segment's fragments, each with its node or none. */
type PlacedSegment = readonly PlacedFragment[];

/** What the segments of one upload have in common. */
interface Upload {
  readonly redundancy: Redundancy;
  readonly candidates: Candidates;
  readonly untilMs: number;
  readonly signal: AbortSignal;
}

export class ObjectWriter {
  readonly #o: ObjectWriterOptions;

  constructor(options: ObjectWriterOptions) {
    this.#o = options;
  }

  /** How an object would be cut now. Throws PolicyError `mesh_empty` when no node would take anything. */
  redundancy(): Redundancy {
    return new Candidates(this.#o.roster).redundancy();
  }

  /**
   * `content`: `bytes` bytes, at least 1, in pieces of any length; read only as fast as they are taken.
   * Throws PolicyError `mesh_empty` or `mesh_too_small`, which say what is missing, InternalError `content_length` when the content has
   * another length, what the content throws, and the signal's reason.
   */
  async write(content: AsyncIterable<Uint8Array>, bytes: number, options: WriteOptions = {}): Promise<Written> {
    const candidates = new Candidates(this.#o.roster);
    const failure = new AbortController();
    const upload: Upload = {
      redundancy: candidates.redundancy(),
      candidates,
      untilMs: this.#o.clock.nowMs() + MESH_LIMITS.leaseMs,
      signal: options.signal ? AbortSignal.any([options.signal, failure.signal]) : failure.signal,
    };
    const source = new Source(content);
    const window = new Window(windowOf(upload.redundancy));
    const placed: Promise<PlacedSegment>[] = [];
    let done = 0;
    try {
      for (const segment of segmentsOf(bytes)) {
        await window.enter();
        upload.signal.throwIfAborted();
        const memory = await this.#fill(source, segment, bytes, upload.redundancy);
        const work = this.#place(memory, upload, window, () => {
          done = Math.min(bytes, done + segment.bytes);
          options.onProgress?.(done);
        });
        work.catch((error: unknown) => failure.abort(error));
        placed.push(work);
      }
      await source.end();
      const segments = await Promise.all(placed);
      const { needed, total } = upload.redundancy;
      const locator = createLocator({ bytes, needed, total }, segments);
      return { locator, redundancy: upload.redundancy };
    } catch (error) {
      failure.abort(error);
      await Promise.allSettled(placed);
      throw failure.signal.aborted && failure.signal.reason !== undefined ? failure.signal.reason : error;
    } finally {
      await source.close();
    }
  }

  async #fill(source: Source, segment: Segment, bytes: number, redundancy: Redundancy): Promise<SegmentMemory> {
    const { needed, total } = redundancy;
    const memory = segmentMemories.take({ bytes: segment.bytes, needed, total });
    const own = Math.max(0, Math.min(segment.bytes, bytes - segment.start)); // the rest is padding
    await source.read(own, (at, piece) => memory.fill(at, piece));
    memory.clear(own);
    return memory;
  }

  async #place(memory: SegmentMemory, upload: Upload, window: Window, done: () => void): Promise<PlacedSegment> {
    const begunMs = performance.now();
    let tookMs: number | null = null;
    try {
      const fragments = nameFragments(memory);
      const { redundancy, candidates, untilMs, signal } = upload;
      const enough = leastPlaced(redundancy);
      const nowhere = fragments.map(() => null);
      const options = { exchange: this.#o.exchange, candidates, untilMs, enough, signal };
      const places = await storeMissing(fragments, nowhere, options);
      const count = places.filter((place) => place !== null).length;
      if (count < enough) throw candidates.tooSmall(count, redundancy);
      tookMs = performance.now() - begunMs;
      done();
      return fragments.map(({ id }, index) => ({ id, node: places[index] ?? null }));
    } finally {
      segmentMemories.giveBack(memory);
      window.leave(tookMs);
    }
  }
}

/** Encodes what is in the memory and names every fragment. */
function nameFragments(memory: SegmentMemory): FragmentContent[] {
  memory.encode();
  const name = (content: Uint8Array): FragmentContent => ({
    id: fragmentId(content.length, leafHashes(content)),
    bytes: content.length,
    content,
  });
  const [first] = memory.fragments;
  // Whole copies are one fragment.
  const copy = memory.shape.needed === 1 && first ? name(first) : null;
  return memory.fragments.map((content) => copy ?? name(content));
}

/** Reads an exact number of bytes at a time from pieces of any length. */
class Source {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#pieces = content[Symbol.asyncIterator]();
  }

  async read(bytes: number, take: (at: number, piece: Uint8Array) => void): Promise<void> {
    for (let at = 0; at < bytes; ) {
      if (this.#rest.length === 0) {
        const { value, done } = await this.#pieces.next();
        if (done === true) throw wrongLength();
        this.#rest = value;
      }
      const piece = this.#rest.subarray(0, bytes - at);
      take(at, piece);
      at += piece.length;
      this.#rest = this.#rest.subarray(piece.length);
    }
  }

  /** Throws unless everything was read. */
  async end(): Promise<void> {
    const { done } = this.#rest.length > 0 ? { done: false } : await this.#pieces.next();
    if (done !== true) throw wrongLength();
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}

function wrongLength(): InternalError {
  return new InternalError("content_length", "The content has another length than was said.");
}
