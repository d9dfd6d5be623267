/**
 * Keys of an operator in a file, 0600: they sign papers only, and need not be where the agent runs.
 *
 *   open     a line of 64 hex digits for each key
 *   sealed   "sealed" | base64url of: password slot (key-slots.ts) | the keys, 32 bytes each, under the key in that slot
 *
 * A person with a network of her own has three of them in one file.
 */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import {
  concatBytes,
  fromBase64Url,
  fromHex,
  toBase64Url,
  toHex,
  utf8Decode,
  utf8Encode,
  wipeBytes,
} from "../core/bytes.ts";
import { CodecError, ValidationError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { openBytes, sealBytes } from "../crypto/aead.ts";
import { decodeSlot, encodeSlot } from "../crypto/key-slot-format.ts";
import { openWithPassword, sealWithPassword } from "../crypto/key-slots.ts";
import { ed25519, type SignatureKeyPair } from "../crypto/signing.ts";
import { checkPassphrase } from "../vault/access.ts";
import { createPrivateFile, readFileIfPresent } from "../vault/durable-file.ts";

const KEY_BYTES = 32;
const OPEN = /^(?:[0-9a-f]{64}\n)+$/;
const SEALED = /^sealed ([\w-]+)\n$/;

/** Makes so many keys and the file; under the passphrase if there is one. Throws ValidationError `operator_keys_exist`, `passphrase_too_short`. */
export async function makeOperatorKeys(
  path: string,
  count: number,
  passphrase: string | null,
): Promise<SignatureKeyPair[]> {
  if (existsSync(path)) throw keysExist();
  if (passphrase !== null) checkPassphrase(passphrase);
  const seeds = Array.from({ length: count }, () => randomBytes(KEY_BYTES));
  const text =
    passphrase === null ? seeds.map((seed) => `${toHex(seed)}\n`).join("") : await sealKeys(seeds, passphrase);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  createPrivateFile(path, utf8Encode(text));
  return keysOf(seeds);
}

/**
 * `askPassphrase` is called for a sealed file only; null: nobody knows it. Throws ValidationError `operator_keys_missing` and
 * `operator_keys_sealed`, CodecError `operator_keys_corrupt`, CryptoError for a wrong passphrase.
 */
export async function readOperatorKeys(
  path: string,
  askPassphrase: () => Promise<string | null>,
): Promise<SignatureKeyPair[]> {
  const text = readText(path);
  if (text === null) throw keysMissing(path);
  if (OPEN.test(text)) return openKeys(text);
  const [, sealed] = SEALED.exec(text) ?? [];
  if (sealed === undefined) throw keysCorrupt(path);
  const passphrase = await askPassphrase();
  if (passphrase === null) throw keysSealed();
  return keysOf(await unsealKeys(path, sealed, passphrase));
}

/** Null where there are none, or a passphrase is needed. */
export function readOpenOperatorKeys(path: string): SignatureKeyPair[] | null {
  const text = readText(path);
  return text !== null && OPEN.test(text) ? openKeys(text) : null;
}

function readText(path: string): string | null {
  const bytes = readFileIfPresent(path);
  return bytes && utf8Decode(bytes);
}

function openKeys(text: string): SignatureKeyPair[] {
  const lines = text.trim().split("\n").slice(0, AGENT_LIMITS.genesisMost);
  return keysOf(lines.map(fromHex));
}

/** Wipes the seeds. */
function keysOf(seeds: readonly Uint8Array[]): SignatureKeyPair[] {
  const keys = seeds.map((seed) => ed25519.createKeyPair(seed));
  wipeBytes(...seeds);
  return keys;
}

async function sealKeys(seeds: readonly Uint8Array[], passphrase: string): Promise<string> {
  const key = randomBytes(KEY_BYTES);
  const slot = encodeSlot(await sealWithPassword(key, passphrase));
  const sealed = sealBytes(key, concatBytes(...seeds), slot);
  wipeBytes(key);
  return `sealed ${toBase64Url(concatBytes(slot, sealed))}\n`;
}

async function unsealKeys(path: string, sealed: string, passphrase: string): Promise<Uint8Array[]> {
  const bytes = fromBase64Url(sealed);
  const { slot, next } = decodeSlot(bytes, 0);
  const key = await openWithPassword([slot], passphrase);
  const seeds = openBytes(key, bytes.subarray(next), bytes.subarray(0, next));
  wipeBytes(key);
  if (seeds.length === 0 || seeds.length % KEY_BYTES !== 0) throw keysCorrupt(path);
  const count = seeds.length / KEY_BYTES;
  return Array.from({ length: count }, (_, i) => seeds.slice(i * KEY_BYTES, (i + 1) * KEY_BYTES));
}

function keysExist(): ValidationError {
  return new ValidationError("operator_keys_exist", "There is an operator's key in this file already.", {
    hint: "Show whose it is with: nocturne-agent operator",
  });
}

function keysMissing(path: string): ValidationError {
  return new ValidationError("operator_keys_missing", `There is no operator's key in ${path}.`, {
    hint: "Name the file with --key, or make one with: nocturne-agent operator",
  });
}

function keysSealed(): ValidationError {
  return new ValidationError("operator_keys_sealed", "The operator's key is under a passphrase.", {
    hint: "Give it at a terminal, or in NOCTURNE_SECRET.",
  });
}

function keysCorrupt(path: string): CodecError {
  return new CodecError("operator_keys_corrupt", `${path} holds no operator's key.`, {
    hint: "Put the right file back; without it nobody can be this operator.",
  });
}
