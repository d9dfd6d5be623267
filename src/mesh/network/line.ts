/**
 * Bytes in order between two nodes, over a stream of libp2p: for the exchange, where its own port cannot be reached.
 *
 *   write    64 KiB at a time; after libp2p said that it is full, only when it has sent everything that it was given
 *   incoming at most MESH_LIMITS.lineBytes waits to be read; then the sender's window is not opened any further
 *
 * libp2p's own `onDrain()` resolves at once after its first time, and its iterator takes in whatever comes: with either,
 * a peer that reads or sends as it likes would fill this machine's memory.
 */
import type { Stream, StreamCloseEvent, StreamMessageEvent } from "@libp2p/interface";
import { NetworkError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { Line } from "../rooms.ts";

const PIECE_BYTES = 65_536; // 64 KiB

export class StreamLine implements Line {
  readonly #stream: Stream;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: () => void = () => {};
  readonly incoming: AsyncIterable<Uint8Array>;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.incoming = this.#read();
    stream.addEventListener("message", (event) => this.#take(event));
    stream.addEventListener("end", () => this.#end());
    stream.addEventListener("close", (event) => this.#closed(event));
  }

  /** Throws NetworkError `node_failed` when the other side has gone. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      while (this.#stream.writableNeedsDrain && this.#stream.writeStatus === "writable") await this.#drained();
      if (this.#stream.writeStatus !== "writable") throw gone(this.#error);
      this.#stream.send(bytes.slice(at, at + PIECE_BYTES));
    }
  }

  /** Sends what was written, and ends; what still comes is dropped. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      const signal = AbortSignal.timeout(MESH_LIMITS.dialMs);
      await this.#stream.close({ signal });
      await this.#stream.closeRead({ signal });
    } catch (error) {
      this.#stream.abort(error instanceof Error ? error : new Error("closed"));
    }
    this.#end();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#stream.removeEventListener("drain", done);
        this.#stream.removeEventListener("close", done);
        resolve();
      };
      this.#stream.addEventListener("drain", done);
      this.#stream.addEventListener("close", done);
    });
  }

  #take({ data }: StreamMessageEvent): void {
    const bytes = data instanceof Uint8Array ? data : data.subarray();
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= MESH_LIMITS.lineBytes && this.#stream.readStatus === "readable") this.#stream.pause();
    this.#wake();
  }

  #closed({ error }: StreamCloseEvent): void {
    this.#error ??= error;
    // What came before the end may still wait in libp2p, behind the pause.
    if (error || this.#stream.readBufferLength === 0) this.#end();
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const bytes = this.#waiting.shift();
      if (bytes) {
        this.#waitingBytes -= bytes.length;
        yield bytes;
      } else if (this.#stream.readStatus === "paused") this.#stream.resume();
      else if (this.#ended) break;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#error) throw gone(this.#error);
  }
}

function gone(cause: Error | undefined): NetworkError {
  return new NetworkError("node_failed", "The other node ended the connection.", { cause });
}
