/** The identity's secret key under a password, to be carried to another Nostr program (NIP-49). */
import * as nip49 from "nostr-tools/nip49";
import { ValidationError } from "../core/errors.ts";

const SCRYPT_LOG_N = 16; // 64 MiB and about half a second: as NIP-49 suggests
const SECURITY_UNKNOWN = 0x02;
const MIN_PASSWORD_CHARACTERS = 8;

/** `ncryptsec1...` of a 32-byte secret key. Throws ValidationError `password_too_short`. */
export function encryptSecretKey(secretKey: Uint8Array, password: string): string {
  if (password.length < MIN_PASSWORD_CHARACTERS) {
    throw new ValidationError("password_too_short", "This password is too short to guard a key.", {
      hint: `Use ${MIN_PASSWORD_CHARACTERS} characters or more.`,
    });
  }
  return nip49.encrypt(secretKey, password, SCRYPT_LOG_N, SECURITY_UNKNOWN);
}
