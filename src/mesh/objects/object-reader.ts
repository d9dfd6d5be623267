/**
 * Downloads: the bytes of a range of an object, in order, with some segments under way ahead of the reader.
 *
 *   segments  [ read ][ whole, waits ][ under way ][ under way ]            at most MESH_LIMITS.window in memory
 *
 * A reader that does not read stops the nodes, too: nothing more is asked for than the window holds, which is smaller for a slow one.
 */
import type { Locator } from "../manifest/locator.ts";
import { segmentsOf } from "../pieces/segments.ts";
import type { Exchange, Roster } from "../rooms.ts";
import { ReadingWindow } from "./reading-window.ts";
import { segmentMemories } from "./segment-memory.ts";
import { type LyingSegment, type ReadTools, readSegment } from "./segment-reader.ts";
import { Speeds } from "./speeds.ts";

export interface ObjectReaderOptions {
  readonly exchange: Exchange;
  readonly roster: Roster;
}

export class ObjectReader {
  /** For whoever works on segments of its own, as repair does. */
  readonly tools: ReadTools;

  constructor({ exchange, roster }: ObjectReaderOptions) {
    this.tools = { exchange, roster, speeds: new Speeds(), memories: segmentMemories };
  }

  /**
   * The object's bytes `start` to `end` (exclusive, by default its length), in pieces of a segment at most. Throws NetworkError
   * `too_few_nodes` before or while it is read, and the signal's reason.
   */
  async *read(
    locator: Locator,
    start: number = 0,
    end: number = locator.bytes,
    signal: AbortSignal = new AbortController().signal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const parts = partsOf(locator, start, end);
    const ahead: Reading[] = [];
    const window = new ReadingWindow(locator);
    let done = 0;
    try {
      for (let next = 0; done < parts.length; done++) {
        const most = window.next(ahead.every(({ isWhole }) => isWhole));
        // The first comes alone, so that it comes soon.
        while (next < parts.length && ahead.length < Math.min(most, done + 1)) {
          const part = parts[next++] as Part;
          ahead.push(new Reading(readSegment(part.segment, part.start, part.end, this.tools, either)));
        }
        yield await (ahead.shift() as Reading).bytes;
      }
    } finally {
      stop.abort();
      await Promise.allSettled(ahead.map(({ bytes }) => bytes));
    }
  }
}

/** A segment that is under way, or waits for its reader. */
class Reading {
  readonly bytes: Promise<Uint8Array>;
  isWhole = false;

  constructor(bytes: Promise<Uint8Array>) {
    this.bytes = bytes;
    const end = (): void => {
      this.isWhole = true;
    };
    bytes.then(end, end); // thrown when it is its turn
  }
}

/** The segment at `index`, as it lies. */
export function segmentAt(locator: Locator, index: number): LyingSegment {
  const { bytes } = segmentsOf(locator.bytes)[index] as { bytes: number };
  return lying(locator, index, bytes);
}

interface Part {
  readonly segment: LyingSegment;
  /** In the segment. */
  readonly start: number;
  readonly end: number;
}

function partsOf(locator: Locator, start: number, end: number): Part[] {
  return segmentsOf(locator.bytes).flatMap((segment, index): Part[] => {
    const [from, to] = [Math.max(start - segment.start, 0), Math.min(end - segment.start, segment.bytes)];
    return from < to ? [{ segment: lying(locator, index, segment.bytes), start: from, end: to }] : [];
  });
}

function lying({ needed, total, nodes, segments }: Locator, index: number, bytes: number): LyingSegment {
  const { fragments } = segments[index] as Locator["segments"][number];
  return {
    bytes,
    needed,
    total,
    fragments: fragments.map(({ id, node }) => ({ id, node: node === null ? null : (nodes[node] ?? null) })),
  };
}
