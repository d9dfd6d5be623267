/** What the ways to fetch have in common: whoever follows a relay is told of cells, whichever way they came. */

import type { Cell } from "../cell/cell.ts";
import type { CellHeader } from "../cell/cell-header.ts";

/** A crowd: every cell whole. Headers: all headers, few bodies. Private: all headers, bodies out of two relays. */
export type Way = "crowd" | "headers" | "private";

export interface FetchHandlers {
  /**
   * A whole cell, perhaps more than once, perhaps none of ours. Nobody has checked its signature. False if nothing will
   * become of it: it is not ours, or does not open.
   */
  readonly onCell: (cell: Cell) => boolean;
  /**
   * Whose cell a header names: ours and not taken in yet, a dummy that we sent ourselves, or another's. Asked once for
   * each header.
   */
  readonly sort: (header: CellHeader) => "ours" | "loop" | "other";
  /** Is it ours by a lane that there was not when it was sorted? */
  readonly isExpected: (header: CellHeader) => boolean;
  /**
   * All that was stored before this time was told, and what of it is ours taken over. If it is live, so is what comes
   * from now on, at once.
   */
  readonly onStored: (beforeMs: number, isLive: boolean) => void;
  /** The relay was lost; it is asked again by itself. */
  readonly onLost: () => void;
}

/** What a way says of itself on top. */
export interface WayHandlers extends FetchHandlers {
  /** So many cells of the crowd were told of, by so many bytes. */
  readonly onTold: (cells: number, bytes: number) => void;
  /** So many more bytes were received. */
  readonly onBytes: (bytes: number) => void;
  /** This relay does not know this way. */
  readonly onUnable: () => void;
}

export interface Following {
  /** Cells of ours are known and not fetched. */
  readonly isBusy: boolean;
  /** There are other lanes now: what of the headers that came before them is ours after all. */
  retry(): void;
  close(): void;
}
