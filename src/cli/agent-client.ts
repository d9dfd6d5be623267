/** Calls to the agent that runs in a data directory, by its local API. */
import type * as v from "valibot";
import { NetworkError, NoNodeError } from "../core/errors.ts";
import type { AgentHealth } from "../api/agent-contract.ts";
import { askAgent, type AgentCall } from "../api/agent-forward.ts";
import { agentHealthSchema } from "../api/schemas-agents.ts";

export class AgentClient {
  readonly #dataDir: string;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /** The checked answer. Throws NoNodeError `agent_not_running` when none runs, and the agent's own error. */
  async call<T>(
    method: AgentCall<T>["method"],
    path: string,
    answer: v.GenericSchema<unknown, T>,
    body?: unknown,
  ): Promise<T> {
    try {
      return await askAgent(this.#dataDir, { method, path: `/local${path}`, body, answer });
    } catch (error) {
      if (error instanceof NetworkError && error.code === "agent_not_running") throw noAgent(error);
      throw error;
    }
  }

  /** How the agent is; null when none runs. */
  async health(): Promise<AgentHealth | null> {
    try {
      return await this.call("GET", "/health", agentHealthSchema);
    } catch (error) {
      if (error instanceof NoNodeError) return null;
      throw error;
    }
  }
}

export function noAgent(cause?: unknown): NoNodeError {
  return new NoNodeError("agent_not_running", "No agent is running in this data directory.", {
    hint: "Start it with: nocturne-agent start",
    cause,
  });
}
