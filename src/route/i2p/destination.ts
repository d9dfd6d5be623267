/**
 * Keys and addresses of I2P destinations (I2P "Common structures": Destination, Key Certificate), without a router.
 *
 *   seed 32 --Ed25519--> public key 32
 *   destination 391 = padding 256+96 | public key 32 | certificate 05 0004 0007 0000        (Ed25519; ElGamal's place unused)
 *   private key 679 = destination | 256, unused | seed                  address = base32( SHA-256(destination) ) ".b32.i2p"
 *
 * So an address is known before a router runs, and goes on when another router serves it. What encrypts is a key of the
 * lease set, which the router makes; the place in the destination for one has not been used since I2P 0.6.
 */
import { base32nopad, base64 } from "@scure/base";
import { concatBytes, utf8Encode } from "../../core/bytes.ts";
import { ed25519SigningKey, hmac, sha256 } from "../../crypto/provider.ts";

const SEED_BYTES = 32;
/** Padding is one random block over and over, so that it costs little to tell (I2P proposal 161). */
const PADDING_BLOCKS = (256 + 96) / 32;
const UNUSED_BLOCKS = 256 / 32;
const CERTIFICATE = Uint8Array.of(5, 0, 4, 0, 7, 0, 0);

/** `<52 characters>.b32.i2p` of a seed of 32 bytes. */
export function i2pHost(seed: Uint8Array): string {
  return `${base32nopad.encode(sha256(destination(seed))).toLowerCase()}.b32.i2p`;
}

/** As SESSION CREATE takes it: base64 of 679 bytes, with `-` and `~` for `+` and `/`. */
export function i2pSecret(seed: Uint8Array): string {
  const unused = repeated(hmac("sha256", seed, utf8Encode("nocturne/i2p/unused")), UNUSED_BLOCKS);
  const bytes = concatBytes(destination(seed), unused, seed);
  return base64.encode(bytes).replaceAll("+", "-").replaceAll("/", "~");
}

function destination(seed: Uint8Array): Uint8Array {
  if (seed.length !== SEED_BYTES) throw new RangeError(`a seed has ${SEED_BYTES} bytes`);
  const padding = repeated(hmac("sha256", seed, utf8Encode("nocturne/i2p/padding")), PADDING_BLOCKS);
  return concatBytes(padding, ed25519SigningKey(seed).publicKey, CERTIFICATE);
}

function repeated(block: Uint8Array, times: number): Uint8Array {
  return concatBytes(...Array.from({ length: times }, () => block));
}
