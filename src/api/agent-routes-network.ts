/** How the agent is, who else takes part, and its end: GET /local/health, /local/peers; POST /local/stop. */
import { Hono } from "hono";
import type { Peer } from "../agents/agent.ts";
import { VERSION } from "../node/version.ts";
import type { AgentHealth, AgentPeer } from "./agent-contract.ts";
import type { AgentRoom } from "./agent-door.ts";
import type { ApiEnvironment, Routes } from "./environment.ts";

const WHOLE = 1_000;

export function networkRoutes({ agent, messages, stop }: AgentRoom): Routes {
  return new Hono<ApiEnvironment>()
    .get("/health", (c) => {
      const { network, name } = agent.genesis;
      const refused = messages && { refused: messages.refused };
      const about = { version: VERSION, network, networkName: name, messages: refused };
      return c.json<AgentHealth>({ ...about, ...agent.status() });
    })
    .get("/peers", (c) => c.json<readonly AgentPeer[]>(agent.peers().map((peer) => peerView(peer, agent.operator))))
    .post("/stop", (c) => {
      stop();
      return c.json({});
    });
}

function peerView({ operator, devices, standing, reputation, quarantine }: Peer, self: string): AgentPeer {
  return {
    operator,
    label: standing.depth === 0 ? null : standing.label,
    devices,
    depth: standing.depth,
    endorsers: standing.endorsers,
    weight: reputation.weight / WHOLE,
    verified: reputation.verified,
    accuracy: reputation.accuracy / WHOLE,
    quarantine,
    isSelf: operator === self,
  };
}
