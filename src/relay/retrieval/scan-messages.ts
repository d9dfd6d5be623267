/**
 * What the relay and its scan thread say to each other. Types only. Each message has one reply, in their order.
 *
 *   make -> put ... put -> scan ... scan -> drop        a database has a name that the relay gives it
 */

export type ScanMessage =
  /** Room for `count` records. */
  | { readonly type: "make"; readonly name: string; readonly count: number }
  /** Records from number `first` on. */
  | { readonly type: "put"; readonly name: string; readonly first: number; readonly records: Uint8Array }
  | { readonly type: "scan"; readonly name: string; readonly queries: readonly Uint8Array[] }
  | { readonly type: "drop"; readonly name: string };

/** Answers to a scan, none to the others; null when it failed. */
export type ScanReply = readonly Uint8Array[] | null;
