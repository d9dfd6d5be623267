/**
 * IP addresses as bytes, 4 or 16, and back in one spelling, so that one address has one form.
 *
 * An IPv6 address that only wraps an IPv4 one is written as that. What is no machine's address (unspecified, multicast,
 * broadcast) has no bytes here: nobody can be reached there.
 */
import { isIP } from "node:net";

const GROUPS = 8;
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** 4 or 16 bytes; null for what is no address of a machine. */
export function ipToBytes(text: string): Uint8Array | null {
  const plain = MAPPED.exec(text)?.[1] ?? text;
  const version = isIP(plain);
  if (version === 0 || plain.includes("%")) return null;
  const bytes = version === 4 ? Uint8Array.from(plain.split(".").map(Number)) : v6Bytes(plain);
  return isMachine(bytes) ? bytes : null;
}

/** The address of 4 or 16 bytes (RFC 5952); null for what `ipToBytes` never gives. */
export function bytesToIp(bytes: Uint8Array): string | null {
  if (!isMachine(bytes)) return null;
  return bytes.length === 4 ? bytes.join(".") : v6Text(bytes);
}

/** Whether the address of `ipToBytes` means something only in one house or at one provider (RFC 1918, 6598, 3927, 4193, 4291). */
export function isPrivateIp(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  if (bytes.length === 16)
    return (first & 0xfe) === 0xfc || isLinkLocal(bytes) || bytes.subarray(0, 15).every((byte) => byte === 0);
  if (first === 172) return second >= 16 && second < 32;
  if (first === 100) return second >= 64 && second < 128;
  return first === 10 || first === 127 || (first === 192 && second === 168) || (first === 169 && second === 254);
}

/** IPv6 addresses that need an interface beside them. */
export function isLinkLocal(bytes: Uint8Array): boolean {
  return bytes.length === 16 && bytes[0] === 0xfe && ((bytes[1] as number) & 0xc0) === 0x80;
}

function isMachine(bytes: Uint8Array): boolean {
  const [first = 0] = bytes;
  if (bytes.length === 4) return first !== 0 && first < 224;
  const isWrapped = bytes.subarray(0, 12).every((byte, at) => byte === (at < 10 ? 0 : 0xff));
  return bytes.length === 16 && first !== 0xff && bytes.some((byte) => byte !== 0) && !isWrapped;
}

/** `URL` brings every spelling into one. */
function v6Bytes(text: string): Uint8Array {
  const [before = "", after = ""] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::");
  const [head, tail] = [before, after].map((part) => (part === "" ? [] : part.split(":"))) as [string[], string[]];
  const gap = Array.from({ length: GROUPS - head.length - tail.length }, () => "0");
  const groups = [...head, ...gap, ...tail].map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

function v6Text(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const groups = Array.from({ length: GROUPS }, (_, at) => view.getUint16(2 * at).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
