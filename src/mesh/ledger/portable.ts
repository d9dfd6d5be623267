/**
 * Files that show what was signed, each with a first line that says what it is:
 *
 *   file     "nocturne-" name "/1" newline | body
 *
 *   name     ledger-bundle, ledger-head, witnessed-head, ledger-checkpoint, fork-proof, receipt, voucher, record, care-certificate
 *
 * The statements themselves begin with a version alone and could be taken for each other; a person who finds such a file
 * can read its first line. Messages about ledgers between nodes have the same form.
 */
import { concatBytes, utf8Encode } from "../../core/bytes.ts";
import type { PieceReader } from "./piece-reader.ts";

export const PORTABLE_KINDS = [
  "ledger-bundle",
  "ledger-head",
  "witnessed-head",
  "ledger-checkpoint",
  "fork-proof",
  "receipt",
  "voucher",
  "record",
  "care-certificate",
] as const;

export type PortableKind = (typeof PORTABLE_KINDS)[number];

const NEWLINE = 10;
/** No first line is longer. */
const LINE_BYTES = 40;

/** The first line, newline included. */
export function portableLine(kind: PortableKind): Uint8Array {
  return utf8Encode(`nocturne-${kind}/1\n`);
}

export function toPortable(kind: PortableKind, body: Uint8Array): Uint8Array {
  return concatBytes(portableLine(kind), body);
}

/** What it is, and its body; null for what is no such file. Never throws. */
export function fromPortable(bytes: Uint8Array): { readonly kind: PortableKind; readonly body: Uint8Array } | null {
  const end = bytes.subarray(0, LINE_BYTES).indexOf(NEWLINE);
  const kind = end < 0 ? null : kindOf(bytes.subarray(0, end + 1));
  return kind && { kind, body: bytes.subarray(end + 1) };
}

/** The same of a file that comes in pieces; the body is what is left in the reader. */
export async function takePortableKind(reader: PieceReader): Promise<PortableKind | null> {
  const line: number[] = [];
  while (line.length < LINE_BYTES && line.at(-1) !== NEWLINE) {
    const byte = (await reader.take(1))?.[0];
    if (byte === undefined) return null;
    line.push(byte);
  }
  return kindOf(Uint8Array.from(line));
}

function kindOf(line: Uint8Array): PortableKind | null {
  const text = String.fromCharCode(...line);
  return PORTABLE_KINDS.find((kind) => text === `nocturne-${kind}/1\n`) ?? null;
}
