/**
 * One stream through Tor's SOCKS port. The name of the target goes to Tor as it is: nothing is resolved here.
 *
 *   user = which streams may share a circuit, password = which of the circuits they have
 */
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { SocksClient, type SocksClientError } from "socks";
import type { Target } from "../route.ts";
import type { ControlPlace } from "./control-client.ts";

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Tor answered that it cannot be opened, and why, as SOCKS says it (RFC 1928, 6): `ConnectionRefused` and the like. */
export class SocksRefusal extends Error {
  readonly reply: string;

  constructor(reply: string) {
    super(`Tor answered: ${reply}`);
    this.name = "SocksRefusal";
    this.reply = reply;
  }
}

/** Refusals that an exit makes, and not our own tor. */
const OF_EXITS: ReadonlySet<string> = new Set(["ConnectionRefused", "HostUnreachable", "NetworkUnreachable"]);

/** Whether a circuit carried the question and brought this answer back. */
export function isAnswerOfExit(error: unknown): boolean {
  return error instanceof SocksRefusal && OF_EXITS.has(error.reply);
}

/** Whether it is the target that refused, so that no other exit would say it differently. */
export function isRefusalOfTarget(error: unknown): boolean {
  return error instanceof SocksRefusal && error.reply === "ConnectionRefused";
}

/** Longer than Tor itself tries (its SocksTimeout, 120 s): who calls gives up by his signal. */
const PATIENCE_MS = 150_000;
const REFUSED = /^Socks5 proxy rejected connection - (\w+)/;

/**
 * A socket to Tor that is open to the target, of which nothing was read. Throws SocksRefusal
 * when Tor said no, an Error when Tor went away, or the signal's reason; the socket is destroyed then.
 */
export async function openSocksStream(
  place: ControlPlace,
  target: Target,
  { user, password }: Credentials,
  signal: AbortSignal,
): Promise<Socket> {
  signal.throwIfAborted();
  const socket = connect(place);
  const giveUp = () => void socket.destroy();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    await greet(socket, target, { user, password });
    signal.throwIfAborted();
    return socket;
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw withoutTarget(error);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

/**
 * The library reads on as soon as the stream is open, and what it reads then is lost unless somebody listens already. So
 * it gets the socket's bytes through a pipe of its own, one at a time, and nothing that comes behind Tor's answer. (What
 * was read could be put back, but not once the socket ended: who greets and hangs up at once would not be heard.)
 */
async function greet(socket: Socket, target: Target, { user, password }: Credentials): Promise<void> {
  await opened(socket);
  const pipe = new GreetingPipe(socket);
  try {
    await SocksClient.createConnection({
      proxy: { host: "tor", port: 1, type: 5, userId: user, password },
      command: "connect",
      destination: { host: target.host.replace(/^\[|\]$/g, ""), port: target.port },
      existing_socket: pipe,
      timeout: PATIENCE_MS,
    });
  } finally {
    pipe.release();
  }
  await turn(); // only then the socket has noticed that nobody listens any more
}

function opened(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.on("error", reject); // stays: a later one, which `close` follows, must not end the program
    socket.once("close", () => reject(new Error("Tor does not take connections.")));
  });
}

/** Reads in the `readable` way: when that is over, the socket is as if nobody had ever read from it. */
class GreetingPipe extends Duplex {
  readonly #socket: Socket;
  #isReading = false;
  readonly #receive = () => void this.#readOn();
  readonly #lose = () => void this.destroy();

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on("readable", this.#receive);
    socket.once("close", this.#lose);
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done);
  }

  release(): void {
    this.#socket.off("readable", this.#receive);
    this.#socket.off("close", this.#lose);
    this.destroy();
  }

  /** The library takes a byte, and is told to stop after the last one, before the next turn. */
  async #readOn(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    while (!this.destroyed) {
      const byte: Buffer | null = this.#socket.read(1);
      if (byte === null) break;
      this.push(byte);
      await turn();
    }
    this.#isReading = false;
  }
}

/** The library's error carries its options, and with them the target and the credentials; ours must not. */
function withoutTarget(error: unknown): Error {
  const message = error instanceof Error ? (error as SocksClientError).message : "";
  const [, reply] = REFUSED.exec(message) ?? [];
  return reply === undefined ? new Error("Tor closed the connection.") : new SocksRefusal(reply);
}
