/** Something that listens where a node of this data directory would, and answers as a test tells it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { TestContext } from "node:test";
import { socketPath } from "../../src/node/socket-path.ts";
import { atEnd } from "./cleanup.ts";

export type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

export interface ScriptedNode {
  /** Cuts all connections and listens no more, as a crash does. */
  end(): void;
}

export async function startScriptedNode(t: TestContext, dataDir: string, answer: Answer): Promise<ScriptedNode> {
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(socketPath(dataDir), resolve));
  atEnd(t, () => end(server));
  return { end: () => end(server) };
}

function end(server: Server): void {
  server.close();
  server.closeAllConnections();
}

export function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

/** An error as the API words it. */
export function answerError(response: ServerResponse, status: number, code: string, fault: string): void {
  answerJson(response, { error: { code, message: `It is ${code}.`, hint: "Do this.", fault } }, status);
}

export async function readBody(request: IncomingMessage): Promise<string> {
  return (await request.setEncoding("utf8").toArray()).join("");
}
