/**
 * Our client of Tor's control protocol (control-spec). No kept library on npm speaks it.
 *
 *   connectControl(place, cookie)        AUTHCHALLENGE SAFECOOKIE: both sides prove that they know the cookie
 *     command("GETINFO", "version")  ->  250-version=0.4.9 | 250 OK        one at a time, in order
 *     listen("CIRC", listener)       <-  650 CIRC 5 BUILT ...
 *
 * A command without an answer in time fails, and keeps its place: a process that was stopped and goes on answers it
 * late, and that answer must not be taken for the one to the next command.
 */
import { connect, type Socket } from "node:net";
import { concatBytes, equalBytes, fromHex, toHex, utf8Encode } from "../../core/bytes.ts";
import { NetworkError } from "../../core/errors.ts";
import { randomBytes } from "../../core/random.ts";
import { TOR_LIMITS } from "../../core/route-limits.ts";
import { hmac } from "../../crypto/provider.ts";
import { type Reply, type ReplyLine, ReplyReader } from "./control-reply.ts";
import { commandLine, readWords, type Word } from "./control-text.ts";

/** Where Tor listens for commands. */
export type ControlPlace = { readonly path: string } | { readonly host: string; readonly port: number };

export type EventListener = (lines: readonly ReplyLine[]) => void;

export type ControlLimits = {
  readonly [name in "controlLineBytes" | "controlReplyBytes" | "controlAnswerMs" | "controlQueue"]: number;
};

export interface ControlOptions {
  readonly limits?: Partial<ControlLimits>;
}

interface Waiting {
  readonly line: string;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
  timer: NodeJS.Timeout | null;
}

const COOKIE_BYTES = 32;
const NONCE_BYTES = 32;
const SERVER_KEY = utf8Encode("Tor safe cookie authentication server-to-controller hash");
const CLIENT_KEY = utf8Encode("Tor safe cookie authentication controller-to-server hash");

/** Tor said no. `status` is its code, such as 552 for something that it does not know. */
export class ControlRefusal extends NetworkError {
  readonly status: number;

  constructor(keyword: string, { code, lines }: Reply) {
    super("tor_refused", `Tor refused ${keyword}: ${code} ${lines.at(-1)?.text ?? ""}`.trim());
    this.status = code;
  }
}

/**
 * A connection that may give commands. `cookie` is the 32 bytes of the file that Tor wrote. Throws NetworkError
 * `tor_not_answering`, `tor_not_ours` when the other side does not know the cookie, `tor_refused`.
 */
