/**
 * The header stream: what identifies each cell that a relay keeps, without its body (NEP-13).
 *
 *   client   ["HEADERS", id, {"after": cursor, "since": seconds}]                  both may be left out
 *   relay    frame ... frame   ["EOSE", id]   frame ...          or   ["CLOSED", id, reason]
 *
 *   frame    version 1 | length of id 1 | id | cursor 16 | header 96 | header 96 | ...      binary
 *   header   ephemeral 32 | address 32 | event id 32
 *
 * A cursor names a place in one relay's store, behind the last header of its frame. For clients it is opaque.
 */

import { concatBytes, fromBase64Url, fromHex, toHex, utf8Decode, utf8Encode } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { RELAY_LIMITS } from "../core/limits.ts";
import { type EventTemplate, isHex, tagValue } from "./event.ts";
import { KIND } from "./kinds.ts";

export const HEADER_BYTES = 96;
const CURSOR_BYTES = 16;
/** Also what NIP-11 says of the stream. */
export const HEADER_STREAM_VERSION = 1;

const ADDRESS_BYTES = 32;
/** Of a cell's content, the base64 of its version, 1, and of the ephemeral behind it: 33 bytes without padding. */
const CELL_VERSION = 1;
const EPHEMERAL_CHARACTERS = 44;
const FIXED_BYTES = 2 + CURSOR_BYTES;

/** Where a stream begins. */
export interface HeaderRequest {
  /** Behind this cursor (32 hex characters); null for the oldest cell. */
  readonly after: string | null;
  /** Only cells dated at or after this second; 0 for all. */
  readonly since: number;
}

export interface HeaderFrame {
  /** The subscription. */
  readonly id: string;
  /** 32 hex characters. */
  readonly cursor: string;
  /** n * 96 bytes, n may be 0: then only the cursor moved. */
  readonly headers: Uint8Array;
}

/** The 96 bytes of a cell's header, or null for an event that is no cell. Of the content only the beginning is read. */
export function headerOf(event: EventTemplate & { readonly id: string }): Uint8Array | null {
  const address = event.kind === KIND.cell ? tagValue(event, "x") : null;
  const start = isHex(address, ADDRESS_BYTES) ? readStart(event.content) : null;
  return start && address ? concatBytes(start.subarray(1), fromHex(address + event.id)) : null;
}

/** Version and ephemeral of a cell, 33 bytes; null if they are not there. */
function readStart(content: string): Uint8Array | null {
  const text = content.slice(0, EPHEMERAL_CHARACTERS);
  if (text.length < EPHEMERAL_CHARACTERS || !/^[A-Za-z0-9+/]*$/.test(text)) return null;
  const start = fromBase64Url(text.replaceAll("+", "-").replaceAll("/", "_"));
  return start[0] === CELL_VERSION ? start : null;
}

/** What stands behind the id in a HEADERS message; `undefined` asks for everything. Throws CodecError `bad_headers_request`. */
export function parseHeaderRequest(value: unknown = {}): HeaderRequest {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badRequest("it must be an object");
  const { after = null, since = 0 } = value as Record<string, unknown>;
  if (after !== null && !isHex(after, CURSOR_BYTES)) throw badRequest("after must be 32 hexadecimal characters");
  if (!Number.isSafeInteger(since) || (since as number) < 0) throw badRequest("since must be whole seconds");
  return { after, since: since as number };
}

/** A HEADERS message as text. */
export function encodeHeaderRequest(id: string, { after, since }: HeaderRequest): string {
  return JSON.stringify(["HEADERS", id, { ...(after !== null && { after }), ...(since > 0 && { since }) }]);
}

/** The bytes of a frame: 18, the id's, and 96 for each header. */
export function encodeHeaderFrame({ id, cursor, headers }: HeaderFrame): Uint8Array {
  const name = utf8Encode(id);
  return concatBytes(Uint8Array.of(HEADER_STREAM_VERSION, name.length), name, fromHex(cursor), headers);
}

/**
 * A frame; `headers` is a view into `bytes`. Nothing in it is proven: whoever fetches the event that a header names
 * finds out whether it is true. Throws CodecError `bad_header_frame`, also for a version that is not known.
 */
export function decodeHeaderFrame(bytes: Uint8Array): HeaderFrame {
  const [version, nameBytes = 0] = bytes;
  if (version !== HEADER_STREAM_VERSION) throw badFrame("its version is not known");
  if (nameBytes === 0 || nameBytes > RELAY_LIMITS.subscriptionIdBytes) throw badFrame("it names no subscription");
  const start = FIXED_BYTES + nameBytes;
  if (bytes.length < start || (bytes.length - start) % HEADER_BYTES !== 0) throw badFrame("it is cut or too long");
  return {
    id: readName(bytes.subarray(2, 2 + nameBytes)),
    cursor: toHex(bytes.subarray(2 + nameBytes, start)),
    headers: bytes.subarray(start),
  };
}

function readName(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes);
  } catch (cause) {
    throw badFrame("the name of its subscription is no text", cause);
  }
}

function badRequest(reason: string): CodecError {
  return new CodecError("bad_headers_request", `This does not say which headers are wanted: ${reason}.`);
}

function badFrame(reason: string, cause?: unknown): CodecError {
  return new CodecError("bad_header_frame", `This is not a frame of headers: ${reason}.`, { cause });
}
