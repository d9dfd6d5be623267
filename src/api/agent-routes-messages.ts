/** Messages between agents: GET, POST /local/messages. */
import { Hono } from "hono";
import * as v from "valibot";
import type { OperatorId } from "../agents/agent-ids.ts";
import { PolicyError } from "../core/errors.ts";
import type { AgentMessages } from "../node/agent-messages.ts";
import type { AgentMessage } from "./agent-contract.ts";
import type { AgentRoom } from "./agent-door.ts";
import { bodyOf, idField, queryOf } from "./agent-door-input.ts";
import type { ApiEnvironment, Routes } from "./environment.ts";

const asked = v.object({ with: v.optional(idField), after: v.optional(v.string()) });
const letter = v.object({ to: idField, text: v.string() });

export function messageRoutes({ messages }: AgentRoom): Routes {
  const open = (): AgentMessages => {
    if (messages) return messages;
    throw new PolicyError("messages_off", "This agent sends and takes no messages.", {
      hint: "Start it with --relay URL, a relay at which it collects them.",
    });
  };
  return new Hono<ApiEnvironment>()
    .get("/messages", (c) => {
      const { with: operator, after } = queryOf(c, asked);
      return c.json<readonly AgentMessage[]>(open().list({ with: operator as OperatorId | undefined, after }));
    })
    .post("/messages", async (c) => {
      const { to, text } = await bodyOf(c, letter);
      return c.json<AgentMessage>(await open().send(to as string as OperatorId, text));
    });
}
