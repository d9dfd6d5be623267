/** What whoever runs a node wants to know of it; plain values, for `--json` and for pages. */

/** Of a node that keeps fragments. */
export interface OperatorStatus {
  readonly running: true;
  /** As libp2p writes it. */
  readonly peerId: string;
  /** 64 hex digits; under this name owners know it. */
  readonly nodeId: string;
  /** Others can begin with these. */
  readonly addresses: readonly string[];
  readonly fragments: number;
  /** Of the disk, as the file system counts them. */
  readonly usedBytes: number;
  readonly maxBytes: number;
  /** Part of `usedBytes`: what was dropped lately. */
  readonly trashBytes: number;
  readonly owners: number;
  readonly uptimeS: number;
  /** Connected now. */
  readonly peers: number;
  /** Nodes that it has heard of. */
  readonly known: number;
  /** That it was asked: fragments that it showed, and ones that it could not show. */
  readonly audits: { readonly passed: number; readonly failed: number };
  readonly traffic: Traffic;
  /** Requests that it refused, by the code of the refusal. */
  readonly refused: Readonly<Record<string, number>>;
  /** Files of others that it repairs; null: it does not. */
  readonly care: CareStatus | null;
  /** Of what it signs. */
  readonly ledger: LedgerStatus;
  /** It says so, and waits until others hold what it holds. */
  readonly leaving: boolean;
  /** What should be looked at, and what to do. */
  readonly warnings: readonly OperatorWarning[];
}

export interface Traffic {
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly storedFragments: number;
  readonly sentFragments: number;
  /** Connections of the exchange, now. */
  readonly connections: number;
}

export interface CareStatus {
  readonly objects: number;
  /** Fragments that it asked others for, and were right, missing or wrong. */
  readonly auditsPassed: number;
  readonly auditsFailed: number;
  readonly repairedFragments: number;
  readonly repairedBytes: number;
  /** Objects of which some segment cannot be read now. */
  readonly unreadable: number;
}

export interface LedgerStatus {
  readonly entries: number;
  /** Entries under the newest head that was told to others. */
  readonly headSize: number;
  /** Other nodes that cosigned the newest head that was cosigned. */
  readonly cosignatures: number;
  /** Nodes of which it is proven that they keep two histories. */
  readonly forksSeen: number;
}

export interface OperatorWarning {
  readonly code: string;
  readonly text: string;
}

/** How far a node is that leaves. */
export interface LeaveProgress {
  /** Fragments that it still holds for others. */
  readonly left: number;
  readonly total: number;
}
