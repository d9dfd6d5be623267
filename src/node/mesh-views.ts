/** What the node tells its callers of the storage mesh: plain data, ready for JSON. */
import type { OperatorStatus } from "../mesh/operator-status.ts";
import type { NodeState } from "../mesh/placement/node-state.ts";

/** What a person chose; see PATCH /api/mesh. */
export interface MeshSettings {
  readonly on: boolean;
  /** Nodes to begin with, as `nocturne-node status` tells them. */
  readonly bootstrap: readonly string[];
  /** Finds nodes in the local network, and is found there. */
  readonly lan: boolean;
  /** What this machine keeps for others; null: it is no node. */
  readonly share: MeshShare | null;
}

export interface MeshShare {
  /** Real bytes of the disk. */
  readonly maxBytes: number;
  /** Where it listens; port 0 takes any free one. */
  readonly host: string;
  readonly port: number;
  /** Whether it repairs files of others, too. */
  readonly care: boolean;
}

/** POST /api/mesh/join: what is left out stays as it was chosen before. */
export interface JoinMesh {
  readonly bootstrap?: readonly string[];
  readonly lan?: boolean;
  readonly share?: MeshShare | null;
  /** Of a private mesh, 64 hex digits; null: the mesh of everybody. It is never told again. */
  readonly networkKey?: string | null;
}

/** POST /api/mesh/vouchers {voucher}: a node's promise, base64url, of more than strangers get. */
export interface MeshVoucherView {
  /** The node's name, shortened. */
  readonly node: string;
  readonly bytes: number;
  readonly until: string;
}

/** GET /api/mesh */
export interface MeshView extends MeshSettings {
  /**
   * `off`: not joined. `starting`. `up`. `waiting`: joined, and it cannot be used now, see `problem`; it comes back by itself.
   */
  readonly state: "off" | "starting" | "up" | "waiting";
  readonly problem: MeshProblem | null;
  /** Whether only nodes with the same network key are met. */
  readonly isPrivate: boolean;
  /** Where nodes are asked for besides; chosen at the start of this node. */
  readonly tracker: string | null;
  /** Under which nodes know this person, 64 hex digits; it leads to nobody's npub. What an operator needs for a voucher. */
  readonly owner: string;
  /** Known ones, those with something of this person first. */
  readonly nodes: readonly MeshNodeView[];
  /** How a file would be cut now; null while no node would take one. */
  readonly coding: MeshCodingView | null;
  readonly kept: MeshKeptView;
  readonly account: MeshAccountView;
  readonly vouchers: readonly MeshVoucherView[];
  /** What this machine does as a node; null where it is none, or not up. */
  readonly own: OperatorStatus | null;
}

export interface MeshProblem {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

export interface MeshNodeView {
  /** The first 16 of 64 hex digits. */
  readonly id: string;
  /** Machines that may fail together: a /24, a /48, a house. */
  readonly domain: string;
  /** `forked`: there is proof that it signed two histories; it gets nothing more, and what it has is brought elsewhere. */
  readonly state: NodeState | "forked";
  /** Share of time in which it was reachable, as measured here, 0 to 1. */
  readonly uptime: number;
  /** What it said it would take. */
  readonly roomBytes: number;
  /** Whether it looks after files of others. */
  readonly cares: boolean;
  /** Of this person, as of the last look. */
  readonly fragments: number;
}

export interface MeshCodingView {
  readonly needed: number;
  readonly total: number;
  /** Whether a file is then out of reach less than once in 1,000,000,000 times. */
  readonly holds: boolean;
}

/** What this person has in the mesh. */
export interface MeshKeptView {
  /** Sealed contents: what alike files share counts once. */
  readonly files: number;
  /** On their way, or waiting. */
  readonly waiting: number;
  /** Before they were coded, and how many; small contents share one. */
  readonly bytes: number;
  readonly objects: number;
  /** Of these, by the nodes that are there now: enough is missing for a repair; cannot be read. */
  readonly due: number;
  readonly unreadable: number;
  /** Given up, and not all nodes were told. */
  readonly leaving: number;
  /** Why what waits does so; null when nothing is wrong. */
  readonly problem: MeshProblem | null;
}

/** GET /api/mesh/receipts: in the order in which they were kept. */
export interface MeshReceiptPage {
  readonly receipts: readonly MeshReceiptView[];
  /** `after` of the next page; null: this is the last one. */
  readonly next: number | null;
  /** All that lie in the mesh, whether or not a node signed for them. */
  readonly objects: number;
}

/** What one node signed that it keeps of one object. */
export interface MeshReceiptView {
  /** 64 hex digits each. */
  readonly object: string;
  readonly node: string;
  /** That it names and that lie there, by what is known now. */
  readonly fragments: number;
  /** Of the object at all nodes. */
  readonly objectFragments: number;
  readonly until: string;
  readonly madeAt: string;
  /** As it was signed, base64url; NEP-24. */
  readonly receipt: string;
}

/** The account's copy in the mesh, which the recovery key finds. */
export interface MeshAccountView {
  readonly copiedAt: string | null;
  readonly bytes: number;
  /** False: something changed since. */
  readonly isCurrent: boolean;
  readonly problem: MeshProblem | null;
}
