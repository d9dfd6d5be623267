/**
 * The pre-shared key that the first two members of a session bring: whoever breaks the key package alone, or comes with
 * another account, does not get in.
 *
 *   psk = HKDF-SHA-512(ikm = ECDH(founder's npub, guest's npub) 32 | secret 32, salt "nocturne/bootstrap/v1",
 *                      info = founder 32 | guest 32 | SHA-256(guest's key package))
 *
 * The secret travels in the welcome letter, inside the hybrid envelope, so that the psk hangs on the curve of the two
 * npubs and, when the guest's card is known, on X-Wing. Specified in NEP-08.
 */

import { concatBytes, fromHex, wipeBytes } from "../../core/bytes.ts";
import { hkdfSha512, sha256 } from "../../crypto/key-derivation.ts";
import { secp256k1Key } from "../../crypto/provider.ts";

const SALT = "nocturne/bootstrap/v1";

export interface Bootstrap {
  /** Hex keys of the two accounts. */
  readonly founder: string;
  readonly guest: string;
  /** Of the guest. */
  readonly keyPackage: Uint8Array;
  /** 32 random bytes of the founder. */
  readonly secret: Uint8Array;
}

/** 32 bytes, the same for both: `ownSecretKey` is either's Nostr key. */
export function bootstrapPsk(
  { founder, guest, keyPackage, secret }: Bootstrap,
  ownSecretKey: Uint8Array,
  other: string,
): Uint8Array {
  const shared = secp256k1Key(ownSecretKey).sharedSecret(fromHex(other));
  const info = concatBytes(fromHex(founder), fromHex(guest), sha256(keyPackage));
  const psk = hkdfSha512(concatBytes(shared, secret), SALT, info, 32);
  wipeBytes(shared);
  return psk;
}
