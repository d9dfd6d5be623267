/**
 * Our client of a SAM bridge (I2P "SAM V3", version 3.1). No kept library on npm speaks it.
 *
 *   openSam(place)                 HELLO VERSION                            one connection, one conversation
 *     createSession  SESSION CREATE     a destination, which lives as long as this connection
 *     openStream     STREAM CONNECT     the connection becomes the stream
 *     forwardTo      STREAM FORWARD     for each stream that comes, the router connects to a port of ours
 *
 * Version 3.1 asks nothing of us later, so that a session's connection is silent until it ends.
 */
import { connect, type Socket } from "node:net";
import { utf8Decode } from "../../core/bytes.ts";
import { NetworkError } from "../../core/errors.ts";
import type { I2P_LIMITS } from "../../core/route-limits.ts";
import type { Target } from "../route.ts";
import { readReply, samLine, type SamReply } from "./sam-text.ts";

export type SamLimits = { readonly [name in keyof typeof I2P_LIMITS]: number };

export interface SamPlace extends Target {
  readonly limits: SamLimits;
}

/** The router said no. `result` is its word, such as `CANT_REACH_PEER`. */
export class SamRefusal extends NetworkError {
  readonly result: string;

  constructor(topic: string, result: string) {
    super("sam_refused", `The I2P router refused ${topic}: ${result}`);
    this.result = result;
  }
}

export interface SamSession {
  readonly id: string;
  /** Resolves when the router has let go of it, or is gone. */
  readonly closed: Promise<void>;
  close(): void;
}

/** Options of a session, which the router gets as `i2cp.leaseSetEncType=4` and the like. */
export type SessionOptions = Readonly<Record<string, string>>;

const LINE_END = 0x0a;

/**
 * A connection on which commands are given, one after the other. Throws NetworkError `sam_absent` when nothing listens
 * there, `sam_not_answering` when it is silent or goes away, CodecError `bad_sam_line`, or the signal's reason.
 */
