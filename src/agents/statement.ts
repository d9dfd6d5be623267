/**
 * What a device says: the frame of every statement. What stands in it is the matter of its kind.
 *
 *   statement   version 1 | kind u8 | network 32 | body
 *
 * A statement is signed by standing in a device's log; see docs/agents.md.
 */
import { concatBytes, fromHex, toHex } from "../core/bytes.ts";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import type { NetworkId } from "./agent-ids.ts";

/** Numbers are never given twice. */
export const STATEMENT_KINDS = {
  certificate: 1,
  enrolment: 2,
  revocation: 3,
  entry: 4,
  commitment: 5,
  reveal: 6,
  withdrawal: 7,
  job: 8,
  lease: 9,
  result: 10,
  check: 11,
  case: 12,
  contact: 13,
} as const;

export type StatementKind = keyof typeof STATEMENT_KINDS;

export interface Statement {
  readonly kind: StatementKind;
  readonly network: NetworkId;
  readonly body: Uint8Array;
}

const VERSION = 1;
const NETWORK_BYTES = 32;
const HEAD_BYTES = 2 + NETWORK_BYTES;

export function encodeStatement({ kind, network, body }: Statement): Uint8Array {
  return concatBytes(Uint8Array.of(VERSION, STATEMENT_KINDS[kind]), fromHex(network), body);
}

/** Null for whatever is none: another version or kind, too short or too long. Never throws. */
export function readStatement(bytes: Uint8Array): Statement | null {
  const kind = (Object.keys(STATEMENT_KINDS) as StatementKind[]).find((key) => STATEMENT_KINDS[key] === bytes[1]);
  const isWhole = bytes.length > HEAD_BYTES && bytes.length <= AGENT_LIMITS.statementBytes;
  if (bytes[0] !== VERSION || !kind || !isWhole) return null;
  return { kind, network: toHex(bytes.subarray(2, HEAD_BYTES)) as NetworkId, body: bytes.slice(HEAD_BYTES) };
}
