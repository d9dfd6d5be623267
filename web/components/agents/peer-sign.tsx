/**
 * The sign of an operator: each differs in shape and in colour, so that neither is needed to tell them apart.
 *
 *     in good standing  full dot    put aside here  triangle    in quarantine  cross    you  a diamond around it
 */
import type { ReactNode } from "react";
import type { AgentPeer } from "../../../src/api/contract.ts";

export interface PeerMarkProps extends Pick<AgentPeer, "quarantine" | "isSelf"> {
  /** In units of the picture around it. */
  readonly r: number;
}

/** For inside of an SVG, around 0, 0. */
export function PeerMark({ quarantine, isSelf, r }: PeerMarkProps): ReactNode {
  return (
    <>
      {isSelf && <path d={diamond(r + 6)} className="fill-page stroke-ink stroke-2" />}
      {quarantine === "none" && <circle r={r} className="fill-ink" />}
      {quarantine === "local" && (
        <path
          d={`M0 ${-r * 1.1}L${r * 1.1} ${r * 0.8}H${-r * 1.1}Z`}
          className="fill-page stroke-muted stroke-[2.5]"
          strokeLinejoin="round"
        />
      )}
      {quarantine === "network" && (
        <path
          d={`M${-r * 0.8} ${-r * 0.8}L${r * 0.8} ${r * 0.8}M${r * 0.8} ${-r * 0.8}L${-r * 0.8} ${r * 0.8}`}
          className="stroke-alarm stroke-3"
          strokeLinecap="round"
        />
      )}
    </>
  );
}

function diamond(r: number): string {
  return `M0 ${-r}L${r} 0 0 ${r} ${-r} 0Z`;
}

/** Beside words. */
export function PeerSign({
  quarantine,
  isSelf = false,
}: Pick<AgentPeer, "quarantine"> & { readonly isSelf?: boolean }): ReactNode {
  return (
    <svg aria-hidden viewBox="-12 -12 24 24" className="size-4 shrink-0">
      <PeerMark quarantine={quarantine} isSelf={isSelf} r={isSelf ? 4.5 : 9} />
    </svg>
  );
}