export async function openSam({ host, port, limits }: SamPlace, signal: AbortSignal): Promise<SamConnection> {
  signal.throwIfAborted();
  const connection = new SamConnection(connect({ host: host.replace(/^\[|\]$/g, ""), port, noDelay: true }), limits);
  try {
    await connection.ask("HELLO VERSION", { MIN: "3.1", MAX: "3.1" }, "HELLO REPLY", limits.answerMs, signal);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * `secret` as `i2pSecret` writes it; null for a destination that nobody had before and nobody has after. Takes as long as
 * the router needs for its tunnels. Throws as `openSam`, and SamRefusal.
 */
export async function createSession(
  place: SamPlace,
  { id, secret, options }: { readonly id: string; readonly secret: string | null; readonly options: SessionOptions },
  signal: AbortSignal,
): Promise<SamSession> {
  return onConnection(place, signal, async (connection) => {
    const key = secret === null ? { DESTINATION: "TRANSIENT", SIGNATURE_TYPE: "7" } : { DESTINATION: secret };
    const pairs = { STYLE: "STREAM", ID: id, ...key, ...options };
    await connection.ask("SESSION CREATE", pairs, "SESSION STATUS", place.limits.sessionMs, signal);
    return { id, closed: connection.closed, close: () => connection.close() };
  });
}

/** An open stream of a session to `host`, paused, with nothing read. Throws as `createSession`. */
export async function openStream(place: SamPlace, id: string, host: string, signal: AbortSignal): Promise<Socket> {
  return onConnection(place, signal, async (connection) => {
    const pairs = { ID: id, DESTINATION: host, SILENT: "false" };
    await connection.ask("STREAM CONNECT", pairs, "STREAM STATUS", place.limits.connectMs, signal);
    return connection.release();
  });
}

/** Lets streams to a session come to a port of the machine from which we speak to the router. Throws as `createSession`. */
export async function forwardTo(
  place: SamPlace,
  id: string,
  localPort: number,
  signal: AbortSignal,
): Promise<Pick<SamSession, "closed" | "close">> {
  return onConnection(place, signal, async (connection) => {
    // Silent: without it the router writes the caller's address before the stream's first byte.
    const pairs = { ID: id, PORT: localPort, SILENT: "true" };
    await connection.ask("STREAM FORWARD", pairs, "STREAM STATUS", place.limits.answerMs, signal);
    return connection;
  });
}

async function onConnection<T>(
  place: SamPlace,
  signal: AbortSignal,
  use: (connection: SamConnection) => Promise<T>,
): Promise<T> {
  const connection = await openSam(place, signal);
  try {
    return await use(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
}

export class SamConnection {
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #lineBytes: number;
  #read = Buffer.alloc(0);
  #answer: ((line: string | Error) => void) | null = null;
  #ended: Error | null = null;

  /** For `openSam`, which also greets. */
  constructor(socket: Socket, { lineBytes }: Pick<SamLimits, "lineBytes">) {
    this.#socket = socket;
    this.#lineBytes = lineBytes;
    socket.on("data", this.#receive);
    socket.on("error", (error) => this.#end(notAnswering(error)));
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#end(notAnswering());
        resolve();
      });
    });
  }

  /** The answer to a command. One at a time. Throws as `openSam`, and SamRefusal; the connection is of no use then. */
  async ask(
    command: string,
    pairs: Readonly<Record<string, string | number>>,
    topic: string,
    answerMs: number,
    signal: AbortSignal,
  ): Promise<SamReply> {
    const line = samLine(command, pairs);
    if (this.#ended) throw this.#ended;
    const reply = readReply(await this.#exchange(line, answerMs, signal));
    const result = reply.values.get("RESULT");
    if (reply.topic !== topic || result === undefined) throw notAnswering(new Error("an answer to something else"));
    if (result !== "OK") throw new SamRefusal(command, result);
    return reply;
  }

  /** The connection as a stream, paused; what came behind the last answer is its beginning. */
  release(): Socket {
    this.#socket.off("data", this.#receive);
    this.#socket.pause();
    if (this.#read.length > 0) this.#socket.unshift(this.#read);
    return this.#socket;
  }

  close(): void {
    this.#end(notAnswering());
  }

  #exchange(line: string, answerMs: number, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => settle(notAnswering()), answerMs);
      const giveUp = (): void => settle(signal.reason as Error);
      const settle = (outcome: string | Error): void => {
        clearTimeout(late);
        signal.removeEventListener("abort", giveUp);
        this.#answer = null;
        if (typeof outcome === "string") resolve(outcome);
        else reject(outcome);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#answer = settle;
      this.#socket.write(`${line}\n`);
    });
  }

  readonly #receive = (bytes: Buffer): void => {
    this.#read = Buffer.concat([this.#read, bytes]);
    const end = this.#read.indexOf(LINE_END);
    if (end > this.#lineBytes || (end < 0 && this.#read.length > this.#lineBytes)) {
      this.#end(notAnswering(new Error("a line that is too long")));
    } else if (end >= 0 && this.#answer) {
      const line = this.#read.subarray(0, end);
      this.#read = this.#read.subarray(end + 1);
      // Behind the answer there may be the stream itself, which is not ours to read.
      this.#socket.pause();
      this.#answer(toText(line));
      setImmediate(() => this.#goOn());
    } else if (end >= 0) {
      this.#end(notAnswering(new Error("an answer that nobody asked for")));
    }
  };

  /** Unless it became a stream, its end must be noticed. */
  #goOn(): void {
    if (this.#ended === null && this.#socket.listeners("data").includes(this.#receive)) this.#socket.resume();
  }

  #end(reason: Error): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#socket.destroy();
    this.#answer?.(reason);
  }
}

function toText(line: Uint8Array): string {
  try {
    return utf8Decode(line).replace(/\r$/, "");
  } catch {
    return "";
  }
}

const ABSENT: ReadonlySet<unknown> = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"]);

/** NetworkError `sam_not_answering`, or `sam_absent` when there is nobody who could. */
function notAnswering(cause?: unknown): NetworkError {
  const isAbsent = ABSENT.has((cause as NodeJS.ErrnoException | undefined)?.code);
  const [code, message] = isAbsent
    ? ["sam_absent", "No I2P router takes commands here."]
    : ["sam_not_answering", "The I2P router does not answer."];
  return new NetworkError(code, message, { hint: "Look whether it runs, and whether its SAM bridge is on.", cause });
}
