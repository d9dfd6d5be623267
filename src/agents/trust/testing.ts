/** Trust for tests: key pairs made of a number, people by a word, and what they say of each other without a signature. */
import { toHex, utf8Encode } from "../../core/bytes.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import type { DeviceId, NetworkId, OperatorId } from "../agent-ids.ts";
import type { Endorsement } from "./endorsement.ts";
import type { Genesis } from "./genesis.ts";
import type { Revocation } from "./revocation.ts";
import { type Papers, type Standing, standing } from "./trust-graph.ts";

export const NOW: number = Date.UTC(2026, 10, 27);
export const DAY_MS: number = 86_400_000;
export const NETWORK: NetworkId = "7e".repeat(32) as NetworkId;

export function keyPair(number: number): SignatureKeyPair {
  return ed25519.createKeyPair(new Uint8Array(32).fill(number));
}

export function operatorOf({ publicKey }: SignatureKeyPair): OperatorId {
  return toHex(publicKey) as OperatorId;
}

export function deviceOf({ publicKey }: SignatureKeyPair): DeviceId {
  return toHex(publicKey) as DeviceId;
}

/** Somebody of whom only a name is needed: ids rise as names do. */
export function named(name: string): OperatorId {
  return toHex(utf8Encode(name)).padEnd(64, "0") as OperatorId;
}

export function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

/** A network that begins with these people. */
export function genesisOf(names: string): Genesis {
  const operators = words(names).map(named).sort();
  return { network: NETWORK, name: "test", madeAtMs: NOW, commitMs: 1_000, revealMs: 1_000, operators };
}

/** Each of the ones endorses each of the others. */
export function endorse(endorsers: string, targets: string, said: Partial<Endorsement> = {}): Endorsement[] {
  const usual = { network: NETWORK, label: "", mostAgents: 4, madeAtMs: NOW, notAfterMs: NOW + DAY_MS };
  return pairs(endorsers, targets).map(([endorser, target]) => ({ ...usual, endorser, target, ...said }));
}

export function revoke(by: string, targets: string, said: Partial<Revocation> = {}): Revocation[] {
  return pairs(by, targets).map(([by, target]) => ({ network: NETWORK, by, target, note: "", madeAtMs: NOW, ...said }));
}

function pairs(ones: string, others: string): (readonly [OperatorId, OperatorId])[] {
  return words(ones).flatMap((one) => words(others).map((other) => [named(one), named(other)] as const));
}

/** Of those who have standing their names and depths. */
export function depths(genesis: Genesis, papers: Partial<Papers>, atMs: number = NOW): Record<string, number> {
  const found = standing(genesis, { endorsements: [], revocations: [], ...papers }, atMs);
  return Object.fromEntries([...found].map(([id, { depth }]) => [nameOf(id), depth]));
}

export function standingOf(name: string, genesis: Genesis, papers: Partial<Papers>): Standing | undefined {
  return standing(genesis, { endorsements: [], revocations: [], ...papers }, NOW).get(named(name));
}

export function nameOf(id: string): string {
  return Buffer.from(id, "hex").toString().replaceAll("\0", "");
}
