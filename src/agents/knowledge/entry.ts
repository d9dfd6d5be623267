/**
 * What an agent found, as an operator's word: the body of the statement `entry`.
 *
 *   body       operator 32 | type u8 | confidence u8, % | ttl u32, s, 0: none | domain text8 | content text16
 *              | count u8, tag text8 ... | count u8, source ... | count u8, EntryId 32 ... that it supersedes
 *   source     1 | EntryId 32, another entry            2 | text16, an address or words, one line
 *   EntryId    SHA-256("nocturne/agents/entry/v1" | statement)
 *
 * Numbers are big-endian. Tags and what is superseded rise, each once; sources stand as they were given, each once. The statement holds
 * the network and the operator, so the same words have another id with each of them. Specified in NEP-29.
 */
import { concatBytes, fromHex, toHex, u32, utf8Encode } from "../../core/bytes.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { UsageError } from "../../core/errors.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { ByteReader } from "../../mesh/byte-reader.ts";
import type { EntryId, OperatorId } from "../agent-ids.ts";
import { isLine, isText, readText16, readText8, text16, text8 } from "../text.ts";

/** Numbers are never given twice. */
export const ENTRY_TYPES = { observation: 1, synthesis: 2, correction: 3, prediction: 4 } as const;

export type EntryType = keyof typeof ENTRY_TYPES;

export type EntrySource = { readonly entry: EntryId } | { readonly words: string };

export interface KnowledgeEntry {
  readonly operator: OperatorId;
  readonly type: EntryType;
  /** What the operator says of it himself, 0 to 100. */
  readonly confidence: number;
  /** Seconds from when it was made; 0: without end. */
  readonly ttlS: number;
  /** Words of a-z and 0-9 with one of `.`, `/`, `-` between them. */
  readonly domain: string;
  readonly content: string;
  /** As domains; rising, each once. */
  readonly tags: readonly string[];
  readonly sources: readonly EntrySource[];
  /** Rising, each once. A claim: what comes of it is the matter of the index. */
  readonly supersedes: readonly EntryId[];
}

const ID_DOMAIN = utf8Encode("nocturne/agents/entry/v1");
const ID_BYTES = 32;
const ID = /^[0-9a-f]{64}$/;
const NAME = /^[a-z0-9]+(?:[./-][a-z0-9]+)*$/;
const SOURCE = { entry: 1, words: 2 } as const;
/** Version, kind and network of the statement around it. */
const STATEMENT_HEAD_BYTES = 34;
const BODY_BYTES_MAX = AGENT_LIMITS.statementBytes - STATEMENT_HEAD_BYTES;

/** What an entry keeps, by the code of the error. */
const RULES: Readonly<Record<string, { readonly holds: (entry: KnowledgeEntry) => boolean; readonly says: string }>> = {
  entry_operator: { holds: ({ operator }) => ID.test(operator), says: "An operator is a key of 64 hex digits." },
  entry_type: { holds: ({ type }) => Object.hasOwn(ENTRY_TYPES, type), says: "There is no such type of entry." },
  entry_confidence: {
    holds: ({ confidence }) => isWhole(confidence, 100),
    says: "A confidence is a whole number of percent, 0 to 100.",
  },
  entry_ttl: { holds: ({ ttlS }) => isWhole(ttlS, 2 ** 32 - 1), says: "A time to live is a whole number of seconds." },
  entry_domain: {
    holds: ({ domain }) => isName(domain, AGENT_LIMITS.domainBytes),
    says: `A domain is words of a-z and 0-9 with . / or - between them, ${AGENT_LIMITS.domainBytes} characters at most.`,
  },
  entry_content: {
    holds: ({ content }) => content.trim() !== "" && isText(content, AGENT_LIMITS.contentBytes),
    says: `Content is text of ${AGENT_LIMITS.contentBytes} bytes at most, in NFC, without hidden characters.`,
  },
  entry_tags: {
    holds: ({ tags }) =>
      tags.length <= AGENT_LIMITS.tags && isRising(tags) && tags.every((tag) => isName(tag, AGENT_LIMITS.tagBytes)),
    says: `Tags are ${AGENT_LIMITS.tags} at most, written as domains, rising, each once, ${AGENT_LIMITS.tagBytes} characters at most.`,
  },
  entry_sources: {
    holds: ({ sources }) => sources.length <= AGENT_LIMITS.sources && sources.every(isSource) && isEachOnce(sources),
    says: `Sources are ${AGENT_LIMITS.sources} at most, each once: an entry's id, or one line of ${AGENT_LIMITS.sourceBytes} bytes at most.`,
  },
  entry_supersedes: {
    holds: ({ supersedes: ids }) =>
      ids.length <= AGENT_LIMITS.supersedes && isRising(ids) && ids.every((id) => ID.test(id)),
    says: `An entry supersedes ${AGENT_LIMITS.supersedes} at most: ids, rising, each once.`,
  },
};

