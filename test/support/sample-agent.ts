/**
 * A door of an agent that answers as the contract says, from a sample that a test can change: for the app's side of it. It stands in a
 * data directory as that of `nocturne-agent` does.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import type { TestContext } from "node:test";
import type { EntryView, VoteInput, VoteView } from "../../src/api/contract.ts";
import {
  sampleAwareness,
  sampleCases,
  sampleEntries,
  sampleHealth,
  sampleKey,
  samplePeers,
  sampleTally,
  sampleTasks,
  sampleVotes,
} from "./sample-agents.ts";

/** An entry of the sample about which no vote was counted yet. */
export const UNCOUNTED: string = sampleKey(2_004);

/** What the door tells; each part can be replaced while it is open. */
export interface Told {
  health: unknown;
  peers: unknown;
  knowledge: EntryView[];
  votes: VoteView[];
  compute: unknown;
  awareness: unknown;
  quarantine: unknown;
}

export interface SampleAgent {
  readonly told: Told;
  /** Calls that came with the token, such as "GET /local/health". */
  readonly calls: string[];
  /** Votes that were given. */
  readonly given: VoteInput[];
  /** Answers in the place of the next ones, whatever is asked. */
  answer: ((response: ServerResponse) => void) | null;
  readonly close: () => Promise<void>;
}

export function sampleTold(): Told {
  return {
    health: sampleHealth(),
    peers: samplePeers(40),
    knowledge: sampleEntries(26),
    votes: sampleVotes(),
    compute: sampleTasks(),
    awareness: sampleAwareness(),
    quarantine: sampleCases(),
  };
}

export async function openSampleAgent(t: TestContext, dataDir: string): Promise<SampleAgent> {
  const token = randomBytes(32).toString("base64url");
  const folder = join(dataDir, "agent");
  const server = createServer((request, response) => {
    void (async () => {
      if (request.headers.authorization !== `Bearer ${token}`) return refuse(response, 401, "no_token");
      agent.calls.push(`${request.method} ${request.url}`);
      if (agent.answer) return agent.answer(response);
      return answer(agent, request, response);
    })();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async (): Promise<void> => {
    rmSync(join(folder, "api.json"), { force: true });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const agent: SampleAgent = { told: sampleTold(), calls: [], given: [], answer: null, close };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "token"), `${token}\n`, { mode: 0o600 });
  const door = { port: (server.address() as AddressInfo).port, pid: process.pid };
  writeFileSync(join(folder, "api.json"), JSON.stringify(door), { mode: 0o600 });
  t.after(close);
  return agent;
}

export function refuse(response: ServerResponse, status: number, code: string, fault: string = "usage"): void {
  const error = { code, message: "It was refused.", hint: "Do something else.", fault };
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error }));
}

async function answer({ told, given }: SampleAgent, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  const part = pathname.slice("/local/".length);
  const say = (value: unknown): void => void response.end(JSON.stringify(value));
  if (request.method === "POST" && part === "knowledge/vote") {
    const vote = JSON.parse((await request.setEncoding("utf8").toArray()).join("")) as VoteInput;
    given.push(vote);
    const found = told.votes.find(({ subject }) => subject === vote.entry);
    const { round, windowEndsMs } = sampleHealth();
    const view: VoteView = {
      kind: "entry",
      round,
      windowEndsMs,
      ...found,
      subject: vote.entry,
      own: vote.vote,
      state: "committed",
    };
    told.votes = [...told.votes.filter((one) => one !== found), view];
    return say(told.votes.at(-1));
  }
  if (part === "knowledge/tally") {
    const entry = searchParams.get("entry") ?? "";
    return entry === UNCOUNTED ? refuse(response, 404, "unknown_tally", "input") : say(sampleTally(entry));
  }
  if (part === "knowledge") return say(search(told.knowledge, searchParams));
  if (part.startsWith("knowledge/")) {
    const entry = told.knowledge.find(({ id }) => id === part.slice("knowledge/".length));
    return entry ? say(entry) : refuse(response, 400, "entry_missing", "input");
  }
  return part in told ? say(told[part as keyof Told]) : refuse(response, 404, "unknown_call");
}

const LEVELS = ["rejected", "low", "medium", "high"];

/** As much of a search as a test of a page needs. */
function search(entries: readonly EntryView[], asked: URLSearchParams): EntryView[] {
  const words = (asked.get("query") ?? "").toLowerCase();
  const domain = asked.get("domain");
  const least = LEVELS.indexOf(asked.get("level") ?? "low");
  return entries.filter(
    (entry) =>
      entry.content.toLowerCase().includes(words) &&
      (domain === null || entry.domain === domain) &&
      LEVELS.indexOf(entry.level) >= least,
  );
}
