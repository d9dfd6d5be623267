/**
 * What there is of work: 64 hex digits each, which must not be mixed. All are hashes, so what they are of cannot be
 * exchanged.
 */
import { concatBytes, fromHex, toHex, utf8Encode } from "../../core/bytes.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { ByteReader } from "../../mesh/byte-reader.ts";
import type { NetworkId, OperatorId } from "../agent-ids.ts";

/** The hash of what a task is about: equal wherever it emerges. */
export type TaskId = string & { readonly __brand: "TaskId" };
/** Of what an operator says of a task. */
export type ResultId = string & { readonly __brand: "ResultId" };
/** Of a program, its input and who wants it run. */
export type JobId = string & { readonly __brand: "JobId" };
/** Of an answer to a job: what an operator commits to before he says it. */
export type AnswerCommitment = string & { readonly __brand: "AnswerCommitment" };

export const ID_BYTES = 32;
const ID = /^[0-9a-f]{64}$/;

export function isId(text: string): boolean {
  return ID.test(text);
}

/** SHA-256 of the domain's name, then the parts. */
export function idOf(domain: string, ...parts: readonly Uint8Array[]): string {
  return toHex(sha256(concatBytes(utf8Encode(domain), ...parts)));
}

/** Of what this operator says in this network by this body, which names neither. */
export function idOfWord(domain: string, network: NetworkId, operator: OperatorId, body: Uint8Array): string {
  return idOf(domain, fromHex(network), fromHex(operator), body);
}

/** 32 bytes as 64 digits; null at the end. */
export function readId(reader: ByteReader): string | null {
  const bytes = reader.view(ID_BYTES);
  return bytes && toHex(bytes);
}
