/**
 * Ed25519 public keys that can only mean one signer.
 *
 * RFC 8032 does not say that a verifier looks at the key. With the eight points of small order everybody can sign: for the all-zero key one message in
 * four fits a signature that needs no secret, for the identity every message does. OpenSSL 3.0 takes them, 3.5.8 does not, libraries that follow ZIP 215
 * must. An honest point with one of these added, which OpenSSL takes, or a second encoding, gives one signer several names. So a key counts only if it
 * is the one encoding of a point other than the identity in the group of prime order, as all keys are that a seed makes, whatever verifies.
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import { toHex } from "../core/bytes.ts";

/** Keys that passed: the multiplication by the group's order takes a millisecond, and the same few keys sign everything. */
const passed = new Set<string>();

/** False for whatever is none, of any length. Never throws. */
export function isStrictKey(bytes: Uint8Array): boolean {
  const key = toHex(bytes);
  if (passed.has(key)) return true;
  if (!isOfPrimeOrder(bytes)) return false;
  if (passed.size >= AGENT_LIMITS.strictKeys) passed.delete(passed.values().next().value as string);
  passed.add(key);
  return true;
}

function isOfPrimeOrder(bytes: Uint8Array): boolean {
  try {
    const point = ed25519.Point.fromBytes(bytes, false);
    return !point.is0() && point.isTorsionFree();
  } catch {
    return false;
  }
}
