/**
 * What a client makes of a node's answers. Whatever comes was checked before anybody sees it.
 *
 *   OneFrame      a single frame: read, or the error that it stands for
 *   Download      hashes that make up the fragment's name, then its bytes, to be checked leaf by leaf
 *   Verdicts      for each question of an audit what was shown for it
 */
import { type NocturneError, ValidationError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { isTreeOf, verifyLeaves } from "../pieces/fragment-tree.ts";
import type { AuditVerdict, LeafQuestion } from "../rooms.ts";
import { readHashes, readLeafProof, readRefused } from "./answers.ts";
import type { Answer } from "./connection.ts";
import { badFrame, FRAME, type Frame } from "./frames.ts";
import { Queue } from "./queue.ts";
import { errorOf } from "./refusal.ts";
import type { FetchAsked } from "./requests.ts";

/** The answer in one frame: `read` gives null for one that is none. */
export class OneFrame<T> implements Answer {
  readonly #read: (frame: Frame) => T | null;
  readonly #value: PromiseWithResolvers<T> = Promise.withResolvers();

  constructor(read: (frame: Frame) => T | null) {
    this.#read = read;
    this.#value.promise.catch(() => {}); // whoever waits hears of it; nobody may do so when the request never left
  }

  /** Throws what the node's refusal stands for, or why there is no answer. */
  get value(): Promise<T> {
    return this.#value.promise;
  }

  take(frame: Frame): boolean {
    const refusal = refusalIn(frame);
    const value = refusal ? null : this.#read(frame);
    if (value === null && !refusal) throw badFrame();
    if (refusal) this.#value.reject(refusal);
    else this.#value.resolve(value as T);
    return true;
  }

  fail(error: NocturneError): void {
    this.#value.reject(error);
  }
}

/** A fragment on its way here. */
export class Download implements Answer {
  readonly #asked: FetchAsked;
  readonly #took: (bytes: number) => void;
  readonly #pieces = new Queue<Uint8Array>();
  #hashes: readonly Uint8Array[] | null = null;
  #missing: number;
  #isLeft = false;

  /** `took` is told of bytes that nobody wants any more. */
  constructor(asked: FetchAsked, took: (bytes: number) => void) {
    [this.#asked, this.#took] = [asked, took];
    const { leafBytes } = MESH_LIMITS;
    this.#missing = Math.min(asked.bytes, (asked.first + asked.count) * leafBytes) - asked.first * leafBytes;
  }

  /** Bytes as they came, in order and unchecked; throws what the node's refusal stands for. */
  get pieces(): AsyncIterable<Uint8Array> {
    return this.#pieces;
  }

  /** Of all its leaves, once the first piece is there: they make up its name. */
  get hashes(): readonly Uint8Array[] {
    return this.#hashes ?? [];
  }

  take(frame: Frame): boolean {
    const refusal = refusalIn(frame);
    if (refusal) this.#pieces.fail(refusal);
    else if (!this.#hashes) this.#takeHashes(frame);
    else this.#takePiece(frame);
    if (this.#missing === 0) this.#pieces.close();
    return refusal !== null || this.#missing === 0;
  }

  fail(error: unknown): void {
    this.#pieces.fail(error);
  }

  /** The rest is not wanted. */
  leave(): void {
    this.#isLeft = true;
    for (const piece of this.#pieces.clear()) this.#took(piece.length);
  }

  #takeHashes({ type, body }: Frame): void {
    const { id, bytes } = this.#asked;
    const hashes = type === FRAME.hashes ? readHashes(body) : null;
    if (!hashes) throw badFrame();
    if (!isTreeOf(id, bytes, hashes)) {
      this.#pieces.fail(wrongFragment());
      throw badFrame();
    }
    this.#hashes = hashes;
  }

  /** In whole leaves, so that each piece can be checked by itself. */
  #takePiece({ type, body }: Frame): void {
    const isWhole = body.length > 0 && (body.length % MESH_LIMITS.leafBytes === 0 || body.length === this.#missing);
    if (type !== FRAME.data || body.length > this.#missing || !isWhole) throw badFrame();
    this.#missing -= body.length;
    if (this.#isLeft) this.#took(body.length);
    else this.#pieces.push(body);
  }
}

/** An audit's answers. */
export class Verdicts implements Answer {
  readonly #questions: readonly LeafQuestion[];
  readonly #took: (bytes: number) => void;
  readonly #verdicts: AuditVerdict[] = [];
  readonly #all: PromiseWithResolvers<AuditVerdict[]> = Promise.withResolvers();
  #shown: Shown | null = null;

  constructor(questions: readonly LeafQuestion[], took: (bytes: number) => void) {
    [this.#questions, this.#took] = [questions, took];
    this.#all.promise.catch(() => {});
  }

  get value(): Promise<AuditVerdict[]> {
    return this.#all.promise;
  }

  take(frame: Frame): boolean {
    const refusal = refusalIn(frame);
    if (refusal) this.#all.reject(refusal);
    else if (this.#shown) this.#takeProof(frame, this.#shown);
    else this.#takeHead(frame);
    const isAll = this.#verdicts.length === this.#questions.length;
    if (isAll) this.#all.resolve(this.#verdicts);
    return refusal !== null || isAll;
  }

  fail(error: NocturneError): void {
    this.#all.reject(error);
  }

  #takeHead({ type, body }: Frame): void {
    if (type === FRAME.missing) this.#verdicts.push("missing");
    else if (type === FRAME.shown) this.#shown = { root: body.slice(), leaves: 0, isRight: true };
    else throw badFrame();
  }

  /** One at a time: three hundred leaves need not be in memory together. */
  #takeProof({ type, body }: Frame, shown: Shown): void {
    const { id, bytes, leaves } = this.#questions[this.#verdicts.length] as LeafQuestion;
    const proof = type === FRAME.data ? readLeafProof(body) : null;
    if (!proof) throw badFrame();
    this.#took(body.length);
    const index = leaves[shown.leaves++] as number;
    shown.isRight &&= verifyLeaves(id, bytes, shown.root, [index], [{ ...proof, index }]);
    if (shown.leaves < leaves.length) return;
    this.#verdicts.push(shown.isRight ? "kept" : "wrong");
    this.#shown = null;
  }
}

/** What was shown for a question so far. */
interface Shown {
  readonly root: Uint8Array;
  leaves: number;
  isRight: boolean;
}

export function wrongFragment(): ValidationError {
  return new ValidationError("wrong_fragment", "What the node sent is not that fragment.");
}

function refusalIn({ type, body }: Frame): NocturneError | null {
  if (type !== FRAME.refused) return null;
  const refused = readRefused(body);
  if (!refused) throw badFrame();
  return errorOf(refused);
}
