/**
 * Passwords of files and links: the rule for them, and the sealed copy of a file's password that lets its owner
 * recover it with the recovery key alone.
 *
 *   vault's secret "files/v1" -> deriveKey("file-password/v1") -> AES-256-GCM, associated data: the file's id
 */
import { utf8Decode, utf8Encode } from "../core/bytes.ts";
import { ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { openBytes, sealBytes } from "../crypto/aead.ts";
import { deriveKey } from "../crypto/key-derivation.ts";

/**
 * Strength is the person's choice; only nonsense is refused. Throws ValidationError `bad_password` for an empty
 * one and one above 1,024 UTF-8 bytes.
 */
export function checkFilePassword(password: string): void {
  if (password !== "" && utf8Encode(password).length <= FILE_LIMITS.passwordBytes) return;
  throw new ValidationError("bad_password", `A password has 1 to ${FILE_LIMITS.passwordBytes} bytes.`, {
    hint: "Choose another password, or none.",
  });
}

/** `filesSecret` is 32 bytes. The id binds the copy to its file: it cannot be shown as another file's password. */
export function sealFilePassword(password: string, fileId: string, filesSecret: Uint8Array): Uint8Array {
  return sealBytes(recoveryKeyOf(filesSecret), utf8Encode(password), contextOf(fileId));
}

/** Throws CryptoError for another secret or file. */
export function openFilePassword(sealed: Uint8Array, fileId: string, filesSecret: Uint8Array): string {
  return utf8Decode(openBytes(recoveryKeyOf(filesSecret), sealed, contextOf(fileId)));
}

function recoveryKeyOf(filesSecret: Uint8Array): Uint8Array {
  return deriveKey(filesSecret, "file-password/v1");
}

function contextOf(fileId: string): Uint8Array {
  return utf8Encode(`nocturne/file-password/v1 ${fileId}`);
}
