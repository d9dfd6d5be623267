/**
 * An operator asks the network to put another in quarantine, or to take him back: the body of the statement `case`.
 *
 *   case       accused 32 | action u8: 1 quarantine, 2 reinstate | detector u8 | words text8 | count u8, reference ...
 *   detector   1 vote burst, 2 domain flood, 3 coordinated timing, 4 accuracy drop, 5 mirroring, 6 operator: a person says so
 *   reference  device 32 | sequence u64 | hash 32, rising, each once
 *   CaseId     SHA-256("nocturne/agents/case/v1" | network 32 | operator 32 | made at u64, ms | case)
 *
 * Numbers are big-endian. The id holds who said it when: so votes about one case are never votes about a later one with the same words.
 * Specified in NEP-33.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, fromHex, toHex, utf8Encode } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { ByteReader, isCount, u64 } from "../../mesh/byte-reader.ts";
import type { DeviceId, NetworkId, OperatorId, SubjectId } from "../agent-ids.ts";
import { isLine, readText8, text8 } from "../text.ts";
import type { Reference } from "./deed.ts";
import type { Accusation } from "./evidence.ts";

/** What is voted on, as an entry is. */
export type CaseId = SubjectId & { readonly __of: "case" };

/** Numbers are never given twice. */
const ACTIONS = { quarantine: 1, reinstate: 2 } as const;
const DETECTORS = {
  vote_burst: 1,
  domain_flood: 2,
  coordinated_timing: 3,
  accuracy_drop: 4,
  mirroring: 5,
  operator: 6,
} as const satisfies Readonly<Record<Accusation["detector"], number>>;

export interface Case extends Accusation {
  readonly action: keyof typeof ACTIONS;
  /** One line. */
  readonly words: string;
  /** Rising by device, then by number. Something, if a detector found it; no detector finds that somebody is to be taken back. */
  readonly evidence: readonly Reference[];
}

const ID_DOMAIN = utf8Encode("nocturne/agents/case/v1");
const ID = /^[0-9a-f]{64}$/;
const ID_BYTES = 32;
const REFERENCE_BYTES = 2 * ID_BYTES + 8;

/** Throws UsageError `case` for what none can hold. */
export function encodeCase(told: Case): Uint8Array {
  if (!isCase(told)) {
    throw new UsageError("case", "A case names an operator, says why in one line, and has its evidence in order.");
  }
  const { accused, action, detector, words, evidence } = told;
  const codes = Uint8Array.of(ACTIONS[action], DETECTORS[detector]);
  const count = Uint8Array.of(evidence.length);
  return concatBytes(fromHex(accused), codes, text8(words), count, ...evidence.map(encodeReference));
}

/** Null for whatever is none: another action or detector, no words, evidence that does not rise, is missing or too much. Never throws. */
export function readCase(body: Uint8Array): Case | null {
  const reader = new ByteReader(body);
  const accused = readId(reader);
  const [action, detector] = [keyOf(ACTIONS, reader.u8()), keyOf(DETECTORS, reader.u8())];
  const [words, count] = [readText8(reader, AGENT_LIMITS.noteBytes), reader.u8()];
  if (!accused || !action || !detector || words === null || count === null) return null;
  if (reader.left !== count * REFERENCE_BYTES) return null;
  const evidence = Array.from({ length: count }, () => readReference(reader));
  if (!evidence.every((one) => one !== null)) return null;
  const told: Case = { accused: accused as OperatorId, action, detector, words, evidence };
  return reader.isDone && isCase(told) ? told : null;
}

/** Of the case that this operator said at this time, by his log. */
export function caseIdOf(network: NetworkId, operator: OperatorId, madeAtMs: number, body: Uint8Array): CaseId {
  return toHex(sha256(concatBytes(ID_DOMAIN, fromHex(network), fromHex(operator), u64(madeAtMs), body))) as CaseId;
}

/** In the order in which a case names them. */
export function compareReferences(a: Reference, b: Reference): number {
  if (a.device !== b.device) return a.device < b.device ? -1 : 1;
  return a.sequence - b.sequence;
}

function isCase({ accused, action, detector, words, evidence }: Case): boolean {
  if (!ID.test(accused) || !Object.hasOwn(ACTIONS, action) || !Object.hasOwn(DETECTORS, detector)) return false;
  if (words.trim() === "" || !isLine(words, AGENT_LIMITS.noteBytes)) return false;
  const isFound = detector !== "operator";
  return isEvidence(evidence) && (!isFound || (action === "quarantine" && evidence.length > 0));
}

function isEvidence(evidence: readonly Reference[]): boolean {
  const isRising = evidence.every((one, i) => i === 0 || compareReferences(evidence[i - 1] as Reference, one) < 0);
  return evidence.length <= AGENT_LIMITS.caseEvidence && evidence.every(isReference) && isRising;
}

function isReference({ device, sequence, hash }: Reference): boolean {
  return ID.test(device) && ID.test(hash) && isCount(sequence) && sequence > 0;
}

function encodeReference({ device, sequence, hash }: Reference): Uint8Array {
  return concatBytes(fromHex(device), u64(sequence), fromHex(hash));
}

function readReference(reader: ByteReader): Reference | null {
  const [device, sequence, hash] = [readId(reader), reader.u64(), readId(reader)];
  return device && sequence !== null && hash ? { device: device as DeviceId, sequence, hash } : null;
}

function readId(reader: ByteReader): string | null {
  const bytes = reader.view(ID_BYTES);
  return bytes && toHex(bytes);
}

function keyOf<K extends string>(codes: Readonly<Record<K, number>>, code: number | null): K | null {
  return (Object.keys(codes) as K[]).find((key) => codes[key] === code) ?? null;
}
