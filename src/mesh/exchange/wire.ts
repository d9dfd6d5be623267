/**
 * One connection of the exchange, of either side, over any line that carries bytes in order.
 *
 *   frames()    what comes, without CREDIT; DATA beyond the credit that we gave ends the connection
 *   send        a frame, whole, after those before it; resolves when the line takes more
 *   sendData    the same for bytes of fragments, as soon as the other side's credit allows
 *   took        what was used of the DATA that came; it is acknowledged a quarter of the credit at a time
 *
 * The credit bounds what either side has in memory whatever the line does: libp2p's streams take all that is written,
 * and do not stop reading. While a fragment comes slowly the server acknowledges at least four times in stallMs, nothing
 * if need be, so that a client behind a slow line can tell it from a dead one.
 */
import { concatBytes, u32 } from "../../core/bytes.ts";
import type { Timers } from "../../core/clock.ts";
import { NetworkError, NocturneError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { Line } from "../rooms.ts";
import { badFrame, FRAME, FRAME_HEAD_BYTES, type Frame, FrameParser, type FrameType, frameHead } from "./frames.ts";
import { Pace } from "./pace.ts";

export interface WireOptions {
  readonly line: Line;
  readonly timers: Timers;
  readonly side: "client" | "server";
  readonly idleMs: number;
  /** Whether it is the other side's turn, beside what this class knows of itself. */
  readonly isWaiting: () => boolean;
  /** Whether a request is not answered. */
  readonly isBusy: () => boolean;
  /** Something came, was used, or left: `memoryBytes` has changed. */
  readonly onMemory?: () => void;
}

/** Up to so much is joined with its head; beyond that a copy costs more than another write. */
const JOINED_BYTES = 4_096;
/** A long body is handed over in parts, so that a slow line is seen to move. */
const PART_BYTES = 65_536;
const OWED_BYTES = MESH_LIMITS.creditBytes / 4;

export class Wire {
  readonly #options: WireOptions;
  readonly #parser = new FrameParser();
  readonly #pace: Pace;
  readonly #starving = new Set<() => void>();
  /** That may still be sent. */
  #credit: number = MESH_LIMITS.creditBytes;
  /** That came and were not used yet. */
  #held = 0;
  /** That were used and not acknowledged yet. */
  #owed = 0;
  #writing = 0;
  #writingBytes = 0;
  #cameAtTick = 0;
  #tail: Promise<void> = Promise.resolve();
  #error: NocturneError | null = null;
  #disposed: Promise<void> = Promise.resolve();
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#pace = new Pace({
      timers: options.timers,
      idleMs: options.idleMs,
      isWaiting: () => this.#isWaiting(),
      isBusy: options.isBusy,
      onTick: () => this.#tick(),
      onEnd: (why) => this.close(ended(why)),
    });
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  get bytesOut(): number {
    return this.#bytesOut;
  }

  /** Bytes of DATA that came and were not used yet: as long as there are some, it is our turn. */
  get heldBytes(): number {
    return this.#held;
  }

  /** What this connection has in memory: what came and was not used, and what does not leave. */
  get memoryBytes(): number {
    return this.#held + this.#parser.gatheredBytes + this.#writingBytes;
  }

  get isClosed(): boolean {
    return this.#error !== null;
  }

  /** Until the line ends. Throws CodecError `bad_frame`, and why this side closed. Never waits for a write. */
  async *frames(): AsyncGenerator<Frame, void, undefined> {
    try {
      for await (const piece of this.#options.line.incoming) {
        if (this.#error) throw this.#error;
        this.#bytesIn += piece.length;
        this.#pace.moved(piece.length);
        for (const frame of this.#parser.push(piece)) {
          if (frame.type === FRAME.credit) this.#credited(frame.body);
          else {
            if (frame.type === FRAME.data) this.#received(frame.body.length);
            yield frame;
          }
        }
        this.#options.onMemory?.();
      }
    } finally {
      this.#parser.end();
    }
    if (this.#error) throw this.#error;
  }

  /** Something was asked for, or answered. */
  step(): void {
    this.#pace.step();
  }

  /** Throws NetworkError `node_failed`, or why this side closed. */
  send(type: FrameType, ...parts: readonly Uint8Array[]): Promise<void> {
    const sent = this.#tail.then(() => this.#write(type, parts));
    this.#tail = sent.catch(() => {});
    return sent;
  }

  /** As `send`; one caller at a time. At most MESH_LIMITS.frameBytes. */
  async sendData(bytes: Uint8Array): Promise<void> {
    await this.#mayLeave(bytes.length);
    this.#credit -= bytes.length;
    await this.send(FRAME.data, bytes);
  }

  /**
   * As `sendData`, of bytes that are read only when they may be sent, and that nobody else has: on a socket their memory is free at once,
   * long before the collector would find it.
   */
  async sendRead(length: number, read: () => Promise<Uint8Array>): Promise<void> {
    await this.#mayLeave(length);
    this.#writes(length);
    const bytes = await read().finally(() => this.#writes(-length));
    await this.sendData(bytes);
    // Not awaited: the other side may have the answer already, and ask for more.
    void this.#options.line.left?.().then(() => (bytes.buffer as ArrayBuffer).transfer(0));
  }

  /** Resolves when so many bytes of fragments may be sent: before that nobody need have them. Throws why this side closed. */
  async #mayLeave(bytes: number): Promise<void> {
    while (this.#credit < bytes && !this.#error) {
      await new Promise<void>((resolve) => this.#starving.add(resolve));
    }
    if (this.#error) throw this.#error;
  }

  /** Resolves when the line takes more. */
  async took(bytes: number): Promise<void> {
    this.#held -= bytes;
    this.#options.onMemory?.();
    this.#owed += bytes;
    if (this.#owed >= OWED_BYTES) await this.#acknowledge();
  }

  /** Whoever waits for anything of this connection gets this error; the first one counts. */
  close(error: NocturneError): void {
    if (this.#error) return;
    this.#error = error;
    this.#pace.stop();
    this.#feed();
    this.#options.onMemory?.();
    this.#disposed = endLine(this.#options.line);
  }

  /** Resolves when the line is gone. */
  closed(): Promise<void> {
    return this.#disposed;
  }

  #isWaiting(): boolean {
    return this.#parser.isInside || this.#writing > 0 || this.#starving.size > 0 || this.#options.isWaiting();
  }

  #tick(): void {
    const hasCome = this.#bytesIn > this.#cameAtTick;
    this.#cameAtTick = this.#bytesIn;
    // A failed write has closed the connection already.
    if (hasCome && this.#options.side === "server" && this.#isWaiting()) this.#acknowledge().catch(() => {});
  }

  #received(bytes: number): void {
    this.#held += bytes;
    if (this.#held + this.#owed > MESH_LIMITS.creditBytes) throw badFrame();
  }

  async #acknowledge(): Promise<void> {
    const owed = this.#owed;
    this.#owed = 0;
    await this.send(FRAME.credit, u32(owed));
  }

  /** A client takes the word of a server that it still receives; a server sees for itself what leaves. */
  #credited(body: Uint8Array): void {
    if (body.length !== 4) throw badFrame();
    this.#credit += new DataView(body.buffer, body.byteOffset).getUint32(0);
    if (this.#credit > MESH_LIMITS.creditBytes) throw badFrame();
    if (this.#options.side === "client") this.#pace.step();
    this.#feed();
  }

  #feed(): void {
    for (const wake of this.#starving) wake();
    this.#starving.clear();
  }

  async #write(type: FrameType, parts: readonly Uint8Array[]): Promise<void> {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const head = frameHead(type, length);
    this.#writing++;
    this.#writes(length);
    try {
      if (length <= JOINED_BYTES) await this.#put(concatBytes(head, ...parts));
      else for (const part of [head, ...parts]) await this.#putLong(part);
      this.#bytesOut += FRAME_HEAD_BYTES + length;
    } catch (cause) {
      this.close(cause instanceof NocturneError ? cause : broken(cause));
      throw this.#error;
    } finally {
      this.#writing--;
      this.#writes(-length);
    }
  }

  #writes(bytes: number): void {
    this.#writingBytes += bytes;
    this.#options.onMemory?.();
  }

  async #putLong(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PART_BYTES) await this.#put(bytes.subarray(at, at + PART_BYTES));
  }

  async #put(bytes: Uint8Array): Promise<void> {
    if (this.#error) throw this.#error;
    await this.#options.line.write(bytes);
    this.#pace.moved(bytes.length);
  }
}

/** Whatever hinders a line from ending: nobody has any use for it. */
export async function endLine(line: Line): Promise<void> {
  try {
    await line[Symbol.asyncDispose]();
  } catch {}
}

export function broken(cause?: unknown): NetworkError {
  return new NetworkError("node_failed", "The connection to the node broke.", { hint: "Try again.", cause });
}

function ended(why: "stalled" | "idle"): NetworkError {
  if (why === "idle") return new NetworkError("node_failed", "Nothing was asked of the node for long.");
  return new NetworkError("node_failed", "The node stopped in the middle of an answer.", { hint: "Try again." });
}
