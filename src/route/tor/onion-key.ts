/**
 * Keys and addresses of onion services, version 3 (rend-spec-v3, sections 1.5 and 6), without a tor.
 *
 *   seed 32 --SHA-512--> a 32 | prefix 32 (ADD_ONION takes these 64)         seed --Ed25519--> public key 32
 *   address = base32( public key 32 | SHA3-256(".onion checksum" | public key | 3)[0..2] | 3 ) ".onion"
 */
import { base32nopad, base64 } from "@scure/base";
import { concatBytes, equalBytes, utf8Encode, wipeBytes } from "../../core/bytes.ts";
import { ed25519SigningKey, sha3_256, sha512 } from "../../crypto/provider.ts";

const VERSION = 3;
const SEED_BYTES = 32;
const PUBLIC_KEY_BYTES = 32;
const CHECKSUM_BYTES = 2;
const ADDRESS = /^([a-z2-7]{56})\.onion$/;

/** `<56 characters>.onion` of a seed of 32 bytes. */
export function onionHost(seed: Uint8Array): string {
  if (seed.length !== SEED_BYTES) throw new RangeError(`a seed has ${SEED_BYTES} bytes`);
  const publicKey = ed25519SigningKey(seed).publicKey;
  const address = concatBytes(publicKey, checksum(publicKey), Uint8Array.of(VERSION));
  return `${base32nopad.encode(address).toLowerCase()}.onion`;
}

/** Whether this is the address of an onion service: of version 3, and without a slip of the pen. A subdomain is none. */
export function isOnionHost(host: string): boolean {
  const [, text] = ADDRESS.exec(host.toLowerCase()) ?? [];
  if (text === undefined) return false;
  const bytes = base32nopad.decode(text.toUpperCase());
  const publicKey = bytes.subarray(0, PUBLIC_KEY_BYTES);
  const given = bytes.subarray(PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES + CHECKSUM_BYTES);
  return bytes.at(-1) === VERSION && equalBytes(given, checksum(publicKey));
}

/** The expanded secret key as ADD_ONION takes it: base64 of 64 bytes. */
export function onionSecret(seed: Uint8Array): string {
  const expanded = sha512(seed);
  // Clamped as in RFC 8032, section 5.1.5: Tor takes the scalar as it is.
  expanded[0] = (expanded[0] ?? 0) & 0b1111_1000;
  expanded[31] = ((expanded[31] ?? 0) & 0b0111_1111) | 0b0100_0000;
  const text = base64.encode(expanded);
  wipeBytes(expanded);
  return text;
}

function checksum(publicKey: Uint8Array): Uint8Array {
  return sha3_256(concatBytes(utf8Encode(".onion checksum"), publicKey, Uint8Array.of(VERSION))).subarray(
    0,
    CHECKSUM_BYTES,
  );
}
