/**
 * Calls to a node over the Unix socket in its data directory. The socket's 0600 mode is the
 * permission, so there is no session.
 */

import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { ApiError } from "../api/contract.ts";
import {
  InternalError,
  isSystemError,
  LockedError,
  NetworkError,
  NoNodeError,
  NocturneError,
  PolicyError,
  toNocturneError,
  UsageError,
  ValidationError,
} from "../core/errors.ts";

type Body = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface CallOptions {
  readonly json?: unknown;
  readonly body?: Body;
  readonly headers?: Readonly<Record<string, string>>;
  /** Breaks the call off. */
  readonly signal?: AbortSignal;
}

export class NodeClient {
  readonly #socketPath: string;
  readonly #persona: Record<string, string>;

  /** `persona`: label or id of the one that the calls act for; yourself without. */
  constructor(socketPath: string, persona?: string) {
    this.#socketPath = socketPath;
    this.#persona = persona === undefined ? {} : { "x-nocturne-persona": encodeURIComponent(persona) };
  }

  /**
   * The JSON answer of one call. Throws the node's own error; NoNodeError when nothing listens; NetworkError
   * `node_gone` when the node ends in the middle, so that the call may or may not have taken effect.
   */
  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const response = await this.open(method, path, options);
    return parse(await readText(response)) as T;
  }

  /** One call whose answer is read as a stream; throws as `call` does until the answer begins. */
  async open(method: string, path: string, options: CallOptions = {}): Promise<IncomingMessage> {
    const response = await this.#exchange(method, path, options);
    const status = response.statusCode ?? 500;
    if (status < 400) return response;
    throw errorOf(await readText(response));
  }

  async #exchange(method: string, path: string, options: CallOptions): Promise<IncomingMessage> {
    const { json, signal } = options;
    const body = json === undefined ? options.body : [Buffer.from(JSON.stringify(json))];
    const outgoing = request({
      socketPath: this.#socketPath,
      method,
      path,
      headers: { ...this.#persona, ...headersOf(options) },
      agent: false,
      ...(signal ? { signal } : {}),
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once("response", resolve);
      outgoing.on("error", (cause: Error) => reject(connectionError(cause)));
    });
    await send(outgoing, body ?? [], answered);
    return answered;
  }
}

/**
 * Sends the body, as fast as it is taken. A refusal may come before the end: then nothing more is sent, and the answer
 * counts. The connection is not torn down before that, because the answer would be lost with it.
 */
async function send(outgoing: ClientRequest, body: Body, answered: Promise<IncomingMessage>): Promise<void> {
  const settled = answered
    .then((response) => response.once("close", () => outgoing.destroy()))
    .catch(() => outgoing.destroy()); // `answered` itself tells it
  // Only raced: a source that never gives its next chunk, such as a pipe, must not hold up the end.
  await Promise.race([pump(outgoing, body, settled), settled]);
}

async function pump(outgoing: ClientRequest, body: Body, settled: Promise<unknown>): Promise<void> {
  let isSettled = false;
  void settled.finally(() => (isSettled = true));
  try {
    for await (const chunk of body) {
      if (!isSettled && !outgoing.write(chunk)) await drainedOrClosed(outgoing);
      if (isSettled) return;
    }
  } catch (error) {
    outgoing.destroy();
    throw error;
  }
  outgoing.end();
}

function drainedOrClosed(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off("drain", done).off("close", done);
      resolve();
    };
    outgoing.on("drain", done).on("close", done);
  });
}

function headersOf({ json, headers }: CallOptions): Record<string, string> {
  const type = json === undefined ? {} : { "content-type": "application/json" };
  return { host: "localhost", ...type, ...headers };
}

async function readText(response: IncomingMessage): Promise<string> {
  try {
    return Buffer.concat(await response.toArray()).toString("utf8");
  } catch (cause) {
    throw connectionError(cause as Error);
  }
}

/** True when the connection broke, as opposed to a failure of what was sent over it. */
export function isConnectionError(error: unknown): boolean {
  const codes = ["ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE", "ERR_STREAM_DESTROYED"];
  return isSystemError(error) && codes.includes(error.code);
}

/** What means that no node listens here: no socket, a stale one, no such folder, or a path too long for a socket. */
const NOBODY: readonly string[] = ["ENOENT", "ECONNREFUSED", "ENOTDIR", "ENAMETOOLONG", "EINVAL"];

function connectionError(cause: Error): NocturneError {
  if (cause instanceof NocturneError) return cause;
  const code = isSystemError(cause) ? cause.code : "";
  if (code === "ABORT_ERR" && cause.cause instanceof NocturneError) return cause.cause;
  if (code === "EACCES") return toNocturneError(cause);
  if (NOBODY.includes(code)) return noNode(cause);
  return new NetworkError("node_gone", "The running Nocturne ended during this call.", {
    hint: "Start it again, then look whether the call took effect.",
    cause,
  });
}

function noNode(cause: Error): NoNodeError {
  return new NoNodeError("no_node", "No Nocturne is running in this data directory.", {
    hint: "Start it with: nocturne start",
    cause,
  });
}

const CLASS_OF_FAULT: ReadonlyMap<string, typeof ValidationError> = new Map([
  ["internal", InternalError],
  ["network", NetworkError],
  ["policy", PolicyError],
  ["usage", UsageError],
]);

/** The node's error as the class whose exit code fits. */
function errorOf(text: string): NocturneError {
  const answer = parse(text) as Partial<ApiError> | null;
  if (typeof answer?.error?.code !== "string") throw badAnswer();
  const { code, message, hint, fault } = answer.error;
  if (fault === "locked") return new LockedError();
  const Fault = CLASS_OF_FAULT.get(fault) ?? ValidationError;
  return new Fault(code, message, hint === undefined ? {} : { hint });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badAnswer(cause);
  }
}

function badAnswer(cause?: unknown): InternalError {
  return new InternalError("bad_answer", "The running Nocturne gave an answer that cannot be read.", {
    hint: "It may be of another version: stop it and start it again.",
    cause,
  });
}
