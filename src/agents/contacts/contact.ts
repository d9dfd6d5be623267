/**
 * How to write to an agent: the body of the statement `contact`. Of one device the latest counts.
 *
 *   contact   operator 32 | key 32 | relays u8, 1 to 4, each text8 | proof 64
 *
 * The key is the agent's own in the messaging layer (secp256k1, x-only), the relays where it collects. The log it stands
 * in says whose word it is. The proof is that key's signature over network, operator and relays: without it anybody
 * could state a stranger's key as his own, and be taken for the author of what it sends. It is checked where keys of that
 * layer are known, not here. Specified in NEP-34.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, fromHex, toHex } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { ByteReader } from "../../mesh/byte-reader.ts";
import type { OperatorId } from "../agent-ids.ts";
import { isLine, readText8, text8 } from "../text.ts";

export interface AgentContact {
  readonly operator: OperatorId;
  /** 32 bytes as hex. */
  readonly key: string;
  /** Addresses beginning with ws:// or wss://, each once. */
  readonly relays: readonly string[];
  /** 64 bytes as hex. */
  readonly proof: string;
}

const ID_BYTES = 32;
const PROOF_BYTES = 64;
const RELAY = /^wss?:\/\/[^\s/]/;
const HEX = /^[0-9a-f]+$/;

/** Throws UsageError `agent_contact` for what none can hold. */
export function encodeContact(contact: AgentContact): Uint8Array {
  const { operator, key, relays, proof } = contact;
  const isHex = (text: string, bytes: number): boolean => text.length === 2 * bytes && HEX.test(text);
  if (!isHex(operator, ID_BYTES) || !isHex(key, ID_BYTES) || !isHex(proof, PROOF_BYTES) || !areRelays(relays)) {
    throw new UsageError("agent_contact", "A contact cannot hold this.", {
      hint: `Name 1 to ${AGENT_LIMITS.contactRelays} different relays, each by an address that begins with wss:// or ws://.`,
    });
  }
  const places = [Uint8Array.of(relays.length), ...relays.map(text8)];
  return concatBytes(fromHex(operator), fromHex(key), ...places, fromHex(proof));
}

/** Null for whatever is none. That its proof holds is not said. Never throws. */
export function readContact(body: Uint8Array): AgentContact | null {
  const reader = new ByteReader(body);
  const [operator, key] = [reader.take(ID_BYTES), reader.take(ID_BYTES)];
  const count = Math.min(reader.u8() ?? 0, AGENT_LIMITS.contactRelays + 1);
  const relays = Array.from({ length: count }, () => readText8(reader, AGENT_LIMITS.contactRelayBytes) ?? "");
  const proof = reader.take(PROOF_BYTES);
  if (!reader.isDone || !operator || !key || !proof || !areRelays(relays)) return null;
  return { operator: toHex(operator) as OperatorId, key: toHex(key), relays, proof: toHex(proof) };
}

function areRelays(relays: readonly string[]): boolean {
  const isOne = (url: string): boolean => RELAY.test(url) && isLine(url, AGENT_LIMITS.contactRelayBytes);
  const isFew = relays.length >= 1 && relays.length <= AGENT_LIMITS.contactRelays;
  return isFew && new Set(relays).size === relays.length && relays.every(isOne);
}
