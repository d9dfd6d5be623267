/**
 * A client's side of one connection to a node: requests leave one after the other, and answers come in their order.
 *
 *   request -> waits for a place (MESH_LIMITS.pipelined) -> frame, then its DATA by credit -> the next may leave
 *   frames  -> the oldest request that is not answered, until it says that it has all
 */
import type { Timers } from "../../core/clock.ts";
import { NetworkError, type NocturneError, toNocturneError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { NodeId } from "../node-id.ts";
import type { Line } from "../rooms.ts";
import { readRefused } from "./answers.ts";
import { badFrame, FRAME, type Frame, type FrameType } from "./frames.ts";
import { type Credentials, encodeProof, readHello } from "./proof.ts";
import { errorOf } from "./refusal.ts";
import { broken, Wire } from "./wire.ts";

/** What is made of the frames that answer a request. */
export interface Answer {
  /** True with the last one. Throws for a frame that does not belong here: then the connection ends. */
  take(frame: Frame): boolean;
  /** Nothing comes any more. */
  fail(error: NocturneError): void;
}

export interface Request {
  readonly type: FrameType;
  readonly body: Uint8Array;
  readonly answer: Answer;
  /** Of a STORE: at least one byte. */
  readonly content?: Uint8Array;
  /** Gives up what has not left yet. */
  readonly signal?: AbortSignal | undefined;
}

export interface ConnectionOptions {
  readonly line: Line;
  readonly node: NodeId;
  readonly timers: Timers;
  /** Null: as nobody. */
  readonly credentials: Credentials | null;
  readonly onClosed: (connection: Connection) => void;
}

/** Before the node does it: then no request meets a connection that is just being closed. */
const IDLE_MS = MESH_LIMITS.idleMs / 2;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #wire: Wire;
  readonly #answers: Answer[] = [];
  #greeted: PromiseWithResolvers<void> = Promise.withResolvers();
  #sending: Promise<void> = Promise.resolve();
  #wanted = 0;
  /** Wakes the request that waits for a place; the others wait for it. */
  #onPlace: () => void = () => {};

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#wire = new Wire({
      line: options.line,
      timers: options.timers,
      side: "client",
      idleMs: IDLE_MS,
      isWaiting: () => this.#answers.length > 0 && this.#wire.heldBytes === 0,
      isBusy: () => this.#answers.length > 0,
    });
  }

  /** Resolves when the node has greeted. Throws NetworkError `node_unreachable` when it does not do so within MESH_LIMITS.handshakeMs. */
  static async open(options: ConnectionOptions, signal?: AbortSignal): Promise<Connection> {
    const connection = new Connection(options);
    const running = connection.#read();
    const late = (): void => connection.close(unreachable("The node does not speak the exchange's protocol."));
    const cancel = options.timers.schedule(late, MESH_LIMITS.handshakeMs);
    signal?.addEventListener("abort", late, { once: true });
    if (signal?.aborted) late();
    try {
      await connection.#greeted.promise;
      return connection;
    } catch (error) {
      await running;
      throw signal?.aborted ? signal.reason : error;
    } finally {
      cancel();
      signal?.removeEventListener("abort", late);
    }
  }

  /** Claims that were not answered. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Before `ask`, so that whoever comes next sees it in use. */
  claim(): void {
    this.#wanted++;
  }

  /**
   * Once for each claim. Resolves when all of it has left; `answer` gets what comes. Throws why the connection ended, or
   * the signal's reason when it was given up before anything left.
   */
  async ask(request: Request): Promise<void> {
    try {
      await this.#inTurn(request);
    } catch (error) {
      if (!this.#answers.includes(request.answer)) this.#wanted--;
      throw error;
    }
  }

  get isClosed(): boolean {
    return this.#wire.isClosed;
  }

  /** See `Wire.took`. */
  took(bytes: number): Promise<void> {
    return this.#wire.took(bytes);
  }

  close(error: NocturneError): void {
    this.#wire.close(error);
  }

  closed(): Promise<void> {
    return this.#wire.closed();
  }

  #inTurn(request: Request): Promise<void> {
    const left = this.#sending.then(() => this.#send(request));
    this.#sending = left.catch(() => {});
    return left;
  }

  async #send({ type, body, answer, content, signal }: Request): Promise<void> {
    while (this.#answers.length >= MESH_LIMITS.pipelined && !this.#wire.isClosed) {
      await new Promise<void>((resolve) => {
        this.#onPlace = resolve;
      });
    }
    signal?.throwIfAborted();
    if (this.#wire.isClosed) throw broken();
    this.#wire.step();
    this.#answers.push(answer);
    await this.#wire.send(type, body);
    if (content) await this.#sendContent(content, answer, signal);
  }

  /** Stops where the node has answered before the end, or the caller gives up; an empty frame says so. */
  async #sendContent(content: Uint8Array, answer: Answer, signal?: AbortSignal): Promise<void> {
    for (let at = 0; at < content.length; at += MESH_LIMITS.frameBytes) {
      const isOver = signal?.aborted || !this.#answers.includes(answer);
      if (isOver) return this.#wire.sendData(new Uint8Array(0));
      await this.#wire.sendData(content.subarray(at, at + MESH_LIMITS.frameBytes));
    }
  }

  /** Until the connection has ended; never throws. */
  async #read(): Promise<void> {
    let error: NocturneError = broken();
    try {
      for await (const frame of this.#wire.frames()) {
        if (frame.type === FRAME.hello) this.#greet(frame.body);
        else this.#answered(frame);
      }
    } catch (cause) {
      error = cause instanceof NetworkError ? cause : asNodesFault(cause);
    }
    this.#wire.close(error);
    this.#greeted.promise.catch(() => {});
    this.#greeted.reject(unreachable("The node hung up.", error));
    for (const answer of this.#answers.splice(0)) answer.fail(error);
    this.#onPlace();
    await this.#wire.closed();
    this.#options.onClosed(this);
  }

  #greet(body: Uint8Array): void {
    const challenge = readHello(body);
    if (!challenge || this.#answers.length > 0) throw badFrame();
    const { credentials, node } = this.#options;
    if (credentials) {
      const body = encodeProof(challenge, node, credentials);
      // What hinders it ends the connection, which every request hears. Nobody waits for it, so it is not `wanted`.
      this.#inTurn({ type: FRAME.proof, body, answer: this.#welcome() }).catch(() => {});
    }
    this.#greeted.resolve();
  }

  #welcome(): Answer {
    return {
      take: ({ type, body }) => {
        if (type === FRAME.welcome) return true;
        const refused = type === FRAME.refused ? readRefused(body) : null;
        throw refused ? errorOf(refused) : badFrame();
      },
      fail: () => {},
    };
  }

  #answered(frame: Frame): void {
    const [answer] = this.#answers;
    if (!answer) throw badFrame();
    if (!answer.take(frame)) return;
    this.#answers.shift();
    if (frame.type !== FRAME.welcome) this.#wanted--;
    this.#wire.step();
    this.#onPlace();
  }
}

export function unreachable(message: string, cause?: unknown): NetworkError {
  return new NetworkError("node_unreachable", message, { hint: "Try again later.", cause });
}

/** A node that refused the proof is told by its words; whatever else breaks the rules is the node's failure. */
function asNodesFault(cause: unknown): NocturneError {
  const error = toNocturneError(cause);
  if (error.code === "node_refused") return error;
  return new NetworkError("node_failed", "The node does not keep to the protocol.", { cause });
}
