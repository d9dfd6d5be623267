/**
 * A node's side of one connection: one request after the other, in the order in which they came.
 *
 *   reader    frames -> jobs, at most MESH_LIMITS.pipelined; DATA goes to the STORE that it belongs to, bounded by the credit
 *   worker    jobs -> answers                   see `service.ts`
 *
 * The reader never waits for the worker, so that CREDIT is seen while an answer waits for it. Whoever keeps to no rule is cut.
 */
import type { Timers } from "../../core/clock.ts";
import { toNocturneError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { dropBody } from "../pieces/spare-bodies.ts";
import type { Line } from "../rooms.ts";
import { encodeRefused } from "./answers.ts";
import { badFrame, FRAME, type Frame, type FrameType } from "./frames.ts";
import { CHALLENGE_BYTES, type Client, encodeHello } from "./proof.ts";
import type { HeldMemory } from "./held-memory.ts";
import { Queue } from "./queue.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import { readStore, type StoreAsked } from "./requests.ts";
import { broken, Wire } from "./wire.ts";

/** A STORE whose bytes come. */
export interface Inflow {
  readonly asked: StoreAsked;
  /** Ends early when the client gives up. */
  readonly pieces: Queue<Uint8Array>;
  /** Bytes that did not come yet. */
  missing: number;
}

/** A request that is to be answered. */
export interface Job {
  readonly type: FrameType;
  readonly body: Uint8Array;
  /** Of a STORE alone. */
  readonly inflow: Inflow | null;
}

/** What an answer is made with. */
export interface Visit {
  readonly wire: Wire;
  /** What the proof signs. */
  readonly challenge: Uint8Array;
  /** Of the client's address. */
  readonly domain: string;
  /** Whether the node has little memory left for bytes that wait. */
  readonly isScarce: () => boolean;
  /** Null as long as nothing was shown. */
  client: Client | null;
}

export interface SessionOptions {
  readonly line: Line;
  readonly domain: string;
  readonly timers: Timers;
  /** Of all sessions. */
  readonly memory: HeldMemory;
  /** Answers a request; what it throws is told to the client. */
  readonly serve: (job: Job, visit: Visit) => Promise<void>;
  readonly onRefused: (refusal: Refusal, error: unknown) => void;
}

/** Answers that need CREDIT to be read. */
const SENDING: ReadonlySet<FrameType | null> = new Set([FRAME.fetch, FRAME.audit]);

export class Session {
  readonly #options: SessionOptions;
  readonly #visit: Visit;
  readonly #jobs = new Queue<Job>();
  #inflow: Inflow | null = null;
  #waiting = 0;
  /** Of requests that wait, or are being answered. */
  #waitingBytes = 0;
  /** What is being answered. */
  #answering: FrameType | null = null;
  /** Wakes the reader that rests, to look again. */
  #onUsed: () => void = () => {};

  constructor(options: SessionOptions) {
    this.#options = options;
    const wire = new Wire({
      line: options.line,
      timers: options.timers,
      side: "server",
      idleMs: MESH_LIMITS.idleMs,
      isWaiting: () => this.#inflow !== null && wire.heldBytes === 0,
      isBusy: () => this.#waiting > 0,
      onMemory: () => this.#remember(),
    });
    const challenge = randomBytes(CHALLENGE_BYTES);
    const isScarce = (): boolean => options.memory.isScarce;
    this.#visit = { wire, challenge, domain: options.domain, isScarce, client: null };
  }

  get bytesIn(): number {
    return this.#visit.wire.bytesIn;
  }

  get bytesOut(): number {
    return this.#visit.wire.bytesOut;
  }

  /** Until the connection has ended; never throws. */
  async run(): Promise<void> {
    const { wire, challenge } = this.#visit;
    const hello = wire.send(FRAME.hello, encodeHello(challenge));
    await Promise.allSettled([hello, this.#read(), this.#work()]);
    this.#options.memory.leave(this);
    await wire.closed();
  }

  close(): void {
    this.#visit.wire.close(broken());
  }

  async #read(): Promise<void> {
    const { wire } = this.#visit;
    try {
      for await (const frame of wire.frames()) {
        if (frame.type === FRAME.data) this.#take(frame.body);
        else this.#enqueue(frame);
        await this.#rest();
      }
      wire.close(broken());
    } catch (error) {
      wire.close(toNocturneError(error));
    } finally {
      this.#inflow?.pieces.fail(broken());
      for (const { body, inflow } of this.#jobs.clear()) {
        for (const piece of [body, ...(inflow?.pieces.clear() ?? [])]) dropBody(piece);
      }
      this.#jobs.close();
    }
  }

  #enqueue({ type, body }: Frame): void {
    if (this.#inflow || this.#waiting >= MESH_LIMITS.pipelined || type >= FRAME.data) throw badFrame();
    const asked = type === FRAME.store ? readStore(body) : null;
    // How many bytes follow is not known then.
    if (type === FRAME.store && !asked) throw badFrame();
    this.#inflow = asked && { asked, pieces: new Queue(), missing: asked.bytes };
    this.#waiting++;
    this.#waitingBytes += body.length;
    this.#visit.wire.step();
    this.#jobs.push({ type, body: alone(body), inflow: this.#inflow });
  }

  #take(piece: Uint8Array): void {
    const inflow = this.#inflow;
    if (!inflow || piece.length > inflow.missing) throw badFrame();
    inflow.missing -= piece.length;
    // Whoever sends a fragment in crumbs would have each cost a hundred times its length.
    if (inflow.pieces.length >= MESH_LIMITS.waitingPieces) throw badFrame();
    if (piece.length > 0) inflow.pieces.push(alone(piece));
    if (piece.length > 0 && inflow.missing > 0) return;
    inflow.pieces.close();
    this.#inflow = null;
  }

  async #work(): Promise<void> {
    const { wire } = this.#visit;
    for await (const job of this.#jobs) {
      this.#answering = job.type;
      this.#onUsed();
      try {
        await this.#options.serve(job, this.#visit);
      } catch (error) {
        if (wire.isClosed) return;
        await this.#refuse(error);
      }
      // Of a fragment that is not wanted the rest comes all the same, up to the credit.
      for await (const piece of job.inflow?.pieces ?? []) await wire.took(piece.length);
      this.#answering = null;
      this.#waiting--;
      this.#waitingBytes -= job.body.length;
      this.#remember();
      wire.step();
    }
  }

  #remember(): void {
    const { wire } = this.#visit;
    this.#options.memory.hold(this, wire.memoryBytes + this.#waitingBytes);
    this.#onUsed();
  }

  /** While memory is scarce no more is read than is used at once, but for an answer that waits for CREDIT. */
  async #rest(): Promise<void> {
    const { wire } = this.#visit;
    while (this.#options.memory.isScarce && wire.heldBytes > 0 && !wire.isClosed && !SENDING.has(this.#answering)) {
      await new Promise<void>((resolve) => {
        this.#onUsed = resolve;
      });
    }
  }

  async #refuse(error: unknown): Promise<void> {
    const refusal = refusalOf(error);
    this.#options.onRefused(refusal, error);
    await this.#visit.wire.send(FRAME.refused, encodeRefused(refusal));
  }
}

/** What waits must not hang on a larger piece that came, of which it is the last that anybody needs. */
function alone(body: Uint8Array): Uint8Array {
  return body.length * 2 < body.buffer.byteLength ? body.slice() : body;
}
