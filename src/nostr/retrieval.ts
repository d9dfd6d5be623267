/**
 * Private retrieval (NEP-14): what client and relay say to each other, and what both hold to be an epoch.
 *
 *   client   ["PIR-EPOCHS", id, from]                       relay   ["PIR-EPOCHS", id, [[epoch, count, digest, ...], ...]]
 *   client   ["PIR-HEADERS", id, epoch, part, digest]       relay   frame ... frame  ["EOSE", id]      frames as in NEP-13
 *   client   ["PIR", id, epoch, part, digest, query]        relay   ["PIR", id, answer]
 *                                                           relay   ["CLOSED", id, "pir_busy: ..."]    to any of them
 *
 * A row of the list is a version of an epoch: its number of cells, and a digest for each part of at most
 * `PIR_LIMITS.records` of them. Bytes are in base64url.
 */

import { concatBytes, fromBase64Url, toBase64Url, utf8Encode } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { PIR_LIMITS } from "../core/cell-limits.ts";
import { sha256 } from "../crypto/key-derivation.ts";

/** Also what NIP-11 says of it. */
export const RETRIEVAL_VERSION = 1;

const DIGEST_BYTES = 32;
const DOMAIN: Uint8Array = utf8Encode("nocturne pir epoch v1");
const QUERY_CHARACTERS: number = Math.ceil((PIR_LIMITS.records / 8 / 3) * 4);
const ANSWER_CHARACTERS: number = Math.ceil((PIR_LIMITS.recordBytes / 3) * 4);

/** All cells of an epoch as they were at some time. */
export interface EpochVersion {
  /** Minutes since 1970. */
  readonly epoch: number;
  /** Cells, at least 1. */
  readonly count: number;
  /** Of each part, base64url of 32 bytes. */
  readonly digests: readonly string[];
}

/** One database. */
export interface PartName {
  readonly epoch: number;
  readonly part: number;
  readonly digest: string;
}

export type RetrievalRequest =
  | { readonly type: "PIR-EPOCHS"; readonly id: string; readonly from: number }
  | ({ readonly type: "PIR-HEADERS"; readonly id: string } & PartName)
  | ({ readonly type: "PIR"; readonly id: string; readonly query: Uint8Array } & PartName);

export type RetrievalReply =
  | { readonly type: "PIR-EPOCHS"; readonly id: string; readonly versions: readonly EpochVersion[] }
  | { readonly type: "PIR"; readonly id: string; readonly answer: Uint8Array };

/** The digest of a part, from its headers in their order: base64url of 32 bytes. */
export function digestOf(headers: Uint8Array): string {
  return toBase64Url(sha256(concatBytes(DOMAIN, headers)));
}

export function partCount(count: number): number {
  return Math.ceil(count / PIR_LIMITS.records);
}

/** Cells in one part of a version. */
export function cellsInPart({ count }: EpochVersion, part: number): number {
  return Math.min(PIR_LIMITS.records, count - part * PIR_LIMITS.records);
}

/** What stands behind the id in a request. Throws CodecError `bad_retrieval`. */
export function parseRetrievalRequest(
  type: RetrievalRequest["type"],
  id: string,
  [first, part, digest, query]: readonly unknown[],
): RetrievalRequest {
  if (type === "PIR-EPOCHS") return { type, id, from: readNumber(first ?? 0) };
  const name = { epoch: readNumber(first), part: readNumber(part), digest: readDigest(digest) };
  if (type === "PIR-HEADERS") return { type, id, ...name };
  return { type, id, ...name, query: readBytes(query, QUERY_CHARACTERS) };
}

/** A reply of a relay. Throws CodecError `bad_retrieval`. */
export function parseRetrievalReply(type: RetrievalReply["type"], id: string, value: unknown): RetrievalReply {
  if (type === "PIR") return { type, id, answer: readBytes(value, ANSWER_CHARACTERS) };
  if (!Array.isArray(value)) throw bad("there is no list of epochs");
  return { type, id, versions: value.map(readVersion) };
}

export function encodeRetrievalRequest(request: RetrievalRequest): string {
  const { type, id } = request;
  if (type === "PIR-EPOCHS") return JSON.stringify([type, id, request.from]);
  const name = [type, id, request.epoch, request.part, request.digest];
  return JSON.stringify(type === "PIR" ? [...name, toBase64Url(request.query)] : name);
}

export function encodeRetrievalReply(reply: RetrievalReply): string {
  const { type, id } = reply;
  if (type === "PIR") return JSON.stringify([type, id, toBase64Url(reply.answer)]);
  return JSON.stringify([type, id, reply.versions.map(({ epoch, count, digests }) => [epoch, count, ...digests])]);
}

function readVersion(value: unknown): EpochVersion {
  const [epoch, count, ...digests] = Array.isArray(value) ? (value as unknown[]) : [];
  const version = { epoch: readNumber(epoch), count: readNumber(count), digests: digests.map(readDigest) };
  if (version.count < 1 || digests.length !== partCount(version.count))
    throw bad("the parts of an epoch are not right");
  return version;
}

function readNumber(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw bad("a number is not right");
  return value;
}

function readDigest(value: unknown): string {
  const bytes = readBytes(value, Math.ceil((DIGEST_BYTES / 3) * 4));
  if (bytes.length !== DIGEST_BYTES) throw bad("a digest is not right");
  return value as string;
}

function readBytes(value: unknown, maxCharacters: number): Uint8Array {
  if (typeof value !== "string" || value.length > maxCharacters) throw bad("bytes are missing, or too many");
  return fromBase64Url(value);
}

function bad(reason: string): CodecError {
  return new CodecError("bad_retrieval", `This is no message of private retrieval: ${reason}.`);
}
