/** What relays that collude saw of a crowd, and beside it, for scoring, what was really going on. */

/** The cells of one person's sockets at all relays, the earliest first. */
export interface Sent {
  readonly atMs: readonly number[];
  /** The first 32 bits of each cell's address; empty where no cells were made. */
  readonly addresses: readonly number[];
}

export interface RealCell {
  readonly from: number;
  readonly to: number;
  readonly atMs: number;
  readonly address: number;
}

export interface Delivery {
  readonly from: number;
  readonly to: number;
  readonly atMs: number;
}

export interface Trace {
  readonly startMs: number;
  readonly endMs: number;
  readonly sent: readonly Sent[];
  readonly real: readonly RealCell[];
  readonly deliveries: readonly Delivery[];
}

const MINUTE_MS = 60_000;

/** Of each person, cells in each minute. */
export function countMinutes({ sent, startMs, endMs }: Trace): Uint16Array[] {
  return sent.map(({ atMs }) => {
    const counts = new Uint16Array(Math.ceil((endMs - startMs) / MINUTE_MS));
    for (const at of atMs) {
      const minute = Math.floor((at - startMs) / MINUTE_MS);
      counts[minute] = (counts[minute] ?? 0) + 1;
    }
    return counts;
  });
}
