/**
 * An operator's word that a device is his: a running agent with a key of its own, so that the operator's key need not be where agents run.
 *
 *   certificate   version 1 | network 32 | operator 32 | device 32 | label text8 | made at u64, ms | not after u64, ms | signature 64
 *
 * Numbers are big-endian; signed over "nocturne/agents/certificate/v1" and everything before the signature. Of one operator's for one device the one
 * that was made last counts, so that a newer one that ends at once takes a lost device out (`devices.ts`). Specified in NEP-27.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, toHex } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import { type ByteReader, u64 } from "../../mesh/byte-reader.ts";
import type { DeviceId, NetworkId, OperatorId } from "../agent-ids.ts";
import { isLine, readText8, text8 } from "../text.ts";
import { isKey, isSpan, openPaper, PAPER_DAYS, signPaper } from "./paper.ts";

export interface Certificate {
  readonly network: NetworkId;
  readonly operator: OperatorId;
  readonly device: DeviceId;
  readonly label: string;
  readonly madeAtMs: number;
  /** The last moment at which it is valid. */
  readonly notAfterMs: number;
}

type Rest = Pick<Certificate, "label" | "madeAtMs" | "notAfterMs">;

const DOMAIN = "nocturne/agents/certificate/v1";

/** Throws UsageError `agent_certificate` for what none can hold, and for the operator's own key as the device's. */
export function signCertificate(certificate: Omit<Certificate, "operator">, by: SignatureKeyPair): Uint8Array {
  const { network, device, label, madeAtMs, notAfterMs } = certificate;
  if (!isRest(certificate) || !isKey(device) || device === toHex(by.publicKey)) {
    throw new UsageError("agent_certificate", "A device's certificate cannot hold this.", {
      hint: `Certify a device's own key, for a time within ${PAPER_DAYS} days.`,
    });
  }
  const rest = concatBytes(text8(label), u64(madeAtMs), u64(notAfterMs));
  return signPaper(DOMAIN, { network, about: device, rest }, by);
}

/** Null for whatever is no certificate of this network, and for one of the operator's own key. Whether it is valid now is another matter. Never throws. */
export function readCertificate(bytes: Uint8Array, network: NetworkId): Certificate | null {
  const paper = openPaper(DOMAIN, bytes, network, readRest);
  if (!paper || paper.by === paper.about) return null;
  return { network, operator: paper.by as OperatorId, device: paper.about as DeviceId, ...paper.rest };
}

function readRest(reader: ByteReader): Rest | null {
  const [label, madeAtMs, notAfterMs] = [readText8(reader, AGENT_LIMITS.labelBytes), reader.u64(), reader.u64()];
  if (label === null || madeAtMs === null || notAfterMs === null) return null;
  const rest = { label, madeAtMs, notAfterMs };
  return isRest(rest) ? rest : null;
}

function isRest({ label, madeAtMs, notAfterMs }: Rest): boolean {
  return isLine(label, AGENT_LIMITS.labelBytes) && isSpan(madeAtMs, notAfterMs);
}
