/**
 * What nodes ask each other about ledgers, on `/nocturne/ledger/1`: a question and an answer, each of one stream.
 *
 *   question   kind u8 | ...                                      answer, empty if there is none
 *   1 way      signer 32 | from u64 | to u64                      root 32 | hashes 32 each: of the one who is asked (RFC 9162 2.1.4)
 *   2 cosign   head 145                                           cosignature 105
 *   3 head     signer 32                                          the largest head that is known of it, 145
 *   4 forks                                                       proofs, each after its length u16
 *   5 witnessed                                                   the newest witnessed head of the one who is asked
 *   6 checkpoint                                                  the newest checkpoint of the one who is asked
 *
 * Whatever comes back is signed or is checked against what is signed, by whoever asked.
 */
import { concatBytes, u16 } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { HASH_BYTES } from "../../crypto/merkle-tree.ts";
import { ByteReader, u64 } from "../byte-reader.ts";
import { type NodeId, nodeIdOf } from "../node-id.ts";
import type { HeadSource } from "./comparison.ts";
import type { Beginning } from "./fork-proof.ts";
import { readHead, type SignedHead } from "./head.ts";
import { STATEMENT_BYTES } from "./tree-statement.ts";

export const LEDGER_PROTOCOL = "/nocturne/ledger/1";

/** Asks one node; an answer of more than `most` bytes is none. Rejects when it does not answer. */
export type Ask = (node: NodeId, question: Uint8Array, most: number, signal: AbortSignal) => Promise<Uint8Array>;

/** What a node has to answer with; null or empty: nothing. */
export interface LedgerAnswers {
  way(signer: Uint8Array, from: number, to: number): Beginning | null;
  /** Rejects for a head that it does not cosign. */
  cosign(head: SignedHead): Promise<Uint8Array>;
  head(signer: Uint8Array): SignedHead | null;
  forks(): readonly Uint8Array[];
  witnessed(): Uint8Array | null;
  checkpoint(): Uint8Array | null;
}

const KINDS = { way: 1, cosign: 2, head: 3, forks: 4, witnessed: 5, checkpoint: 6 } as const;
const KEY_BYTES = 32;
const PATH_HASHES = 64;
const COSIGNATURE_BYTES = 105;
const WITNESSED_BYTES = STATEMENT_BYTES + 1 + MESH_LIMITS.cosignatures * COSIGNATURE_BYTES;
const NOTHING = new Uint8Array(0);

/** Asks the signer itself, which is a node. */
export function sourceFrom(ask: Ask): HeadSource {
  return {
    consistency: async (signer, from, to, signal) => {
      const question = concatBytes(Uint8Array.of(KINDS.way), signer, u64(from), u64(to));
      const answer = await ask(nodeIdOf(signer), question, (1 + PATH_HASHES) * HASH_BYTES, signal);
      return readHashes(answer);
    },
  };
}

/** Not checked yet. */
export function askCosignature(ask: Ask, node: NodeId, head: SignedHead, signal: AbortSignal): Promise<Uint8Array> {
  return ask(node, concatBytes(Uint8Array.of(KINDS.cosign), head.bytes), COSIGNATURE_BYTES, signal);
}

/** The largest head that a node knows of a signer; null if it knows none. */
export async function askHead(
  ask: Ask,
  node: NodeId,
  signer: Uint8Array,
  signal: AbortSignal,
): Promise<SignedHead | null> {
  return readHead(await ask(node, concatBytes(Uint8Array.of(KINDS.head), signer), STATEMENT_BYTES, signal));
}

/** Not checked yet. */
export async function askForks(ask: Ask, node: NodeId, signal: AbortSignal): Promise<Uint8Array[]> {
  return readParts(await ask(node, Uint8Array.of(KINDS.forks), MESH_LIMITS.forkAnswerBytes, signal));
}

/** Not checked yet: `readWitnessedHead` and `readCheckpoint` do so. Empty if it has none. */
export function askFor(
  ask: Ask,
  node: NodeId,
  what: "witnessed" | "checkpoint",
  signal: AbortSignal,
): Promise<Uint8Array> {
  const most = what === "witnessed" ? WITNESSED_BYTES : MESH_LIMITS.ledgerFileBytes;
  return ask(node, Uint8Array.of(KINDS[what]), most, signal);
}

/** The answer to a question, whatever it is; so many at a time, and none beyond. */
export class LedgerDesk {
  readonly #answers: LedgerAnswers;
  #count = 0;

  constructor(answers: LedgerAnswers) {
    this.#answers = answers;
  }

  async answer(question: Uint8Array): Promise<Uint8Array> {
    if (this.#count >= MESH_LIMITS.ledgerAnswers) return NOTHING;
    this.#count++;
    try {
      return await this.#answer(question);
    } finally {
      this.#count--;
    }
  }

  async #answer(question: Uint8Array): Promise<Uint8Array> {
    const body = question.subarray(1);
    const answers = this.#answers;
    switch (question.at(0) ?? 0) {
      case KINDS.way:
        return wayOf(answers, body);
      case KINDS.cosign: {
        const head = readHead(body);
        return head ? answers.cosign(head) : NOTHING;
      }
      case KINDS.head:
        return (body.length === KEY_BYTES && answers.head(body)?.bytes) || NOTHING;
      case KINDS.forks:
        return writeParts(answers.forks());
      case KINDS.witnessed:
        return answers.witnessed() ?? NOTHING;
      case KINDS.checkpoint:
        return answers.checkpoint() ?? NOTHING;
      default:
        return NOTHING;
    }
  }
}

function wayOf(answers: LedgerAnswers, body: Uint8Array): Uint8Array {
  const reader = new ByteReader(body);
  const [signer, from, to] = [reader.take(KEY_BYTES), reader.u64(), reader.u64()];
  const way = reader.isDone && signer && from !== null && to !== null ? answers.way(signer, from, to) : null;
  return way ? concatBytes(way.root, ...way.path) : NOTHING;
}

function readHashes(bytes: Uint8Array): Beginning | null {
  if (bytes.length === 0 || bytes.length % HASH_BYTES !== 0) return null;
  const count = bytes.length / HASH_BYTES;
  const hashes = Array.from({ length: count }, (_, i) => bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES));
  const [root, ...path] = hashes;
  return root ? { root, path } : null;
}

/** As many as there is room for. */
function writeParts(parts: readonly Uint8Array[]): Uint8Array {
  const written: Uint8Array[] = [];
  let left: number = MESH_LIMITS.forkAnswerBytes;
  for (const part of parts) {
    left -= 2 + part.length;
    if (left < 0) break;
    written.push(u16(part.length), part);
  }
  return concatBytes(...written);
}

function readParts(bytes: Uint8Array): Uint8Array[] {
  const reader = new ByteReader(bytes);
  const parts: Uint8Array[] = [];
  while (reader.left > 0) {
    const part = reader.take(reader.u16() ?? reader.left + 1);
    if (!part) return [];
    parts.push(part);
  }
  return parts;
}
