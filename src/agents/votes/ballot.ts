/**
 * A vote in two parts: a commitment, which tells nothing, and later the reveal, which opens it.
 *
 *   commitment   subject 32 | commitment 32                                                              body of a statement
 *   reveal       subject 32 | vote u8 | nonce 32 | reason text8 | seen u8, commitment 32 ..., rising     the same
 *
 * The commitment is the SHA-256 of "nocturne/agents/vote/v1" | network | subject | operator | vote u8 | nonce: under another operator's
 * name, about another subject or in another network it opens to nothing. Specified in NEP-28.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, fromHex, toHex, utf8Encode } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { ByteReader } from "../../mesh/byte-reader.ts";
import type { NetworkId, OperatorId, SubjectId } from "../agent-ids.ts";
import { isLine, readText8, text8 } from "../text.ts";

/** 64 hex digits. */
export type Commitment = string & { readonly __brand: "Commitment" };

/** Numbers are never given twice. */
const VOTES = { for: 1, against: 2 } as const;

export type Vote = keyof typeof VOTES;

export interface CommitmentBody {
  readonly subject: SubjectId;
  readonly commitment: Commitment;
}

export interface RevealBody {
  readonly subject: SubjectId;
  readonly vote: Vote;
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
  readonly reason: string;
  /** Commitments about the subject that were here before the commit window ended. Rising, each once. */
  readonly seen: readonly Commitment[];
}

interface Said {
  readonly operator: OperatorId;
  /** What the log says. */
  readonly madeAtMs: number;
}

/** One half of a vote, as it stands in a log of the operator. */
export type Ballot =
  | (Said & CommitmentBody & { readonly kind: "commitment" })
  | (Said & Omit<RevealBody, "reason"> & { readonly kind: "reveal" });

const DOMAIN = utf8Encode("nocturne/agents/vote/v1");
const ID = /^[0-9a-f]{64}$/;
const ID_BYTES = 32;

export function commitmentOf(vote: {
  readonly network: NetworkId;
  readonly subject: SubjectId;
  readonly operator: OperatorId;
  readonly vote: Vote;
  readonly nonce: Uint8Array;
}): Commitment {
  const who = [vote.network, vote.subject, vote.operator].map(fromHex);
  return toHex(sha256(concatBytes(DOMAIN, ...who, Uint8Array.of(VOTES[vote.vote]), vote.nonce))) as Commitment;
}

/** Whether the reveal, by this operator in this network, is what was committed to. */
export function opens(
  { subject, vote, nonce }: Pick<RevealBody, "subject" | "vote" | "nonce">,
  operator: OperatorId,
  network: NetworkId,
  commitment: Commitment,
): boolean {
  return commitmentOf({ network, subject, operator, vote, nonce }) === commitment;
}

/** 64 bytes. Throws UsageError `ballot` for what is no hash. */
export function encodeCommitment({ subject, commitment }: CommitmentBody): Uint8Array {
  if (!ID.test(subject) || !ID.test(commitment)) throw noBallot();
  return concatBytes(fromHex(subject), fromHex(commitment));
}

/** Null for another length. Never throws. */
export function readCommitment(body: Uint8Array): CommitmentBody | null {
  const reader = new ByteReader(body);
  const [subject, commitment] = [readId(reader), readId(reader)];
  if (!reader.isDone || !subject || !commitment) return null;
  return { subject: subject as SubjectId, commitment: commitment as Commitment };
}

/** Throws UsageError `ballot` for what no reveal can hold. */
export function encodeReveal({ subject, vote, nonce, reason, seen }: RevealBody): Uint8Array {
  const isSaid = ID.test(subject) && Object.hasOwn(VOTES, vote) && nonce.length === ID_BYTES;
  if (!isSaid || !isLine(reason, AGENT_LIMITS.noteBytes) || !seen.every((one) => ID.test(one)) || !canBeSeen(seen)) {
    throw noBallot();
  }
  const head = concatBytes(fromHex(subject), Uint8Array.of(VOTES[vote]), nonce, text8(reason));
  return concatBytes(head, Uint8Array.of(seen.length), ...seen.map(fromHex));
}

/** Null for whatever is none: another vote, a reason that is no line, names that do not rise or are too many. Never throws. */
export function readReveal(body: Uint8Array): RevealBody | null {
  const reader = new ByteReader(body);
  const [subject, vote, nonce] = [readId(reader), voteOf(reader.u8()), reader.take(ID_BYTES)];
  const [reason, count] = [readText8(reader, AGENT_LIMITS.noteBytes), reader.u8() ?? 0];
  if (!subject || !vote || !nonce || reason === null || reader.left !== count * ID_BYTES) return null;
  const seen = Array.from({ length: count }, () => readId(reader) as Commitment);
  return reader.isDone && canBeSeen(seen) ? { subject: subject as SubjectId, vote, nonce, reason, seen } : null;
}

function canBeSeen(seen: readonly Commitment[]): boolean {
  return seen.length <= AGENT_LIMITS.seen && seen.every((one, i) => i === 0 || (seen[i - 1] as Commitment) < one);
}

function readId(reader: ByteReader): string | null {
  const bytes = reader.view(ID_BYTES);
  return bytes && toHex(bytes);
}

function voteOf(code: number | null): Vote | null {
  return (Object.keys(VOTES) as Vote[]).find((vote) => VOTES[vote] === code) ?? null;
}

function noBallot(): UsageError {
  return new UsageError("ballot", "A vote cannot hold this.");
}
