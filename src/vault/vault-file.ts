/**
 * What opens the vault, in two small files.
 *
 *   vault.json  {"format":"nocturne-vault","header":"<base64url of a sealed header, purpose vault>"}
 *               slots of the vault key: key-file or password, and always recovery
 *   vault.key   32 random bytes that the key-file slot wants; only there without a passphrase
 *
 * Changing what opens the vault is one replacement of vault.json. A vault.key is written before the
 * header that needs it and destroyed after the header that does not, so that every crash in between
 * leaves a vault that opens.
 */

import { join } from "node:path";
import { fromBase64Url, toBase64Url, utf8Decode, utf8Encode } from "../core/bytes.ts";
import { VAULT_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import type { KeySlot } from "../crypto/key-slots.ts";
import { type DecodedHeader, decodeSealedHeader, encodeSealedHeader } from "../crypto/sealed-header.ts";
import { HEADER_FILE, KEY_FILE, vaultCorrupt } from "./data-directory.ts";
import { destroyFile, readFileIfPresent, writeFileDurably } from "./durable-file.ts";

const FORMAT = "nocturne-vault";
const KEY_FILE_BYTES = 32;

/** The header, not yet authenticated; null if there is no vault.json. Throws CodecError `vault_corrupt`. */
export function readVaultFile(dataDir: string): DecodedHeader | null {
  const bytes = readFileIfPresent(join(dataDir, HEADER_FILE));
  return bytes ? parseVaultFile(bytes) : null;
}

/** Throws CodecError `vault_corrupt` for anything but a vault's header that a recovery key can open. */
export function parseVaultFile(bytes: Uint8Array): DecodedHeader {
  try {
    if (bytes.length > 2 * VAULT_LIMITS.headerBytes) throw new Error("too long");
    const { format, header } = JSON.parse(utf8Decode(bytes)) as Record<string, unknown>;
    if (format !== FORMAT || typeof header !== "string") throw new Error("other format");
    const decoded = decodeSealedHeader(fromBase64Url(header));
    const usable = decoded.purpose === "vault" && decoded.slots.some((slot) => slot.type === "recovery");
    if (!usable) throw new Error("other purpose");
    return decoded;
  } catch (cause) {
    throw vaultCorrupt("its header (vault.json) is damaged.", { cause });
  }
}

/** The bytes of a vault.json. The MAC under the 32-byte vault key binds its slots to each other. */
export function encodeVaultFile(slots: readonly KeySlot[], vaultKey: Uint8Array): Uint8Array {
  const header = toBase64Url(encodeSealedHeader({ purpose: "vault", suite: "aes-256-gcm", slots }, vaultKey));
  return utf8Encode(`${JSON.stringify({ format: FORMAT, header })}\n`);
}

/** Replaces the slots in one step that a crash cannot halve. */
export function writeVaultFile(dataDir: string, slots: readonly KeySlot[], vaultKey: Uint8Array): DecodedHeader {
  const bytes = encodeVaultFile(slots, vaultKey);
  writeFileDurably(join(dataDir, HEADER_FILE), bytes);
  return parseVaultFile(bytes);
}

/** The 32 bytes of vault.key. Throws CodecError `vault_corrupt` if it is missing or damaged. */
export function readKeyFile(dataDir: string): Uint8Array {
  const key = readFileIfPresent(join(dataDir, KEY_FILE));
  if (key?.length === KEY_FILE_BYTES) return key;
  throw keyFileCorrupt(key ? "is damaged" : "is missing");
}

/** Makes a new vault.key and returns its 32 bytes. */
export function writeKeyFile(dataDir: string): Uint8Array {
  const key = randomBytes(KEY_FILE_BYTES);
  writeFileDurably(join(dataDir, KEY_FILE), key);
  return key;
}

export function destroyKeyFile(dataDir: string): void {
  destroyFile(join(dataDir, KEY_FILE));
}

export function keyFileCorrupt(what: string): ReturnType<typeof vaultCorrupt> {
  return vaultCorrupt(`its key file (vault.key) ${what}.`, {
    hint: "Nothing was changed. Open it with your recovery key: nocturne recovery restore - or restore a backup.",
  });
}
