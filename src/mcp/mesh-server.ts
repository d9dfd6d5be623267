/**
 * The agent mesh as seven tools of an MCP server.
 *
 *   host (an assistant) -> stdio or HTTP -> server of one connection or call -> AgentCalls -> nocturne-agent
 *
 * Servers are made anew all the time (each call over HTTP has its own); what must last longer is in `Mesh`.
 */
import { McpServer } from "@modelcontextprotocol/server";
import type { AgentCalls } from "./agent-calls.ts";
import type { Snapshots } from "./snapshots.ts";
import type { TakenTasks } from "./taken-tasks.ts";
import { registerAwareness } from "./tools/awareness.ts";
import { registerCompute } from "./tools/compute.ts";
import { registerContribute } from "./tools/contribute.ts";
import { registerPeers } from "./tools/peers.ts";
import { registerQuery } from "./tools/query.ts";
import { registerReflect } from "./tools/reflect.ts";
import { registerVote } from "./tools/vote.ts";

export interface Mesh {
  /** Of this program. */
  readonly version: string;
  readonly calls: AgentCalls;
  readonly taken: TakenTasks;
  readonly snapshots: Snapshots;
}

export function createMeshServer({ version, calls, taken, snapshots }: Mesh): McpServer {
  const about = { name: "nocturne-mesh", title: "Nocturne agent mesh", version };
  // No tool comes or goes while it runs.
  const server = new McpServer(about, { capabilities: { tools: { listChanged: false } } });
  registerQuery(server, calls);
  registerContribute(server, calls, taken);
  registerCompute(server, calls, taken);
  registerAwareness(server, calls);
  registerVote(server, calls, taken);
  registerReflect(server, calls, snapshots);
  registerPeers(server, calls);
  return server;
}
