/** Papers that the agent says to all: POST /local/papers. Each counts by its own signature, whoever brings it. */
import { Hono } from "hono";
import * as v from "valibot";
import { fromHex } from "../core/bytes.ts";
import type { PaperInput } from "./agent-contract.ts";
import type { AgentRoom } from "./agent-door.ts";
import { bodyOf } from "./agent-door-input.ts";
import type { ApiEnvironment, Routes } from "./environment.ts";

const paper: v.GenericSchema<unknown, PaperInput> = v.object({
  kind: v.picklist(["enrolment", "revocation"]),
  paper: v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})+$/)),
});

export function paperRoutes({ agent }: AgentRoom): Routes {
  return new Hono<ApiEnvironment>().post("/papers", async (c) => {
    const { kind, paper: text } = await bodyOf(c, paper);
    await (kind === "enrolment" ? agent.enrol(fromHex(text)) : agent.revoke(fromHex(text)));
    return c.json({});
  });
}
