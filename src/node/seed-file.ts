/** A secret of 32 bytes in a file of its own, 0600, for what runs without a vault: who can read the file can be it. */
import { fromHex, toHex, utf8Decode, utf8Encode } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { readFileIfPresent, writeFileDurably } from "../vault/durable-file.ts";

const SEED_BYTES = 32;
const SEED_HEX = /^[0-9a-f]{64}\n?$/;

/** The seed in this file, or a new one that is written there. Throws CodecError `code`, with this hint, for anything else in it. */
export function readOrCreateSeed(path: string, code: string, hint: string): Uint8Array {
  const bytes = readFileIfPresent(path);
  if (bytes === null) {
    const seed = randomBytes(SEED_BYTES);
    writeFileDurably(path, utf8Encode(`${toHex(seed)}\n`));
    return seed;
  }
  return parseSeed(utf8Decode(bytes), path, code, hint);
}

/** As `readOrCreateSeed`, of a file that must be there. Throws also CodecError `code` where there is none. */
export function readSeed(path: string, code: string, hint: string): Uint8Array {
  return parseSeed(utf8Decode(readFileIfPresent(path) ?? new Uint8Array(0)), path, code, hint);
}

function parseSeed(text: string, path: string, code: string, hint: string): Uint8Array {
  if (SEED_HEX.test(text)) return fromHex(text.trim());
  throw new CodecError(code, `${path} is no key: it must hold 64 hex digits.`, { hint });
}
