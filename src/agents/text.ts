/**
 * Text in formats of the agent mesh: length, then UTF-8. There is one encoding of each text, and nothing in it that changes how the
 * text around it is shown or read: no control characters, no direction marks, no characters that are not there.
 *
 *   text8    length u8  | UTF-8        one line
 *   text16   length u16 | UTF-8        may have line breaks and tabs
 */
import { concatBytes, u16, utf8Decode, utf8Encode } from "../core/bytes.ts";
import { hasHiddenSign } from "../core/hidden-signs.ts";
import type { ByteReader } from "../mesh/byte-reader.ts";

const LINES = /[\n\t]/g;

/** Whether it can stand in a line. */
export function isLine(text: string, most: number): boolean {
  return text === text.normalize("NFC") && !hasHiddenSign(text) && utf8Encode(text).length <= most;
}

/** Whether it can stand in several lines. */
export function isText(text: string, most: number): boolean {
  return text === text.normalize("NFC") && !hasHiddenSign(text.replace(LINES, "")) && utf8Encode(text).length <= most;
}

export function text8(text: string): Uint8Array {
  const bytes = utf8Encode(text);
  return concatBytes(Uint8Array.of(bytes.length), bytes);
}

export function text16(text: string): Uint8Array {
  const bytes = utf8Encode(text);
  return concatBytes(u16(bytes.length), bytes);
}

/** Null for a longer one, and for what is not in its one encoding. */
export function readText8(reader: ByteReader, most: number): string | null {
  const text = decode(reader.take(reader.u8() ?? 0));
  return text !== null && isLine(text, most) ? text : null;
}

export function readText16(reader: ByteReader, most: number): string | null {
  const text = decode(reader.take(reader.u16() ?? 0));
  return text !== null && isText(text, most) ? text : null;
}

function decode(bytes: Uint8Array | null): string | null {
  if (!bytes) return null;
  try {
    return utf8Decode(bytes);
  } catch {
    return null;
  }
}
