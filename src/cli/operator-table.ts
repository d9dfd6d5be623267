/** The state of a node that keeps fragments, for people. */
import type { OperatorStatus } from "../api/contract.ts";
import { formatBytes } from "./output.ts";

export function operatorTable(status: OperatorStatus): string {
  const { audits, traffic, care } = status;
  const share = status.maxBytes === 0 ? 0 : Math.round((100 * status.usedBytes) / status.maxBytes);
  const refusals = Object.entries(status.refused).map(([code, count]) => `${count} ${code}`);
  const rows: readonly (readonly [name: string, value: string])[] = [
    ["node", status.peerId],
    ["state", status.leaving ? "leaving: others are given what it holds" : "in the mesh"],
    ["up for", duration(status.uptimeS)],
    ["connected to", `${status.peers} nodes, ${status.known} known`],
    ["holds", `${status.fragments} fragments for ${status.owners} owners`],
    ["disk", `${formatBytes(status.usedBytes)} of ${formatBytes(status.maxBytes)} (${share} %)`],
    ["in the trash", formatBytes(status.trashBytes)],
    ["audits", `${audits.passed} shown, ${audits.failed} not`],
    ["took", `${traffic.storedFragments} fragments, ${formatBytes(traffic.receivedBytes)}`],
    ["gave", `${traffic.sentFragments} fragments, ${formatBytes(traffic.sentBytes)}`],
    ["refused", refusals.length === 0 ? "nothing" : refusals.join(", ")],
    ["cares for", care === null ? "nothing of others" : careText(care)],
    ["ledger", ledgerText(status.ledger)],
    ["addresses", status.addresses.join("\n              ") || "none: it can only be reached by others' help"],
  ];
  const table = rows.map(([name, value]) => `${name.padEnd(12)}  ${value}`);
  return [...table, ...status.warnings.map(({ text }) => `! ${text}`)].join("\n");
}

function careText(care: NonNullable<OperatorStatus["care"]>): string {
  const repaired = `${care.repairedFragments} fragments repaired (${formatBytes(care.repairedBytes)})`;
  const audits = `${care.auditsPassed} audits right, ${care.auditsFailed} not`;
  return `${care.objects} files of others: ${repaired}, ${audits}, ${care.unreadable} not readable now`;
}

function ledgerText({ entries, headSize, cosignatures, forksSeen }: OperatorStatus["ledger"]): string {
  const forks = forksSeen === 0 ? "" : `; forked nodes seen: ${forksSeen}`;
  return `${entries} entries signed, ${headSize} of them told; cosigned by ${cosignatures} others${forks}`;
}

function duration(seconds: number): string {
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`;
}
