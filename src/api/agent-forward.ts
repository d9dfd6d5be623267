/**
 * The way from the app to the agent of the same data directory, which is a program of its own.
 *
 *   page -> /api/agents/... (session, guard) -> http://127.0.0.1:<agent/api.json: port>/local/... (agent/token) -> its answer
 *
 * Both files are the user's alone. They are read at every call, so an agent that comes or goes is noticed at once. What
 * answers is checked against the contract: it may be of another version.
 */
import { readFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import * as v from "valibot";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import {
  InternalError,
  NetworkError,
  type NocturneError,
  PolicyError,
  UsageError,
  ValidationError,
} from "../core/errors.ts";
import { type AgentPaths, agentPaths } from "../node/agent-paths.ts";
import { apiErrorSchema } from "./schemas.ts";

export interface AgentCall<T> {
  readonly method: "GET" | "POST" | "DELETE";
  /** Such as `/local/health`, with its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly answer: v.GenericSchema<unknown, T>;
}

interface Door {
  readonly port: number;
  readonly token: string;
}

const doorFile = v.object({ port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)) });
const tokenFile = v.pipe(v.string(), v.trim(), v.regex(/^[\w-]{32,128}$/));

/**
 * The agent's answer. Throws NetworkError `agent_not_running`, InternalError `agent_answer` for what the contract does
 * not know, and what the agent refused, with its code and words.
 */
export async function askAgent<T>(dataDir: string, { method, path, body, answer }: AgentCall<T>): Promise<T> {
  const door = await findDoor(agentPaths(dataDir));
  const json = body === undefined ? null : JSON.stringify(body);
  const { status, text } = await exchange(door, method, path, json);
  // Whoever listens there does not know our token: the agent that wrote it is gone.
  if (status === 401) throw notRunning();
  const told = parse(text);
  if (status >= 400) throw refusalOf(told);
  const { success, output } = v.safeParse(answer, told);
  if (!success) throw badAnswer();
  return output;
}

async function findDoor(paths: AgentPaths): Promise<Door> {
  const read = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");
  const [door, token] = await Promise.all([read(paths.api), read(paths.token)]);
  const port = v.safeParse(v.pipe(v.string(), v.parseJson(), doorFile), door);
  const key = v.safeParse(tokenFile, token);
  if (!port.success || !key.success) throw notRunning();
  return { port: port.output.port, token: key.output };
}

/** By an agent of Node's of its own: the global one could be told, by the environment, to go by a proxy. */
async function exchange({ port, token }: Door, method: string, path: string, json: string | null): Promise<Told> {
  const type = json === null ? {} : { "content-type": "application/json" };
  const outgoing = request({
    host: "127.0.0.1",
    port,
    method,
    path,
    headers: { authorization: `Bearer ${token}`, ...type },
    agent: false,
    signal: AbortSignal.timeout(AGENT_LIMITS.localAnswerMs),
  });
  try {
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once("response", resolve);
      outgoing.on("error", reject);
    });
    outgoing.end(json ?? undefined);
    const incoming = await answered;
    return { status: incoming.statusCode ?? 500, text: await readBounded(incoming) };
  } catch (cause) {
    throw notRunning(cause);
  } finally {
    outgoing.destroy();
  }
}

interface Told {
  readonly status: number;
  readonly text: string;
}

async function readBounded(incoming: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let left: number = AGENT_LIMITS.localAnswerBytes;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    left -= piece.length;
    if (left < 0) throw new Error("too long");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const CLASS_OF_FAULT: Readonly<Record<string, typeof ValidationError>> = {
  usage: UsageError,
  policy: PolicyError,
  network: NetworkError,
  internal: InternalError,
};

/** Never as its status: a 401 or 423 of the agent would end the page's own session, or lock it. */
function refusalOf(told: unknown): NocturneError {
  const { success, output } = v.safeParse(apiErrorSchema, told);
  if (!success) return badAnswer();
  const { code, message, hint, fault } = output.error;
  const Fault = CLASS_OF_FAULT[fault] ?? ValidationError;
  return new Fault(code, message, hint === undefined ? {} : { hint });
}

function notRunning(cause?: unknown): NetworkError {
  return new NetworkError("agent_not_running", "No agent is running in this data directory.", {
    hint: "Start it with: nocturne-agent start",
    cause,
  });
}

function badAnswer(): InternalError {
  return new InternalError("agent_answer", "The running agent gave an answer that cannot be read.", {
    hint: "It may be of another version: stop it and start it again.",
  });
}
