/** The mesh's tools over Streamable HTTP, on this machine only: http://127.0.0.1:<port>/mcp, bearer token. Keeps no sessions. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type NodeIncomingMessageLike, toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { MCP_LIMITS } from "../core/agent-limits.ts";
import { API_LIMITS } from "../core/limits.ts";
import { judgeCall, MCP_PATH, type Refused } from "./http-guard.ts";
import { createMeshServer, type Mesh } from "./mesh-server.ts";

export interface HttpService extends AsyncDisposable {
  readonly url: string;
}

/** `port` 0 takes any. Rejects with a system error if it is in use. */
export async function serveOverHttp(mesh: Mesh, port: number, token: string): Promise<HttpService> {
  const { requestBytes: maxRequestBodySize, subscriptions: maxSubscriptions } = MCP_LIMITS;
  const handler = createMcpHandler(() => createMeshServer(mesh), { maxRequestBodySize, maxSubscriptions });
  const answer = toNodeHandler(handler, { maxRequestBodySize });
  const server = createServer({ maxHeaderSize: API_LIMITS.headerBytes }, (request, response) => {
    const refused = judgeCall(request, taken, token);
    if (refused) refuse(response, refused);
    else void answer(request as NodeIncomingMessageLike, response); // the same, but for optional fields that may be undefined
  });
  server.headersTimeout = API_LIMITS.requestHeadersMs;
  server.maxConnections = MCP_LIMITS.connections;
  server.listen({ host: "127.0.0.1", port });
  await once(server, "listening");
  const taken = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${taken}${MCP_PATH}`,
    [Symbol.asyncDispose]: async () => {
      await handler.close();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** As JSON-RPC says errors, so that clients show the words. */
function refuse(response: ServerResponse, { status, message }: Refused): void {
  const challenge = status === 401 ? { "www-authenticate": "Bearer" } : {};
  response.writeHead(status, { "content-type": "application/json", connection: "close", ...challenge });
  response.end(JSON.stringify({ jsonrpc: "2.0", error: { code: -32_000, message }, id: null }));
}
