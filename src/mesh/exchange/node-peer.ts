/**
 * One node as those see it who store, fetch and audit: see `FragmentPeer`. What it answers was checked here or in
 * `answer-readers.ts`; a node that shows something wrong is hung up on.
 */
import { equalBytes } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { UsageError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { unlessAborted } from "../../core/unless-aborted.ts";
import { leafHash } from "../../crypto/merkle-tree.ts";
import type { NodeId, OwnerId } from "../node-id.ts";
import { type FragmentId, leafCount } from "../pieces/fragment-tree.ts";
import type { AuditVerdict, FragmentPeer, FragmentRef, LeafQuestion, Receipt } from "../rooms.ts";
import { Download, OneFrame, Verdicts, wrongFragment } from "./answer-readers.ts";
import { readLeft } from "./answers.ts";
import type { Connection } from "./connection.ts";
import { FRAME, type Frame, type FrameType } from "./frames.ts";
import { encodeRefs, readReceipt } from "./receipt.ts";
import {
  encodeAudit,
  encodeCare,
  encodeFetch,
  encodeNames,
  encodeRenew,
  encodeStore,
  type FetchAsked,
  readNames,
} from "./requests.ts";
import { broken } from "./wire.ts";

export interface NodePeerOptions {
  readonly node: NodeId;
  /** For whom we speak; null for nobody. */
  readonly owner: OwnerId | null;
  readonly clock: Clock;
  /** A connection for a single request. */
  readonly take: (signal?: AbortSignal) => Promise<Connection>;
}

const { leafBytes, batch, auditLeaves } = MESH_LIMITS;
const NOTHING = new Uint8Array(0);

export class NodePeer implements FragmentPeer {
  readonly node: NodeId;
  readonly #options: NodePeerOptions;

  constructor(options: NodePeerOptions) {
    this.#options = options;
    this.node = options.node;
  }

  async store(fragment: FragmentRef, content: Uint8Array, untilMs: number, signal?: AbortSignal): Promise<void> {
    if (content.length !== fragment.bytes) throw new UsageError("mesh_request", "These are not the fragment's bytes.");
    const body = encodeStore({ ...fragment, untilMs });
    const answer = new OneFrame((frame) => isPlain(frame, FRAME.stored, FRAME.had));
    const connection = await this.#options.take(signal);
    await connection.ask({ type: FRAME.store, body, answer, content, signal });
    await unlessAborted(answer.value, signal);
  }

  async receipt(fragments: readonly FragmentRef[]): Promise<Receipt> {
    if (fragments.length > batch) throw tooMany(batch);
    return this.#ask(FRAME.receipt, encodeRefs(fragments), ({ type, body }) => {
      const receipt = type === FRAME.signed ? readReceipt(body.slice()) : null;
      return receipt && this.#isFor(receipt, fragments) ? receipt : null;
    });
  }

  async *fetch(
    fragment: FragmentRef,
    from: { readonly first: number; readonly count: number } = { first: 0, count: leafCount(fragment.bytes) },
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const asked: FetchAsked = { ...fragment, ...from };
    const body = encodeFetch(asked);
    const connection = await this.#options.take(signal);
    const download = new Download(asked, (bytes) => tell(connection, bytes));
    const abort = (): void => download.fail(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await connection.ask({ type: FRAME.fetch, body, answer: download, signal });
      let at = asked.first;
      for await (const piece of download.pieces) {
        tell(connection, piece.length);
        if (!isRight(piece, download.hashes, at)) {
          connection.close(broken());
          throw wrongFragment();
        }
        yield piece;
        at += leafCount(piece.length);
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      download.leave();
    }
  }

  async audit(questions: readonly LeafQuestion[], signal?: AbortSignal): Promise<AuditVerdict[]> {
    if (questions.reduce((sum, { leaves }) => sum + leaves.length, 0) > auditLeaves) throw tooMany(auditLeaves);
    if (questions.length === 0) return [];
    const body = encodeAudit(questions);
    const connection = await this.#options.take(signal);
    const answer = new Verdicts(questions, (bytes) => tell(connection, bytes));
    await connection.ask({ type: FRAME.audit, body, answer, signal });
    return unlessAborted(answer.value, signal);
  }

  renew(ids: readonly FragmentId[], untilMs: number): Promise<FragmentId[]> {
    return this.#named(FRAME.renew, ids, (some) => encodeRenew({ ids: some, untilMs }));
  }

  drop(ids: readonly FragmentId[]): Promise<FragmentId[]> {
    return this.#named(FRAME.drop, ids, encodeNames);
  }

  async released(ids: readonly FragmentId[]): Promise<void> {
    for (let at = 0; at < ids.length; at += batch) {
      const body = encodeNames(ids.slice(at, at + batch));
      await this.#ask(FRAME.released, body, (frame) => isPlain(frame, FRAME.noted));
    }
  }

  room(): Promise<number> {
    return this.#ask(FRAME.room, NOTHING, ({ type, body }) => (type === FRAME.left ? readLeft(body) : null));
  }

  async care(careKey: Uint8Array, untilMs: number): Promise<void> {
    await this.#ask(FRAME.care, encodeCare({ careKey, untilMs }), (frame) => isPlain(frame, FRAME.caring));
  }

  /** A batch at a time; the node may name only what it was asked for. */
  async #named(
    type: FrameType,
    ids: readonly FragmentId[],
    encode: (some: readonly FragmentId[]) => Uint8Array,
  ): Promise<FragmentId[]> {
    const named: FragmentId[] = [];
    for (let at = 0; at < ids.length; at += batch) {
      const some = ids.slice(at, at + batch);
      const asked = new Set(some);
      const told = await this.#ask(type, encode(some), (frame) => {
        const names = frame.type === FRAME.names ? readNames(frame.body) : null;
        return names?.every((id) => asked.has(id)) ? names : null;
      });
      named.push(...told);
    }
    return named;
  }

  async #ask<T>(type: FrameType, body: Uint8Array, read: (frame: Frame) => T | null): Promise<T> {
    const answer = new OneFrame(read);
    const connection = await this.#options.take();
    await connection.ask({ type, body, answer });
    return answer.value;
  }

  #isFor(receipt: Receipt, asked: readonly FragmentRef[]): boolean {
    const { node, owner, clock } = this.#options;
    const names = new Map<string, number>(asked.map(({ id, bytes }) => [id, bytes]));
    // Each once: a name that was found is taken out.
    const areAsked = receipt.fragments.every(({ id, bytes }) => names.get(id) === bytes && names.delete(id));
    const isNow = Math.abs(receipt.madeAtMs - clock.nowMs()) <= MESH_LIMITS.clockSkewMs;
    return receipt.node === node && receipt.owner === owner && areAsked && isNow;
  }
}

/** An acknowledgement that does not leave ends the connection, and whoever waits for it hears that. */
function tell(connection: Connection, bytes: number): void {
  connection.took(bytes).catch(() => {});
}

/** Whether the leaves from `first` on are those that the hashes say. */
function isRight(piece: Uint8Array, hashes: readonly Uint8Array[], first: number): boolean {
  for (let at = 0, index = first; at < piece.length; at += leafBytes, index++) {
    if (!equalBytes(leafHash(piece.subarray(at, at + leafBytes)), hashes[index] as Uint8Array)) return false;
  }
  return true;
}

function isPlain({ type, body }: Frame, ...types: readonly FrameType[]): true | null {
  return types.includes(type) && body.length === 0 ? true : null;
}

function tooMany(most: number): UsageError {
  return new UsageError("mesh_request", `A node is asked for at most ${most} at a time.`);
}
