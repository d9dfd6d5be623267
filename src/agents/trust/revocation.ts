/**
 * One operator's word that another may not take part any longer, or that a key of his own is laid down. Of others' three are needed
 * (`trust-graph.ts`), one's own counts alone. There is no end to it and no way back: who comes again comes with another key.
 *
 *   revocation   version 1 | network 32 | by 32 | target 32 | note text8 | made at u64, ms | signature 64
 *
 * Numbers are big-endian; signed over "nocturne/agents/revocation/v1" and everything before the signature. Specified in NEP-27.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import { type ByteReader, isCount, u64 } from "../../mesh/byte-reader.ts";
import type { NetworkId, OperatorId } from "../agent-ids.ts";
import { isLine, readText8, text8 } from "../text.ts";
import { isKey, openPaper, signPaper } from "./paper.ts";

export interface Revocation {
  readonly network: NetworkId;
  readonly by: OperatorId;
  /** May be the same. */
  readonly target: OperatorId;
  readonly note: string;
  readonly madeAtMs: number;
}

const DOMAIN = "nocturne/agents/revocation/v1";

/** Throws UsageError `agent_revocation` for what none can hold. */
export function signRevocation(revocation: Omit<Revocation, "by">, by: SignatureKeyPair): Uint8Array {
  const { network, target, note, madeAtMs } = revocation;
  if (!isLine(note, AGENT_LIMITS.noteBytes) || !isCount(madeAtMs) || !isKey(target)) {
    throw new UsageError("agent_revocation", "A revocation cannot hold this.", {
      hint: `Name an operator's key, and say why in one line of at most ${AGENT_LIMITS.noteBytes} bytes.`,
    });
  }
  return signPaper(DOMAIN, { network, about: target, rest: concatBytes(text8(note), u64(madeAtMs)) }, by);
}

/** Null for whatever is no revocation of this network. Whether it counts is another matter. Never throws. */
export function readRevocation(bytes: Uint8Array, network: NetworkId): Revocation | null {
  const paper = openPaper(DOMAIN, bytes, network, readRest);
  return paper && { network, by: paper.by as OperatorId, target: paper.about as OperatorId, ...paper.rest };
}

function readRest(reader: ByteReader): Pick<Revocation, "note" | "madeAtMs"> | null {
  const [note, madeAtMs] = [readText8(reader, AGENT_LIMITS.noteBytes), reader.u64()];
  return note === null || madeAtMs === null ? null : { note, madeAtMs };
}