/** The body of its statement. Throws UsageError, by the field `entry_operator` ... `entry_supersedes`, or `entry_too_long` for all together. */
export function encodeKnowledgeEntry(entry: KnowledgeEntry): Uint8Array {
  const broken = brokenRule(entry);
  if (broken) throw new UsageError(broken, RULES[broken]?.says ?? "");
  const { operator, type, confidence, ttlS, domain, content, tags, sources, supersedes } = entry;
  const body = concatBytes(
    fromHex(operator),
    Uint8Array.of(ENTRY_TYPES[type], confidence),
    u32(ttlS),
    text8(domain),
    text16(content),
    Uint8Array.of(tags.length),
    ...tags.map(text8),
    Uint8Array.of(sources.length),
    ...sources.map(encodeSource),
    Uint8Array.of(supersedes.length),
    ...supersedes.map(fromHex),
  );
  if (body.length <= BODY_BYTES_MAX) return body;
  throw new UsageError("entry_too_long", `An entry has ${BODY_BYTES_MAX} bytes at most, with its sources.`);
}

/** Null for whatever is no body of an entry, or not in its one encoding. Never throws. */
export function readKnowledgeEntry(body: Uint8Array): KnowledgeEntry | null {
  if (body.length > BODY_BYTES_MAX) return null;
  const reader = new ByteReader(body);
  const [operator, code, confidence, ttlS] = [reader.take(ID_BYTES), reader.u8(), reader.u8(), reader.u32()];
  const type = (Object.keys(ENTRY_TYPES) as EntryType[]).find((key) => ENTRY_TYPES[key] === code);
  const domain = readText8(reader, AGENT_LIMITS.domainBytes);
  const content = readText16(reader, AGENT_LIMITS.contentBytes);
  const tags = readList(reader, AGENT_LIMITS.tags, () => readText8(reader, AGENT_LIMITS.tagBytes));
  const sources = readList(reader, AGENT_LIMITS.sources, () => readSource(reader));
  const supersedes = readList(reader, AGENT_LIMITS.supersedes, () => readId(reader));
  if (!reader.isDone || !operator || !type || confidence === null || ttlS === null) return null;
  if (domain === null || content === null || !tags || !sources || !supersedes) return null;
  const by = toHex(operator) as OperatorId;
  const entry = { operator: by, type, confidence, ttlS, domain, content, tags, sources, supersedes };
  return brokenRule(entry) === null ? entry : null;
}

/** `statement`: as it was encoded, of the kind `entry`. */
export function entryIdOf(statement: Uint8Array): EntryId {
  return toHex(sha256(concatBytes(ID_DOMAIN, statement))) as EntryId;
}

/** When it ends, in ms; null for one without end. */
export function endOf({ ttlS }: Pick<KnowledgeEntry, "ttlS">, madeAtMs: number): number | null {
  return ttlS === 0 ? null : Math.min(madeAtMs + ttlS * 1_000, Number.MAX_SAFE_INTEGER);
}

function brokenRule(entry: KnowledgeEntry): string | null {
  return Object.keys(RULES).find((code) => !RULES[code]?.holds(entry)) ?? null;
}

function isWhole(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most && !Object.is(value, -0);
}

function isName(text: string, most: number): boolean {
  return text.length <= most && NAME.test(text);
}

/** Of ASCII. */
function isRising(texts: readonly string[]): boolean {
  return texts.every((text, i) => i === 0 || text > (texts[i - 1] as string));
}

function isSource(source: EntrySource): boolean {
  if ("entry" in source) return ID.test(source.entry);
  return source.words.trim() !== "" && isLine(source.words, AGENT_LIMITS.sourceBytes);
}

function isEachOnce(sources: readonly EntrySource[]): boolean {
  return new Set(sources.map((source) => toHex(encodeSource(source)))).size === sources.length;
}

function encodeSource(source: EntrySource): Uint8Array {
  return "entry" in source
    ? concatBytes(Uint8Array.of(SOURCE.entry), fromHex(source.entry))
    : concatBytes(Uint8Array.of(SOURCE.words), text16(source.words));
}

function readSource(reader: ByteReader): EntrySource | null {
  const kind = reader.u8();
  if (kind === SOURCE.entry) {
    const entry = readId(reader);
    return entry && { entry };
  }
  const words = kind === SOURCE.words ? readText16(reader, AGENT_LIMITS.sourceBytes) : null;
  return words === null ? null : { words };
}

function readId(reader: ByteReader): EntryId | null {
  const bytes = reader.take(ID_BYTES);
  return bytes && (toHex(bytes) as EntryId);
}

/** Count u8, then so many; null if there are more than `most` or one is none. */
function readList<T>(reader: ByteReader, most: number, readOne: () => T | null): T[] | null {
  const count = reader.u8();
  if (count === null || count > most) return null;
  const all: T[] = [];
  while (all.length < count) {
    const one = readOne();
    if (one === null) return null;
    all.push(one);
  }
  return all;
}
