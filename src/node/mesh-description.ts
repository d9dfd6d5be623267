/** The storage mesh in one answer, put together from what its rooms say. */
import { NocturneError, type NocturneError as Problem } from "../core/errors.ts";
import type { Voucher } from "../mesh/exchange/voucher.ts";
import type { AccountCopyView } from "../mesh/keeper/account-copy.ts";
import type { MeshKeeper } from "../mesh/keeper/keeper.ts";
import type { OwnerId } from "../mesh/node-id.ts";
import type { RunningMesh } from "./mesh.ts";
import type { MeshCodingView, MeshNodeView, MeshProblem, MeshSettings, MeshView } from "./mesh-views.ts";

export interface MeshParts {
  readonly settings: MeshSettings;
  readonly state: MeshView["state"];
  readonly problem: MeshProblem | null;
  readonly isPrivate: boolean;
  readonly tracker: string | null;
  readonly owner: OwnerId;
  readonly engine: RunningMesh | null;
  readonly keeper: MeshKeeper;
  readonly copy: AccountCopyView;
  readonly vouchers: readonly Voucher[];
}

const ID_DIGITS = 16;

export function describeMesh({ settings, engine, keeper, copy, vouchers, ...said }: MeshParts): MeshView {
  const { blobs, waiting, bytes, objects, due, unreadable, leaving, problem } = keeper.totals();
  return {
    ...settings,
    ...said,
    nodes: engine ? nodesOf(engine, keeper) : [],
    coding: engine && codingOf(engine),
    kept: { files: blobs, waiting, bytes, objects, due, unreadable, leaving, problem: describeProblem(problem) },
    account: {
      copiedAt: copy.madeAtMs === null ? null : new Date(copy.madeAtMs).toISOString(),
      bytes: copy.bytes,
      isCurrent: copy.isCurrent,
      problem: describeProblem(copy.problem),
    },
    vouchers: vouchers.map(({ node, bytes: promised, untilMs }) => {
      return { node: node.slice(0, ID_DIGITS), bytes: promised, until: new Date(untilMs).toISOString() };
    }),
    own: engine && settings.share ? engine.status() : null,
  };
}

function nodesOf({ roster }: RunningMesh, keeper: MeshKeeper): MeshNodeView[] {
  const nodes = roster.nodes().map(({ id, domain, state: is, isForked, uptime, roomBytes, cares }) => {
    const state: MeshNodeView["state"] = isForked ? "forked" : is;
    return { id: id.slice(0, ID_DIGITS), domain, state, uptime, roomBytes, cares, fragments: keeper.fragmentsAt(id) };
  });
  return nodes.toSorted((a, b) => b.fragments - a.fragments);
}

function codingOf({ writer }: RunningMesh): MeshCodingView | null {
  try {
    const { needed, total, holds } = writer.redundancy();
    return { needed, total, holds };
  } catch (error) {
    if (error instanceof NocturneError) return null;
    throw error;
  }
}

function describeProblem(error: Problem | null): MeshProblem | null {
  return error && { code: error.code, message: error.message, hint: error.hint ?? null };
}