export async function connectControl(
  place: ControlPlace,
  cookie: Uint8Array,
  { limits }: ControlOptions = {},
): Promise<ControlClient> {
  const client = new ControlClient(connect(place), { ...TOR_LIMITS, ...limits });
  try {
    await authenticate(client, cookie);
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

/**
 * SAFECOOKIE (control-spec 3.24): unlike COOKIE it never shows the cookie, so that somebody who got hold of the socket's
 * place cannot use us to learn what opens the real one.
 */
async function authenticate(client: ControlClient, cookie: Uint8Array): Promise<void> {
  if (cookie.length !== COOKIE_BYTES) throw notOurs();
  const nonce = randomBytes(NONCE_BYTES);
  const { lines } = await client.command("AUTHCHALLENGE", "SAFECOOKIE", toHex(nonce));
  const { named } = readWords(lines[0]?.text ?? "");
  const [serverHash, serverNonce] = [readHex(named.get("SERVERHASH")), readHex(named.get("SERVERNONCE"))];
  const shared = concatBytes(cookie, nonce, serverNonce);
  if (serverNonce.length !== NONCE_BYTES || !equalBytes(hmac("sha256", SERVER_KEY, shared), serverHash)) {
    throw notOurs();
  }
  await client.command("AUTHENTICATE", toHex(hmac("sha256", CLIENT_KEY, shared)));
}

function readHex(text: string | undefined): Uint8Array {
  try {
    return fromHex(text ?? "");
  } catch {
    return new Uint8Array(0);
  }
}

export class ControlClient {
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #reader: ReplyReader;
  readonly #limits: ControlLimits;
  /** The first was sent and waits for its reply. */
  readonly #queue: Waiting[] = [];
  readonly #listeners = new Map<string, Set<EventListener>>();
  /** Why no command is taken any more. */
  #ended: Error | null = null;

  /** For `connectControl`, which also authenticates. */
  constructor(socket: Socket, limits: ControlLimits) {
    this.#socket = socket;
    this.#limits = limits;
    this.#reader = new ReplyReader(limits);
    socket.on("data", (bytes) => this.#receive(bytes));
    socket.on("error", (error) => this.#end(notAnswering(error)));
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#end(notAnswering());
        resolve();
      });
    });
  }

  /** True until the connection ended. */
  get isOpen(): boolean {
    return this.#ended === null;
  }

  /**
   * The reply to a command. Throws ControlRefusal `tor_refused`; NetworkError `tor_not_answering` when there is none in
   * time or the connection ended, `tor_busy` when too many wait; ValidationError `bad_control_word`.
   */
  command(keyword: string, ...words: readonly Word[]): Promise<Reply> {
    const line = commandLine(keyword, words);
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#queue.length >= this.#limits.controlQueue) return Promise.reject(busy());
    const answer = new Promise<Reply>((resolve, reject) => {
      const waiting: Waiting = { line, resolve, reject, timer: null };
      waiting.timer = setTimeout(() => this.#giveUp(waiting), this.#limits.controlAnswerMs);
      this.#queue.push(waiting);
    });
    if (this.#queue.length === 1) this.#send();
    return answer.then((reply) => {
      if (reply.code >= 400) throw new ControlRefusal(keyword, reply);
      return reply;
    });
  }

  /** What GETINFO tells, by key. Throws as `command`; `tor_refused` for a key that Tor does not know. */
  async getInfo(...keys: readonly string[]): Promise<Map<string, string>> {
    const { lines } = await this.command("GETINFO", ...keys);
    return readAssignments(lines);
  }

  /** Values of a setting, as GETCONF tells them; none where it has its default. */
  async getConf(key: string): Promise<string[]> {
    const { lines } = await this.command("GETCONF", key);
    return lines.flatMap(({ text }) => (text.includes("=") ? [text.slice(text.indexOf("=") + 1)] : []));
  }

  /** Calls back with each event of a kind, such as `CIRC`. Resolves to how to stop it once Tor tells them. */
  async listen(kind: string, listener: EventListener): Promise<() => void> {
    const known = this.#listeners.get(kind) ?? new Set<EventListener>();
    known.add(listener);
    this.#listeners.set(kind, known);
    await this.command("SETEVENTS", ...this.#listeners.keys());
    return () => void known.delete(listener);
  }

  /** Ends the connection; commands that wait fail. */
  close(): void {
    this.#end(notAnswering());
  }

  #send(): void {
    const next = this.#queue[0];
    if (next && !this.#ended) this.#socket.write(`${next.line}\r\n`);
  }

  /** What was sent keeps its place until its answer comes; what was not is never sent. */
  #giveUp(waiting: Waiting): void {
    const at = this.#queue.indexOf(waiting);
    if (at > 0) this.#queue.splice(at, 1);
    waiting.reject(notAnswering());
  }

  #receive(bytes: Uint8Array): void {
    if (this.#ended) return;
    try {
      for (const reply of this.#reader.read(bytes)) this.#take(reply);
    } catch (error) {
      this.#end(error instanceof Error ? error : notAnswering(error));
    }
  }

  #take(reply: Reply): void {
    if (reply.code >= 600) {
      this.#tell(reply.lines);
      return;
    }
    const answered = this.#queue.shift();
    if (!answered) throw notAnswering(new Error("a reply that nobody asked for"));
    settle(answered);
    answered.resolve(reply);
    this.#send();
  }

  #tell(lines: readonly ReplyLine[]): void {
    const kind = /^\w+/.exec(lines[0]?.text ?? "")?.[0] ?? "";
    for (const listener of this.#listeners.get(kind) ?? []) listener(lines);
  }

  #end(reason: Error): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#socket.destroy();
    for (const waiting of this.#queue.splice(0)) {
      settle(waiting);
      waiting.reject(reason);
    }
  }
}

function settle(waiting: Waiting): void {
  if (waiting.timer) clearTimeout(waiting.timer);
  waiting.timer = null;
}

function readAssignments(lines: readonly ReplyLine[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const { text, data } of lines) {
    const at = text.indexOf("=");
    if (at > 0) values.set(text.slice(0, at), data ?? text.slice(at + 1));
  }
  return values;
}

/** NetworkError `tor_not_answering`. */
function notAnswering(cause?: unknown): NetworkError {
  return new NetworkError("tor_not_answering", "The tor program does not answer.", {
    hint: "Nocturne starts it again by itself.",
    cause,
  });
}

function notOurs(): NetworkError {
  return new NetworkError(
    "tor_not_ours",
    "What answers in the place of Tor's control port is not the tor of this node.",
    {
      hint: "Stop the other program that listens there, or choose another data directory.",
    },
  );
}

function busy(): NetworkError {
  return new NetworkError("tor_busy", "Too much is asked of Tor at once.", { hint: "Try again in a moment." });
}
