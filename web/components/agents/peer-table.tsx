/** The operators as a table that says what the picture shows. On a narrow screen steps and standing stand under the name. */
import type { ReactNode } from "react";
import type { AgentPeer } from "../../../src/api/contract.ts";
import { depthWords, peerName, standingNote, standingWords } from "../../lib/agent-words.ts";
import { countOf } from "../../lib/format.ts";
import { percentWords, shortNode } from "../../lib/mesh-words.ts";
import {
  type PeerColumn,
  peersStore,
  pointAtPeer,
  sortedPeers,
  sortPeersBy,
  turnPeers,
} from "../../stores/agent-peers.ts";
import { pageOf } from "../../stores/mesh-nodes.ts";
import { useStore } from "../../stores/store.ts";
import { type HeadShape, SortedHead } from "../sorted-head.tsx";
import { Pager } from "../mesh/pager.tsx";
import { PeerSign } from "./peer-sign.tsx";

const PAGE = 10;
const WIDE = "max-rail:hidden";

interface Column extends HeadShape {
  readonly column: PeerColumn;
}

const COLUMNS: readonly Column[] = [
  { column: "operator", name: "Operator" },
  { column: "depth", name: "Steps", isWide: true },
  { column: "weight", name: "Weight", isNumber: true },
  { column: "verified", name: "Verified", isNumber: true },
  { column: "accuracy", name: "Accuracy", isNumber: true, isWide: true },
];

export function PeerTable({ peers }: { readonly peers: readonly AgentPeer[] }): ReactNode {
  const shown = useStore(peersStore);
  const page = pageOf(sortedPeers(peers, shown), shown.page, PAGE);
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <table className="w-full text-start">
        <caption className="sr-only">Operators of the network</caption>
        <thead>
          <tr className="border-b border-control">
            {COLUMNS.map((column) => (
              <Head key={column.column} {...column} />
            ))}
          </tr>
        </thead>
        <tbody>
          {page.items.map((peer) => (
            <Row key={peer.operator} peer={peer} peers={peers} isPointed={peer.operator === shown.pointed} />
          ))}
        </tbody>
      </table>
      <Pager page={page} what="operators" onTurn={turnPeers} />
    </div>
  );
}

function Head({ column, ...shape }: Column): ReactNode {
  const shown = useStore(peersStore);
  return (
    <SortedHead
      {...shape}
      direction={shown.column === column ? (shown.descending ? "descending" : "ascending") : null}
      padding={column === "operator" ? "ps-1" : ""}
      onSort={() => sortPeersBy(column)}
    />
  );
}

interface RowProps {
  readonly peer: AgentPeer;
  readonly peers: readonly AgentPeer[];
  readonly isPointed: boolean;
}

function Row({ peer, peers, isPointed }: RowProps): ReactNode {
  const { operator, label, depth, weight, verified, accuracy, quarantine, isSelf, devices, endorsers } = peer;
  return (
    <tr className={`border-b border-divider ${isPointed ? "bg-divider" : ""}`}>
      <th scope="row" className="min-w-0 py-1 ps-1 pe-2 text-start font-normal">
        <button
          type="button"
          aria-pressed={isPointed}
          onClick={() => pointAtPeer(isPointed ? null : operator)}
          className="ring-inside min-h-11 rounded text-start"
        >
          <span className="block wrap-anywhere">
            <bdi>{isSelf ? "You" : (label ?? "Of the genesis")}</bdi>
          </span>
          <span className="block font-mono text-sm text-muted">{shortNode(operator)}</span>
        </button>
        <span className="block pb-1 text-sm text-muted rail:hidden">{depthWords(depth)}</span>
        {quarantine !== "none" && (
          <span title={standingNote(quarantine)} className="flex items-center gap-1.5 pb-1 text-sm">
            <PeerSign quarantine={quarantine} />
            {standingWords(quarantine)}
          </span>
        )}
        {isPointed && (
          <span className="block pb-1 text-sm text-muted">
            {countOf(devices.length, "device")}
            {endorsers.length > 0 && (
              <>
                , held up by <bdi>{endorsers.map((one) => peerName(one, peers)).join(", ")}</bdi>
              </>
            )}
          </span>
        )}
      </th>
      <td className={`pe-2 whitespace-nowrap ${WIDE}`}>{depthWords(depth)}</td>
      <td className="ps-2 text-end tabular-nums">{weight.toFixed(1)}</td>
      <td className="ps-2 text-end tabular-nums">{verified}</td>
      <td className={`ps-2 text-end whitespace-nowrap tabular-nums ${WIDE}`}>{percentWords(accuracy)}</td>
    </tr>
  );
}
