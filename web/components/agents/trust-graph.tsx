/**
 * The picture of who is held up by whom: the genesis in the middle, further rings outwards. One stop of the Tab key;
 * arrows go from operator to operator. The table beside it says the same.
 */
import { type KeyboardEvent, type ReactNode, useMemo, useRef } from "react";
import type { AgentPeer } from "../../../src/api/contract.ts";
import { depthWords, peerWords, STANDINGS, standingNote, standingWords } from "../../lib/agent-words.ts";
import { countOf } from "../../lib/format.ts";
import {
  drawTrust,
  type PeerDot,
  stepToPeer,
  type TrustMap,
  type TrustRing,
  type TrustThread,
} from "../../lib/trust-map.ts";
import { peersStore, pointAtPeer } from "../../stores/agent-peers.ts";
import { useStore } from "../../stores/store.ts";
import { PeerMark, PeerSign } from "./peer-sign.tsx";

const TOUCH = 14;
const LABEL = 16;

export function TrustGraph({ peers }: { readonly peers: readonly AgentPeer[] }): ReactNode {
  const map = useMemo(() => drawTrust(peers), [peers]);
  const { pointed } = useStore(peersStore);
  const picture = useRef<SVGSVGElement>(null);
  const all = map.rings.flatMap(({ dots }) => dots);
  const entry = all.find(({ peer }) => peer.operator === pointed) ?? all[0];
  const go = (event: KeyboardEvent): void => {
    const next = stepToPeer(map, entry?.peer.operator ?? null, event.key);
    if (next === null) return;
    event.preventDefault();
    picture.current?.querySelector<SVGElement>(`[data-peer="${next}"]`)?.focus();
  };
  const { reach, rings, threads } = map;
  return (
    <figure className="flex min-w-0 flex-col gap-4">
      <svg
        ref={picture}
        // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- HTML has no group inside of an SVG
        role="group"
        aria-label={`Picture of trust: ${summary(rings)}`}
        viewBox={[-reach, -reach, 2 * reach, 2 * reach].join(" ")}
        className="mx-auto max-h-140 w-full"
      >
        <Rings rings={rings} />
        <Threads threads={threads} pointed={pointed} />
        {all.map((dot) => (
          <Dot
            key={dot.peer.operator}
            dot={dot}
            isPointed={dot.peer.operator === pointed}
            isEntry={dot === entry}
            onKey={go}
          />
        ))}
        <Labels rings={rings} />
      </svg>
      <p className="min-h-[2lh] text-sm wrap-anywhere">
        {entry && pointed === entry.peer.operator
          ? peerWords(entry.peer)
          : "Choose an operator to read what is known of it."}
      </p>
      <Legend peers={peers} map={map} />
    </figure>
  );
}

function summary(rings: readonly TrustRing[]): string {
  return rings
    .map(({ depth, dots }) => `${dots.length} ${depth === 0 ? "in the genesis" : `${depthWords(depth)} away`}`)
    .join(", ");
}

function Rings({ rings }: { readonly rings: readonly TrustRing[] }): ReactNode {
  return rings.map(({ depth, r }) => <circle key={depth} r={r} className="fill-none stroke-divider stroke-2" />);
}

/** Outside of their rings, over the threads. */
function Labels({ rings }: { readonly rings: readonly TrustRing[] }): ReactNode {
  return (
    <g
      aria-hidden
      className="pointer-events-none fill-muted stroke-page text-[13px]"
      strokeWidth={4}
      paintOrder="stroke"
    >
      {rings.map(({ depth, r }) => (
        <text key={depth} y={-r - LABEL} textAnchor="middle">
          {depthWords(depth)}
        </text>
      ))}
    </g>
  );
}

/** From so many lines on, each is drawn fainter. */
const MANY_LINES = 60;

/** Those of the operator that is pointed at lie over the others. */
function Threads({
  threads,
  pointed,
}: {
  readonly threads: readonly TrustThread[];
  readonly pointed: string | null;
}): ReactNode {
  const isOf = ({ from, to }: TrustThread): boolean => [from.peer.operator, to.peer.operator].includes(pointed ?? "");
  const line = ({ from, to }: TrustThread): ReactNode => (
    <line key={`${from.peer.operator}${to.peer.operator}`} x1={from.x} y1={from.y} x2={to.x} y2={to.y} />
  );
  return (
    <>
      <g className={`stroke-control stroke-1 ${threads.length > MANY_LINES ? "opacity-35" : "opacity-70"}`}>
        {threads.map(line)}
      </g>
      <g className="stroke-ink stroke-2">{threads.filter(isOf).map(line)}</g>
    </>
  );
}

interface DotProps {
  readonly dot: PeerDot;
  readonly isPointed: boolean;
  readonly isEntry: boolean;
  readonly onKey: (event: KeyboardEvent) => void;
}

function Dot({ dot: { peer, x, y, r }, isPointed, isEntry, onKey }: DotProps): ReactNode {
  const { operator, quarantine, isSelf } = peer;
  return (
    <g
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- an SVG has no button
      role="button"
      tabIndex={isEntry ? 0 : -1}
      aria-label={peerWords(peer)}
      aria-pressed={isPointed}
      data-peer={operator}
      transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
      onFocus={() => pointAtPeer(operator)}
      onClick={() => pointAtPeer(operator)}
      onKeyDown={onKey}
      className="cursor-pointer"
    >
      <title>{peerWords(peer)}</title>
      <circle r={TOUCH} className="fill-transparent" />
      {isPointed && <circle r={r + (isSelf ? 9 : 4)} className="fill-page stroke-ink stroke-2" />}
      <PeerMark quarantine={quarantine} isSelf={isSelf} r={r} />
    </g>
  );
}

function Legend({ peers, map: { left } }: { readonly peers: readonly AgentPeer[]; readonly map: TrustMap }): ReactNode {
  const states = STANDINGS.map((state) => ({ state, count: peers.filter((one) => one.quarantine === state).length }));
  return (
    <figcaption className="flex flex-col gap-3 text-sm text-muted">
      <ul aria-label="Operators by standing" className="flex flex-col gap-1">
        {states.map(
          ({ state, count }) =>
            count > 0 && (
              <li key={state} className="flex gap-2">
                <span className="flex h-lh items-center">
                  <PeerSign quarantine={state} />
                </span>
                <span>
                  <span className="text-ink tabular-nums">
                    {count} {standingWords(state).toLowerCase()}
                  </span>
                  : {standingNote(state)}
                </span>
              </li>
            ),
        )}
        {peers.some(({ isSelf }) => isSelf) && (
          <li className="flex gap-2">
            <span className="flex h-lh items-center">
              <PeerSign quarantine="none" isSelf />
            </span>
            <span>
              <span className="text-ink">You</span>
            </span>
          </li>
        )}
      </ul>
      <p>
        The genesis stands innermost, and each further ring one step away from it. A line leads to who holds somebody
        up; a larger sign has more weight.
        {left > 0 && ` ${countOf(left, "more operator stands", "more operators stand")} in the table only.`}
      </p>
    </figcaption>
  );
}
