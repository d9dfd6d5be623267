/**
 * The operator's certificate of this machine's device, in its file: made at the setup, made anew in its last quarter where the operator's
 * key lies open on this machine. Elsewhere a person must see to it in time.
 */
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import { toHex } from "../core/bytes.ts";
import { ValidationError } from "../core/errors.ts";
import type { SignatureKeyPair } from "../crypto/signing.ts";
import type { DeviceId } from "../agents/agent-ids.ts";
import { type Certificate, readCertificate, signCertificate } from "../agents/trust/certificate.ts";
import type { Genesis } from "../agents/trust/genesis.ts";
import { readFileIfPresent, writeFileDurably } from "../vault/durable-file.ts";
import type { AgentPaths } from "./agent-paths.ts";
import { agentMissing } from "./agent-settings.ts";
import { readOpenOperatorKeys } from "./operator-keys.ts";

/** For as long as a paper can be valid. Throws UsageError `agent_certificate`. */
export function certifyDevice(
  { network }: Genesis,
  operator: SignatureKeyPair,
  device: SignatureKeyPair,
  { label, nowMs }: { readonly label: string; readonly nowMs: number },
): Uint8Array {
  const times = { madeAtMs: nowMs, notAfterMs: nowMs + AGENT_LIMITS.paperMs };
  return signCertificate({ network, device: toHex(device.publicKey) as DeviceId, label, ...times }, operator);
}

/** Throws ValidationError `agent_missing`, `agent_certificate`. */
export function openCertificate(paths: AgentPaths, { network }: Genesis): Certificate & { readonly bytes: Uint8Array } {
  const bytes = readFileIfPresent(paths.certificate);
  if (!bytes) throw agentMissing();
  const certificate = readCertificate(bytes, network);
  if (certificate) return { ...certificate, bytes };
  throw new ValidationError("agent_certificate", "The certificate of this agent is none of its network.", {
    hint: "Put the right file back.",
  });
}

/** Whether less than a quarter of its time is left. */
export function endsSoon({ madeAtMs, notAfterMs }: Certificate, nowMs: number): boolean {
  return notAfterMs - nowMs < (notAfterMs - madeAtMs) / 4;
}

/** The one in the file, or a new one that is put there. Throws as `openCertificate`. */
export function currentCertificate(
  paths: AgentPaths,
  genesis: Genesis,
  device: SignatureKeyPair,
  nowMs: number,
): Uint8Array {
  const certificate = openCertificate(paths, genesis);
  const { label, operator } = certificate;
  if (!endsSoon(certificate, nowMs)) return certificate.bytes;
  const key = readOpenOperatorKeys(paths.operatorKeys)?.find(({ publicKey }) => toHex(publicKey) === operator);
  if (!key) return certificate.bytes;
  const renewed = certifyDevice(genesis, key, device, { label, nowMs });
  writeFileDurably(paths.certificate, renewed);
  return renewed;
}
