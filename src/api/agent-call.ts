/**
 * A call of the local API of the agent in a data directory, for programs of its user: the app, the command line, the tools for assistants.
 *
 *   <data-dir>/agent/api.json {"port","pid"}, token   read at every call: an agent that comes or goes is noticed at once
 *   -> http://127.0.0.1:<port>/local/...              bearer token
 *   -> answered    status and JSON
 *      absent      nothing of the call reached an agent: it may be made again
 *      broken      it may have taken effect, and nobody knows
 */
import { readFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import process from "node:process";
import * as v from "valibot";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import { type AgentPaths, agentPaths } from "../node/agent-paths.ts";

export interface LocalCall {
  readonly method: "GET" | "POST" | "DELETE";
  /** Such as `/local/health`, with its query. */
  readonly path: string;
  readonly body?: unknown;
}

export type Outcome =
  /** `body` is null where it is no JSON. */
  | { readonly kind: "answered"; readonly status: number; readonly body: unknown }
  | { readonly kind: "absent" }
  | { readonly kind: "broken" };

interface Door {
  readonly port: number;
  readonly token: string;
}

const doorFile = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
    pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
);
const TOKEN = /^[\w-]{32,128}$/;

/** Never throws. */
export async function callLocalAgent(dataDir: string, call: LocalCall): Promise<Outcome> {
  const door = await findDoor(agentPaths(dataDir));
  if (!door) return { kind: "absent" };
  const outcome = await exchange(door, call);
  // Whoever does not know the token has read nothing: another agent has begun since, or a stranger listens there.
  return outcome.kind === "answered" && outcome.status === 401 ? { kind: "absent" } : outcome;
}

async function findDoor(paths: Pick<AgentPaths, "api" | "token">): Promise<Door | null> {
  const read = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");
  const [text, token] = await Promise.all([read(paths.api), read(paths.token)]);
  const { success, output } = v.safeParse(doorFile, text);
  const key = token.trim();
  // A file that a killed agent left behind names a port that anybody may have by now: he shall not get the token.
  return success && TOKEN.test(key) && isAlive(output.pid) ? { port: output.port, token: key } : null;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** By an agent of Node's of its own: the global one could be told, by the environment, to go by a proxy. */
async function exchange({ port, token }: Door, { method, path, body }: LocalCall): Promise<Outcome> {
  const json = body === undefined ? null : JSON.stringify(body);
  const type = json === null ? {} : { "content-type": "application/json" };
  let isReached = false;
  const outgoing = request({
    host: "127.0.0.1",
    port,
    method,
    path,
    headers: { authorization: `Bearer ${token}`, ...type },
    agent: false,
    signal: AbortSignal.timeout(AGENT_LIMITS.localAnswerMs),
  });
  outgoing.once("socket", (socket) => socket.once("connect", () => (isReached = true)));
  try {
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once("response", resolve);
      outgoing.on("error", reject);
    });
    outgoing.end(json ?? undefined);
    const incoming = await answered;
    return { kind: "answered", status: incoming.statusCode ?? 500, body: parse(await readBounded(incoming)) };
  } catch {
    return { kind: isReached ? "broken" : "absent" };
  } finally {
    outgoing.destroy();
  }
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
