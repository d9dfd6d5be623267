/**
 * A local server that answers as `src/api/agent-contract.ts` says, for tests of what stands before it. It keeps what it is given, can
 * end in the middle of a call, and comes back on another port.
 *
 *   const agent = await ScriptedAgent.start(dataDir)     writes <dataDir>/agent/{api.json,token}
 *   agent.entries, agent.awareness ...                   what it will answer
 *   agent.calls                                          what was asked
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import type {
  AgentHealth,
  AgentPeer,
  AwarenessView,
  EntryView,
  TaskView,
  VoteView,
} from "../../src/api/agent-contract.ts";

export interface AskedCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export const OPERATOR: string = "aa".repeat(32);

/** An entry with these words and something for the rest. */
export function entryView(words: Partial<EntryView> = {}): EntryView {
  return {
    id: randomBytes(32).toString("hex"),
    operator: "bb".repeat(32),
    type: "observation",
    domain: "tests",
    content: "Water boils at 100 degrees.",
    tags: [],
    sources: [],
    supersedes: [],
    supersededBy: null,
    confidence: 0.5,
    level: "low",
    madeAtMs: 1_795_000_000_000,
    endsAtMs: null,
    score: 1,
    ...words,
  };
}

export function taskView(task: Partial<TaskView> = {}): TaskView {
  return {
    id: randomBytes(32).toString("hex"),
    type: "synthesize",
    domain: "tests",
    reason: "11 observations that nobody summed up",
    entries: [],
    state: "open",
    lease: null,
    result: null,
    checks: [],
    ...task,
  };
}

export class ScriptedAgent implements AsyncDisposable {
  readonly calls: AskedCall[] = [];
  entries: EntryView[] = [];
  peers: AgentPeer[] = [];
  tasks: TaskView[] = [];
  awareness: AwarenessView = {
    sha256: "00".repeat(32),
    atMs: 1_795_000_000_000,
    domains: [],
    gaps: [],
    conflicts: [],
    activity: [],
    synthesis: null,
  };
  /** Instead of the answer, for a path: an error as the agent says it, or the end of the connection in the middle. */
  faults: Map<string, { readonly status: number; readonly body: unknown } | "break"> = new Map();
  readonly #dataDir: string;
  readonly #token: string;
  readonly #server: Server;

  private constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#token = randomBytes(32).toString("base64url");
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** Takes the place of one that ended; `before` hands on what that one knew. */
  static async start(dataDir: string, before?: ScriptedAgent): Promise<ScriptedAgent> {
    const agent = new ScriptedAgent(dataDir);
    if (before) [agent.entries, agent.awareness] = [before.entries, before.awareness];
    agent.#server.listen(0, "127.0.0.1");
    await once(agent.#server, "listening");
    agent.#show((agent.#server.address() as AddressInfo).port);
    return agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** What a killed one leaves behind. */
  #show(port: number): void {
    const folder = join(this.#dataDir, "agent");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "token"), this.#token);
    writeFileSync(join(folder, "api.json"), JSON.stringify({ port, pid: process.pid }));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://agent");
    const text = Buffer.concat(await request.toArray()).toString("utf8");
    const body: unknown = text === "" ? null : JSON.parse(text);
    const call = { method: request.method ?? "", path: url.pathname, query: url.searchParams, body };
    this.calls.push(call);
    const fault = this.faults.get(call.path);
    if (fault === "break") return void request.socket.destroy();
    const isKnown = request.headers.authorization === `Bearer ${this.#token}`;
    const told = isKnown ? (fault ?? { status: 200, body: this.#told(call) }) : { status: 401, body: null };
    const status = told.body === undefined ? 404 : told.status;
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof told.body === "string" ? told.body : JSON.stringify(told.body ?? null));
  }

  #told({ method, path, query, body }: AskedCall): unknown {
    const asked = body as Record<string, unknown>;
    if (path === "/local/health") return health;
    if (path === "/local/peers") return this.peers;
    if (path === "/local/awareness") return this.awareness;
    if (path === "/local/compute") return this.tasks;
    if (path === "/local/compute/claim") return this.#claim(String(asked["task"]));
    if (/^\/local\/compute\/\w+\/result$/.test(path)) return this.tasks[0];
    if (path === "/local/knowledge/vote") return voteView(String(asked["entry"]), asked["vote"] as 1 | -1);
    if (path !== "/local/knowledge") return undefined;
    return method === "GET" ? this.#found(query) : this.#keep(asked);
  }

  #found(query: URLSearchParams): EntryView[] {
    const domain = query.get("domain");
    return this.entries
      .filter((entry) => domain === null || entry.domain === domain)
      .slice(0, Number(query.get("limit")));
  }

  #keep(words: Partial<EntryView>): { readonly id: string } {
    const entry = entryView({ ...words, operator: OPERATOR });
    this.entries.push(entry);
    return { id: entry.id };
  }

  #claim(id: string): TaskView {
    const lease = { operator: OPERATOR, untilMs: Date.now() + 3_600_000 };
    this.tasks = this.tasks.map((task) => (task.id === id ? { ...task, state: "leased", lease } : task));
    return this.tasks.find((task) => task.id === id) as TaskView;
  }
}

const health: AgentHealth = {
  version: "0.1.0",
  network: "cc".repeat(32),
  networkName: "tests",
  operator: OPERATOR,
  device: "dd".repeat(32),
  isEnrolled: true,
  isBehind: false,
  neighbours: 2,
  logs: 3,
  forked: [],
  addresses: [],
  round: 7,
  window: "commit",
  windowEndsMs: 1_795_000_100_000,
  spent: null,
  messages: null,
};

function voteView(subject: string, own: 1 | -1): VoteView {
  return { subject, kind: "entry", own, state: "committed", round: 7, windowEndsMs: 1_795_000_100_000 };
}
