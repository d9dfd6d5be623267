/**
 * The local API of a running agent (`agent-contract.ts`), on 127.0.0.1 alone.
 *
 *   guard: Host, no page, token -> bounded body -> routes, one file a subject -> Agent
 *
 *   agent/token      32 random bytes, base64url, 0600: another one at each start, so that one that was lost is worth nothing then
 *   agent/api.json   {"port", "pid"}, 0600, once it listens; gone when it ends, unless it was killed
 */
import { once } from "node:events";
import { rm } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { toBase64Url, utf8Encode } from "../core/bytes.ts";
import { InternalError, isSystemError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { randomBytes } from "../core/random.ts";
import type { Agent } from "../agents/agent.ts";
import type { AgentMessages } from "../node/agent-messages.ts";
import type { AgentPaths } from "../node/agent-paths.ts";
import { writeFileDurably } from "../vault/durable-file.ts";
import { agentGuard } from "./agent-door-guard.ts";
import { unknownCall } from "./agent-door-input.ts";
import { awarenessRoutes } from "./agent-routes-awareness.ts";
import { caseRoutes } from "./agent-routes-cases.ts";
import { knowledgeRoutes } from "./agent-routes-knowledge.ts";
import { messageRoutes } from "./agent-routes-messages.ts";
import { networkRoutes } from "./agent-routes-network.ts";
import { paperRoutes } from "./agent-routes-papers.ts";
import { taskRoutes } from "./agent-routes-tasks.ts";
import { voteRoutes } from "./agent-routes-votes.ts";
import { boundedBody } from "./body.ts";
import type { ApiEnvironment, Routes } from "./environment.ts";
import { answerError } from "./errors.ts";
import { closeServer, createHttpServer } from "./listeners.ts";

export interface AgentDoorOptions {
  readonly agent: Agent;
  /** Null: it sends and takes none. */
  readonly messages: AgentMessages | null;
  readonly paths: Pick<AgentPaths, "api" | "token">;
  /** 0: any. */
  readonly port: number;
  readonly log: Logger;
}

export interface AgentDoor extends AsyncDisposable {
  readonly port: number;
  /** Resolves when somebody asked the agent to end. */
  readonly stopped: Promise<void>;
}

/** What every subject's routes are handed. */
export interface AgentRoom {
  readonly agent: Agent;
  readonly messages: AgentMessages | null;
  /** Asks the program to end. */
  readonly stop: () => void;
}

const TOKEN_BYTES = 32;

/** A subject of the contract: a file of routes, listed here. */
const SUBJECTS: readonly ((room: AgentRoom) => Routes)[] = [
  networkRoutes,
  knowledgeRoutes,
  voteRoutes,
  paperRoutes,
  taskRoutes,
  awarenessRoutes,
  caseRoutes,
  messageRoutes,
];

/** Throws InternalError `port_in_use`. */
export async function openAgentDoor({ agent, messages, paths, port, log }: AgentDoorOptions): Promise<AgentDoor> {
  const token = toBase64Url(randomBytes(TOKEN_BYTES));
  const stopped = Promise.withResolvers<void>();
  let taken = 0;
  const app = createAgentApp({ agent, messages, stop: stopped.resolve }, () => taken, token, log);
  const fetch = (request: Request, bindings: object) => app.fetch(request, { ...bindings, trusted: false });
  // Its faster Request and Response would replace the global ones for the whole process.
  const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
  const server = createHttpServer((incoming, outgoing) => void listener(incoming, outgoing));
  taken = await listen(server, port);
  // The token first: whoever finds the port finds the token that belongs to it.
  writeFileDurably(paths.token, utf8Encode(`${token}\n`));
  writeFileDurably(paths.api, utf8Encode(`${JSON.stringify({ port: taken, pid: process.pid })}\n`));
  return {
    port: taken,
    stopped: stopped.promise,
    [Symbol.asyncDispose]: async () => {
      await rm(paths.api, { force: true });
      await closeServer(server);
    },
  };
}

function createAgentApp(room: AgentRoom, port: () => number, token: string, log: Logger): Routes {
  const app = new Hono<ApiEnvironment>();
  app.onError((error, c) => answerError(error, c, log));
  app.use(agentGuard(port, token));
  app.use(boundedBody);
  for (const routes of SUBJECTS) app.route("/local", routes(room));
  app.notFound((c) => answerError(unknownCall(), c, log));
  return app;
}

async function listen(server: Server, port: number): Promise<number> {
  try {
    server.listen({ host: "127.0.0.1", port });
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  } catch (error) {
    if (isSystemError(error) && error.code === "EADDRINUSE") throw portInUse(port, error);
    throw error;
  }
}

function portInUse(port: number, cause: unknown): InternalError {
  return new InternalError("port_in_use", `Another program already uses port ${port} of this machine.`, {
    hint: "Choose another for the local API with --api-port.",
    cause,
  });
}
