/**
 * Of all papers of one signer about one key, the one that counts at a moment: made last, at or before it. A newer one takes an older one back, also by
 * ending sooner; one from the future does not count yet. So it does not matter in which order papers came, nor how often.
 */

export interface Timed {
  readonly madeAtMs: number;
  readonly notAfterMs: number;
  readonly label: string;
  readonly mostAgents?: number;
}

/** Whether `paper` counts instead of `other`, of the same signer about the same key. */
export function isLater(paper: Timed, other: Timed): boolean {
  return compare(paper, other) > 0;
}

/** Of two that were made in the same millisecond the one that allows less; the rest only so that there is one answer. */
function compare(a: Timed, b: Timed): number {
  const byTime = a.madeAtMs - b.madeAtMs || b.notAfterMs - a.notAfterMs || (b.mostAgents ?? 0) - (a.mostAgents ?? 0);
  return byTime || (a.label < b.label ? 1 : a.label > b.label ? -1 : 0);
}
