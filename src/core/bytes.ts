/** Bytes and their text forms. All functions are pure and run in Node and in a browser. */

import { base64urlnopad, hex } from "@scure/base";
import { CodecError } from "./errors.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Memory that is not zeroed where the platform has such, for callers that write every byte before anybody reads one. */
export function unwrittenBytes(length: number): Uint8Array {
  if (typeof Buffer === "undefined") return new Uint8Array(length);
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

/** Lower-case hex. As with base64url, Buffer is many times as fast as JavaScript. */
export function toHex(bytes: Uint8Array): string {
  if (typeof Buffer === "undefined") return hex.encode(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** Bytes of a hex string in either case. Throws CodecError `bad_hex`. */
export function fromHex(text: string): Uint8Array {
  try {
    return typeof Buffer === "undefined" ? hex.decode(text.toLowerCase()) : decodeHexNatively(text);
  } catch (cause) {
    throw new CodecError("bad_hex", "This is not hexadecimal text.", { cause });
  }
}

/** Into memory of its own, as below. Buffer stops at what is no hex, and takes the low byte of other letters for some. */
function decodeHexNatively(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) throw new Error("not hex");
  const bytes = new Uint8Array(text.length / 2);
  Buffer.from(bytes.buffer).write(text, "hex");
  return bytes;
}

/** base64url without padding (RFC 4648 section 5). Buffer does it a hundred times as fast as JavaScript. */
export function toBase64Url(bytes: Uint8Array): string {
  if (typeof Buffer === "undefined") return base64urlnopad.encode(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

/** Bytes of unpadded base64url. Throws CodecError `bad_base64` for any other text, non-canonical forms included. */
export function fromBase64Url(text: string): Uint8Array {
  try {
    return typeof Buffer === "undefined" ? base64urlnopad.decode(text) : decodeNatively(text);
  } catch (cause) {
    throw new CodecError("bad_base64", "This is not base64url text.", { cause });
  }
}

/** Into memory of its own: Buffer's pool would keep what is decoded. Buffer skips what is no base64, so look again. */
function decodeNatively(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  Buffer.from(bytes.buffer).write(text, "base64url");
  if (toBase64Url(bytes) !== text) throw new Error("not canonical");
  return bytes;
}

export function utf8Encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Text of UTF-8 bytes. Throws CodecError `bad_utf8` instead of replacing what it cannot read. */
export function utf8Decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new CodecError("bad_utf8", "This is not UTF-8 text.", { cause });
  }
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Equality in time that depends on the lengths only, so that a MAC cannot be guessed byte by byte. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Overwrites secrets. The platform may keep copies; this shortens their life, it cannot promise more. */
export function wipeBytes(...buffers: readonly Uint8Array[]): void {
  for (const buffer of buffers) buffer.fill(0);
}

/** Big-endian 16-bit number as 2 bytes. */
export function u16(value: number): Uint8Array {
  return Uint8Array.of((value >>> 8) & 0xff, value & 0xff);
}

/** Big-endian 32-bit number as 4 bytes. */
export function u32(value: number): Uint8Array {
  return Uint8Array.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}
