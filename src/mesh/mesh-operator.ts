/** What a node tells whoever runs it, put together from its rooms, with what should be looked at. */
import type { Clock } from "../core/clock.ts";
import type { ExchangeServer } from "./exchange/server.ts";
import type { LedgerMember, LedgerView } from "./ledger/member.ts";
import type { MeshNetwork } from "./network/mesh-network.ts";
import type { NodeId } from "./node-id.ts";
import type { OperatorStatus, OperatorWarning } from "./operator-status.ts";
import type { Caretaker } from "./repair/caretaker.ts";
import type { FragmentStore } from "./store/fragment-store.ts";

export interface OperatorParts {
  readonly id: NodeId;
  readonly network: MeshNetwork;
  /** Null where it keeps nothing for others. */
  readonly disk: FragmentStore | null;
  readonly server: ExchangeServer | null;
  readonly caretaker: Caretaker;
  readonly member: LedgerMember;
  readonly cares: boolean;
  readonly clock: Clock;
}

/** From here on a node is told to be nearly full. */
const NEARLY_FULL = 0.95;

const NO_DISK = { fragments: 0, usedBytes: 0, maxBytes: 0, trashBytes: 0, owners: 0 };

export class MeshOperator {
  readonly #parts: OperatorParts;
  readonly #sinceMs: number;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
    this.#sinceMs = parts.clock.nowMs();
  }

  status(leaving: boolean): OperatorStatus {
    const { id, network, disk, server, caretaker, member, cares, clock } = this.#parts;
    const counters = server?.counters();
    const { isBehind, isForked, ...ledger } = member.view();
    const { objects, auditsPassed, auditsFailed, repairedFragments, repairedBytes, unreadable } = caretaker.view();
    const status = {
      running: true,
      peerId: network.peerId,
      nodeId: id,
      addresses: network.addresses(),
      ...(disk?.usage() ?? NO_DISK),
      uptimeS: Math.floor((clock.nowMs() - this.#sinceMs) / 1_000),
      peers: network.connected,
      known: network.roster.nodes().length,
      audits: { passed: counters?.auditsPassed ?? 0, failed: counters?.auditsFailed ?? 0 },
      traffic: {
        receivedBytes: counters?.bytesIn ?? 0,
        sentBytes: counters?.bytesOut ?? 0,
        storedFragments: counters?.fragmentsStored ?? 0,
        sentFragments: counters?.fragmentsSent ?? 0,
        connections: counters?.connections ?? 0,
      },
      refused: counters?.refusals ?? {},
      care: cares ? { objects, auditsPassed, auditsFailed, repairedFragments, repairedBytes, unreadable } : null,
      ledger,
      leaving,
    } as const;
    return { ...status, warnings: [...ledgerWarnings({ isBehind, isForked }), ...warningsOf(status)] };
  }
}

function ledgerWarnings({ isBehind, isForked }: Pick<LedgerView, "isBehind" | "isForked">): OperatorWarning[] {
  const behind =
    "It signs nothing: others know entries of its ledger that its disk does not have, so an older copy was put back. Put the newest copy in its place, or begin with a new key.";
  const forked =
    "It is forked: there is proof that it signed two histories, so others give it nothing more. Begin with a new key, and find out who else has this one.";
  return [
    ...(isBehind ? [{ code: "ledger_behind", text: behind }] : []),
    ...(isForked ? [{ code: "ledger_forked", text: forked }] : []),
  ];
}

function warningsOf(status: Omit<OperatorStatus, "warnings">): OperatorWarning[] {
  const { audits, usedBytes, maxBytes, peers, addresses, uptimeS } = status;
  const warnings: OperatorWarning[] = [];
  const warn = (code: string, text: string): void => void warnings.push({ code, text });
  if (audits.failed > 0) {
    warn(
      "fragments_lost",
      `${audits.failed} fragments could not be shown when owners asked for them. Check the disk: an owner who meets this twice moves what lies here.`,
    );
  }
  if (usedBytes > maxBytes) warn("over_limit", "It holds more than it may now; nothing new is taken until leases end.");
  else if (maxBytes > 0 && usedBytes > NEARLY_FULL * maxBytes)
    warn("nearly_full", "It is nearly full. Give it more with --max-storage, or leave it so.");
  if (peers === 0 && uptimeS > 60)
    warn("alone", "It is connected to no other node. Check the network, or give it an address with --bootstrap.");
  if (addresses.length === 0) warn("not_reachable", "It has no address at which others could reach it.");
  return warnings;
}
