/**
 * What a network begins with: who is in it without anybody's endorsement, and its rules. Nobody signs it: its hash is the network's name, and who
 * takes part has compared that name.
 *
 *   genesis   version 1 | name text8 | made at u64, ms | commit window u32, s | reveal window u32, s | count u8 | operators 32 each, rising
 *   network   SHA-256("nocturne/agents/genesis/v1" | genesis)
 *
 * Numbers are big-endian. At least three operators: fewer could endorse nobody. Specified in NEP-27.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, fromHex, toHex, u32, utf8Encode } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { isStrictKey } from "../../crypto/strict-key.ts";
import { ByteReader, isCount, u64 } from "../../mesh/byte-reader.ts";
import type { NetworkId, OperatorId } from "../agent-ids.ts";
import { isLine, readText8, text8 } from "../text.ts";
import { isKey } from "./paper.ts";

export interface Genesis {
  readonly network: NetworkId;
  readonly name: string;
  readonly madeAtMs: number;
  /** Windows of votes, whole seconds. */
  readonly commitMs: number;
  readonly revealMs: number;
  /** Rising. */
  readonly operators: readonly OperatorId[];
}

const VERSION = 1;
const DOMAIN = utf8Encode("nocturne/agents/genesis/v1");
const KEY_BYTES = 32;
const SECOND_MS = 1_000;

/** Operators in any order. Throws UsageError `agent_genesis` for what none can hold, and for fewer operators than three. */
export function encodeGenesis(genesis: Omit<Genesis, "network">): Uint8Array {
  const { name, madeAtMs, commitMs, revealMs } = genesis;
  const operators = genesis.operators.toSorted();
  const windows = [commitMs, revealMs].map((ms) => ms / SECOND_MS);
  const isGood = isLine(name, AGENT_LIMITS.labelBytes) && isCount(madeAtMs) && windows.every(isWindow);
  if (!isGood || !isCrowd(operators) || !operators.every(isKey)) {
    throw new UsageError("agent_genesis", "This cannot be the genesis of a network.", {
      hint: `Name ${AGENT_LIMITS.genesisLeast} to ${AGENT_LIMITS.genesisMost} different operators by the keys that they show you.`,
    });
  }
  const head = concatBytes(Uint8Array.of(VERSION), text8(name), u64(madeAtMs), ...windows.map(u32));
  return concatBytes(head, Uint8Array.of(operators.length), ...operators.map(fromHex));
}

/** Null for whatever is none: another version or order, too few operators, a key that is not strict. Never throws. */
export function readGenesis(bytes: Uint8Array): Genesis | null {
  const reader = new ByteReader(bytes);
  const [version, name, madeAtMs] = [reader.u8(), readText8(reader, AGENT_LIMITS.labelBytes), reader.u64()];
  const windows = [reader.u32() ?? 0, reader.u32() ?? 0] as const;
  const keys = Array.from({ length: reader.u8() ?? 0 }, () => reader.take(KEY_BYTES) ?? new Uint8Array());
  if (!reader.isDone || version !== VERSION || name === null || madeAtMs === null) return null;
  const operators = keys.map((key) => toHex(key) as OperatorId);
  if (!windows.every(isWindow) || !isCrowd(operators) || !keys.every(isStrictKey)) return null;
  const [commitMs, revealMs] = [windows[0] * SECOND_MS, windows[1] * SECOND_MS];
  return { network: networkIdOf(bytes), name, madeAtMs, commitMs, revealMs, operators };
}

/** The name of the network that begins with these bytes. */
export function networkIdOf(genesis: Uint8Array): NetworkId {
  return toHex(sha256(concatBytes(DOMAIN, genesis))) as NetworkId;
}

function isWindow(seconds: number): boolean {
  const { windowLeastS, windowMostS } = AGENT_LIMITS;
  return Number.isInteger(seconds) && seconds >= windowLeastS && seconds <= windowMostS;
}

/** Enough, not too many, rising and each once. */
function isCrowd(operators: readonly OperatorId[]): boolean {
  const isRising = operators.every((id, at) => at === 0 || (operators[at - 1] as OperatorId) < id);
  return isRising && operators.length >= AGENT_LIMITS.genesisLeast && operators.length <= AGENT_LIMITS.genesisMost;
}
