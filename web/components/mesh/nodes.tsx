/** The nodes: the picture, beside it the table. */
import type { ReactNode } from "react";
import type { MeshView } from "../../../src/api/contract.ts";
import { codingWords } from "../../lib/mesh-words.ts";
import { NodeMap } from "./node-map.tsx";
import { NodeTable } from "./node-table.tsx";

export function NodesSection({ mesh: { nodes, coding } }: { readonly mesh: MeshView }): ReactNode {
  return (
    <section aria-labelledby="nodes-heading" className="flex flex-col gap-6 border-t border-divider py-8">
      <div className="flex max-w-3xl flex-col gap-2">
        <h2 id="nodes-heading" className="text-lg font-semibold">
          Nodes
        </h2>
        <p>{codingWords(coding)}</p>
      </div>
      <div className="grid grid-cols-1 items-start gap-8 side:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
        <NodeMap nodes={nodes} />
        <NodeTable nodes={nodes} />
      </div>
    </section>
  );
}
