/**
 * What is thought of a machine that holds fragments, by when it last answered and whether it still had what it took.
 *
 *   up --silent--> late --24 h--> suspect --7 days--> lost         a fragment on a lost machine counts as gone
 *    ^______________|________________|_________________|           whoever answers again is audited, and then up again
 *
 * Nobody is thrown out for being away: home machines sleep. Only who answers, and does not have what it signed for, loses
 * that fragment's trust.
 */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";

export type NodeState = "up" | "late" | "suspect" | "lost" | "returning";

export interface NodeRecord {
  /** When it last answered anything. */
  readonly answeredAtMs: number;
  /** When it last answered an audit right; of one that was just given its first fragment, then. */
  readonly auditedAtMs: number;
}

/** `returning`: it was suspect or lost and answers again, and no audit has said yet whether it kept what it had. */
export function nodeState({ answeredAtMs, auditedAtMs }: NodeRecord, nowMs: number): NodeState {
  const silentMs = nowMs - answeredAtMs;
  if (silentMs >= MESH_LIMITS.lostMs) return "lost";
  if (silentMs >= MESH_LIMITS.suspectMs) return "suspect";
  if (silentMs >= MESH_LIMITS.lateMs) return "late";
  return answeredAtMs - auditedAtMs >= MESH_LIMITS.suspectMs ? "returning" : "up";
}

/** Whether a fragment there is counted among those that are left. */
export function isCounted(state: NodeState): boolean {
  return state === "up" || state === "late";
}
