/**
 * One operator's word that another may take part, with so many agents at most, until a day. Three of them are needed (`trust-graph.ts`).
 *
 *   endorsement   version 1 | network 32 | endorser 32 | target 32 | label text8 | most agents u16 | made at u64, ms | not after u64, ms | signature 64
 *
 * Numbers are big-endian; signed over "nocturne/agents/endorsement/v1" and everything before the signature. Of one endorser's for one target the one
 * that was made last counts, so that a newer one takes an older one back. Specified in NEP-27.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, toHex, u16 } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import { type ByteReader, u64 } from "../../mesh/byte-reader.ts";
import type { NetworkId, OperatorId } from "../agent-ids.ts";
import { isLine, readText8, text8 } from "../text.ts";
import { isKey, isSpan, openPaper, PAPER_DAYS, signPaper } from "./paper.ts";

export interface Endorsement {
  readonly network: NetworkId;
  readonly endorser: OperatorId;
  readonly target: OperatorId;
  /** What the endorser calls the target. */
  readonly label: string;
  readonly mostAgents: number;
  readonly madeAtMs: number;
  /** The last moment at which it is valid. */
  readonly notAfterMs: number;
}

type Rest = Pick<Endorsement, "label" | "mostAgents" | "madeAtMs" | "notAfterMs">;

const DOMAIN = "nocturne/agents/endorsement/v1";

/** Throws UsageError `agent_endorsement` for what none can hold, and for one of oneself. */
export function signEndorsement(endorsement: Omit<Endorsement, "endorser">, by: SignatureKeyPair): Uint8Array {
  const { network, target, label, mostAgents, madeAtMs, notAfterMs } = endorsement;
  if (!isRest(endorsement) || !isKey(target) || target === toHex(by.publicKey)) {
    throw new UsageError("agent_endorsement", "An endorsement cannot hold this.", {
      hint: `Endorse the key that another operator shows you, for a time within ${PAPER_DAYS} days.`,
    });
  }
  const rest = concatBytes(text8(label), u16(mostAgents), u64(madeAtMs), u64(notAfterMs));
  return signPaper(DOMAIN, { network, about: target, rest }, by);
}

/** Null for whatever is no endorsement of this network, and for one of oneself. Whether it is valid now is another matter. Never throws. */
export function readEndorsement(bytes: Uint8Array, network: NetworkId): Endorsement | null {
  const paper = openPaper(DOMAIN, bytes, network, readRest);
  if (!paper || paper.by === paper.about) return null;
  return { network, endorser: paper.by as OperatorId, target: paper.about as OperatorId, ...paper.rest };
}

function readRest(reader: ByteReader): Rest | null {
  const [label, mostAgents] = [readText8(reader, AGENT_LIMITS.labelBytes), reader.u16()];
  const [madeAtMs, notAfterMs] = [reader.u64(), reader.u64()];
  if (label === null || mostAgents === null || madeAtMs === null || notAfterMs === null) return null;
  const rest = { label, mostAgents, madeAtMs, notAfterMs };
  return isRest(rest) ? rest : null;
}

function isRest({ label, mostAgents, madeAtMs, notAfterMs }: Rest): boolean {
  const isNumber = Number.isInteger(mostAgents) && mostAgents >= 1 && mostAgents <= AGENT_LIMITS.devices;
  return isNumber && isLine(label, AGENT_LIMITS.labelBytes) && isSpan(madeAtMs, notAfterMs);
}
