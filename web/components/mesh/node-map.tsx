/**
 * The picture of the mesh: this machine in the middle, around it the nodes by the places where they may fail together.
 * One stop of the Tab key; arrows go from node to node. The table beside it says the same.
 */
import { Laptop } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useMemo, useRef } from "react";
import type { MeshNodeView } from "../../../src/api/contract.ts";
import { countOf } from "../../lib/format.ts";
import { drawMesh, type MapNode, type MeshMap, stepTo } from "../../lib/mesh-map.ts";
import { countStates, nodeStateNote, nodeStateWords, nodeWords } from "../../lib/mesh-words.ts";
import { nodesStore, pointAt } from "../../stores/mesh-nodes.ts";
import { useStore } from "../../stores/store.ts";
import { NodeMark, NodeSign } from "./node-sign.tsx";

const TOUCH = 14;

export function NodeMap({ nodes }: { readonly nodes: readonly MeshNodeView[] }): ReactNode {
  const map = useMemo(() => drawMesh(nodes), [nodes]);
  const { pointed } = useStore(nodesStore);
  const picture = useRef<SVGSVGElement>(null);
  const { view, domains, left } = map;
  const all = domains.flatMap((domain) => domain.nodes);
  const entry = all.find(({ node }) => node.id === pointed) ?? all[0];
  const go = (event: KeyboardEvent): void => {
    const next = stepTo(map, entry?.node.id ?? null, event.key);
    if (next === null) return;
    event.preventDefault();
    picture.current?.querySelector<SVGElement>(`[data-node="${next}"]`)?.focus();
  };
  return (
    <figure className="flex flex-col gap-4">
      <svg
        ref={picture}
        // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- HTML has no group inside of an SVG
        role="group"
        aria-label={`Picture of the mesh: ${summary(nodes)}`}
        viewBox={[view.x, view.y, view.width, view.height].join(" ")}
        className="mx-auto max-h-140 w-full"
      >
        <Places map={map} />
        <Threads nodes={all} pointed={pointed} />
        <Home />
        {all.map((one) => (
          <Dot key={one.node.id} one={one} isPointed={one.node.id === pointed} isEntry={one === entry} onKey={go} />
        ))}
      </svg>
      {nodes.length > 0 && (
        <>
          <p className="min-h-[2lh] text-sm">
            {entry && pointed === entry.node.id ? nodeWords(entry.node) : "Choose a node to read what is known of it."}
          </p>
          <Legend nodes={nodes} left={left} />
        </>
      )}
    </figure>
  );
}

function summary(nodes: readonly MeshNodeView[]): string {
  const states = countStates(nodes).map(({ state, count }) => `${count} ${nodeStateWords(state).toLowerCase()}`);
  const holders = nodes.filter(({ fragments }) => fragments > 0).length;
  return nodes.length === 0
    ? "no node is known"
    : `${states.join(", ")}; ${countOf(holders, "has", "have")} something of yours`;
}

function Places({ map: { domains } }: { readonly map: MeshMap }): ReactNode {
  return domains.map(
    ({ name, x, y, r, nodes }) =>
      nodes.length > 1 && <circle key={name} cx={x} cy={y} r={r} className="fill-surface stroke-control" />,
  );
}

/** From so many lines on, each is drawn fainter. */
const MANY_LINES = 30;

/** To who has something of yours; the one to the node that is pointed at lies over the others. */
function Threads({
  nodes,
  pointed,
}: {
  readonly nodes: readonly MapNode[];
  readonly pointed: string | null;
}): ReactNode {
  const holders = nodes.filter(({ node }) => node.fragments > 0);
  const faint = holders.length > MANY_LINES ? "opacity-50" : "";
  const aim = holders.find(({ node }) => node.id === pointed);
  return (
    <>
      <g className={`stroke-control stroke-1 ${faint}`}>
        {holders.map(({ node, x, y }) => (
          <line key={node.id} x2={x} y2={y} />
        ))}
      </g>
      {aim && <line x2={aim.x} y2={aim.y} className="stroke-ink stroke-2" />}
    </>
  );
}

function Home(): ReactNode {
  return (
    <>
      <circle r={20} className="fill-page stroke-ink stroke-2" />
      <Laptop aria-hidden x={-11} y={-11} width={22} height={22} strokeWidth={1.8} className="text-ink" />
    </>
  );
}

interface DotProps {
  readonly one: MapNode;
  readonly isPointed: boolean;
  readonly isEntry: boolean;
  readonly onKey: (event: KeyboardEvent) => void;
}

function Dot({ one: { node, x, y, r }, isPointed, isEntry, onKey }: DotProps): ReactNode {
  const { id, state } = node;
  return (
    <g
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- an SVG has no button
      role="button"
      tabIndex={isEntry ? 0 : -1}
      aria-label={nodeWords(node)}
      aria-pressed={isPointed}
      data-node={id}
      transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
      onFocus={() => pointAt(id)}
      onClick={() => pointAt(id)}
      onKeyDown={onKey}
      className="cursor-pointer"
    >
      <title>{nodeWords(node)}</title>
      <circle r={TOUCH} className="fill-transparent" />
      {isPointed && <circle r={r + 4} className="fill-page stroke-ink stroke-2" />}
      <NodeMark state={state} r={r} />
    </g>
  );
}

function Legend({ nodes, left }: { readonly nodes: readonly MeshNodeView[]; readonly left: number }): ReactNode {
  return (
    <figcaption className="flex flex-col gap-3 text-sm text-muted">
      <ul aria-label="Nodes by state" className="flex flex-col gap-1">
        {countStates(nodes).map(({ state, count }) => (
          <li key={state} className="flex gap-2">
            <span className="flex h-lh items-center">
              <NodeSign state={state} />
            </span>
            <span>
              <span className="text-ink tabular-nums">
                {count} {nodeStateWords(state).toLowerCase()}
              </span>
              : {nodeStateNote(state)}
            </span>
          </li>
        ))}
      </ul>
      <p>
        In the middle is this machine. Nodes in one circle may fail together. A line leads to who has something of
        yours; a larger sign has more room.
        {left > 0 && ` ${countOf(left, "more node stands", "more nodes stand")} in the table only.`}
      </p>
    </figcaption>
  );
}
