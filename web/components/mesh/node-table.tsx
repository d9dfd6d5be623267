/** The nodes as a table that says what the picture shows. On a narrow screen state and care stand under the node's name. */
import type { ReactNode } from "react";
import type { MeshNodeView } from "../../../src/api/contract.ts";
import { formatBytes } from "../../lib/format.ts";
import { nodeStateNote, nodeStateWords, percentWords, shortNode } from "../../lib/mesh-words.ts";
import { type NodeColumn, nodesStore, pageOf, pointAt, sortBy, sortedNodes, turnTo } from "../../stores/mesh-nodes.ts";
import { useStore } from "../../stores/store.ts";
import { type HeadShape, SortedHead } from "../sorted-head.tsx";
import { NodeSign } from "./node-sign.tsx";
import { Pager } from "./pager.tsx";

const PAGE = 12;
const WIDE = "max-rail:hidden";

interface Column extends HeadShape {
  readonly column: NodeColumn;
}

const COLUMNS: readonly Column[] = [
  { column: "node", name: "Node" },
  { column: "state", name: "State", isWide: true },
  { column: "uptime", name: "Uptime", isNumber: true },
  { column: "room", name: "Room", isNumber: true },
  { column: "fragments", name: "Yours", isNumber: true },
  { column: "cares", name: "Cares", isWide: true },
];

const HEAD_PADDING: Partial<Record<NodeColumn, string>> = { node: "ps-1", cares: "ps-6" };

export function NodeTable({ nodes }: { readonly nodes: readonly MeshNodeView[] }): ReactNode {
  const shown = useStore(nodesStore);
  const page = pageOf(sortedNodes(nodes, shown), shown.page, PAGE);
  if (nodes.length === 0) return <p className="text-muted">Nodes appear here as they are found.</p>;
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <table className="w-full text-start">
        <caption className="sr-only">Nodes of the mesh</caption>
        <thead>
          <tr className="border-b border-control">
            {COLUMNS.map((column) => (
              <Head key={column.column} {...column} />
            ))}
          </tr>
        </thead>
        <tbody>
          {page.items.map((node) => (
            <Row key={node.id} node={node} isPointed={node.id === shown.pointed} />
          ))}
        </tbody>
      </table>
      <Pager page={page} what="nodes" onTurn={turnTo} />
    </div>
  );
}

function Head({ column, ...shape }: Column): ReactNode {
  const shown = useStore(nodesStore);
  return (
    <SortedHead
      {...shape}
      direction={shown.column === column ? (shown.descending ? "descending" : "ascending") : null}
      padding={HEAD_PADDING[column] ?? ""}
      onSort={() => sortBy(column)}
    />
  );
}

function Row({ node, isPointed }: { readonly node: MeshNodeView; readonly isPointed: boolean }): ReactNode {
  const { id, domain, state, uptime, roomBytes, fragments, cares } = node;
  return (
    <tr className={`border-b border-divider ${isPointed ? "bg-divider" : ""}`}>
      <th scope="row" className="py-1 ps-1 text-start font-normal">
        <button
          type="button"
          aria-pressed={isPointed}
          onClick={() => pointAt(isPointed ? null : id)}
          className="ring-inside min-h-11 rounded text-start"
        >
          <span className="block font-mono">{shortNode(id)}</span>
          <span className="block text-sm wrap-anywhere text-muted">{domain}</span>
        </button>
        <span className="flex items-center gap-1 pb-1 text-sm text-muted rail:hidden">
          <State state={state} />
          {cares && "· cares"}
        </span>
      </th>
      <td className={`pe-2 ${WIDE}`}>
        <State state={state} />
      </td>
      <td className="text-end whitespace-nowrap tabular-nums">{percentWords(uptime)}</td>
      <td className="ps-3 text-end whitespace-nowrap tabular-nums">{formatBytes(roomBytes)}</td>
      <td className="ps-3 text-end tabular-nums">{fragments}</td>
      <td className={`ps-6 ${WIDE}`}>{cares ? "Yes" : "No"}</td>
    </tr>
  );
}

function State({ state }: Pick<MeshNodeView, "state">): ReactNode {
  return (
    <span title={nodeStateNote(state)} className="inline-flex items-center gap-1.5">
      <NodeSign state={state} />
      {nodeStateWords(state)}
    </span>
  );
}
