/**
 * The sign of a node's state: each differs in shape and in colour, so that neither is needed to tell them apart.
 *
 *     up  full dot    returning  diamond    late  ring    suspect  triangle    lost  cross    forked  square
 */
import type { ReactNode } from "react";
import type { NodeState } from "../../lib/mesh-words.ts";

const HOLLOW = "fill-page stroke-[2.5]";

const MARKS: Record<NodeState, (r: number) => ReactNode> = {
  up: (r) => <circle r={r} className="fill-ink" />,
  returning: (r) => (
    <path d={`M0 ${-r * 1.2}L${r * 1.2} 0 0 ${r * 1.2} ${-r * 1.2} 0Z`} className="fill-muted stroke-ink stroke-2" />
  ),
  late: (r) => <circle r={r - 1} className={`${HOLLOW} stroke-ink`} />,
  suspect: (r) => (
    <path
      d={`M0 ${-r * 1.1}L${r * 1.1} ${r * 0.8}H${-r * 1.1}Z`}
      className={`${HOLLOW} stroke-muted`}
      strokeLinejoin="round"
    />
  ),
  lost: (r) => (
    <path
      d={`M${-r * 0.8} ${-r * 0.8}L${r * 0.8} ${r * 0.8}M${r * 0.8} ${-r * 0.8}L${-r * 0.8} ${r * 0.8}`}
      className="stroke-alarm stroke-3"
      strokeLinecap="round"
    />
  ),
  forked: (r) => (
    <path d={`M${-r * 0.8} ${-r * 0.8}h${r * 1.6}v${r * 1.6}h${-r * 1.6}Z`} className={`${HOLLOW} stroke-alarm`} />
  ),
};

export interface NodeMarkProps {
  readonly state: NodeState;
  /** In units of the picture around it. */
  readonly r: number;
}

/** For inside of an SVG, around 0, 0. */
export function NodeMark({ state, r }: NodeMarkProps): ReactNode {
  return MARKS[state](r);
}

/** Beside words. */
export function NodeSign({ state }: { readonly state: NodeState }): ReactNode {
  return (
    <svg aria-hidden viewBox="-12 -12 24 24" className="size-4 shrink-0">
      <NodeMark state={state} r={9} />
    </svg>
  );
}
