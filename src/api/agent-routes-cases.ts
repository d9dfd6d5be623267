/** Who is not listened to, and why: GET, POST /local/quarantine. */
import { Hono } from "hono";
import * as v from "valibot";
import type { OperatorId } from "../agents/agent-ids.ts";
import type { ShownCase } from "../agents/anomaly/quarantine.ts";
import type { CaseView } from "./agent-contract.ts";
import type { AgentRoom } from "./agent-door.ts";
import { bodyOf, idField } from "./agent-door-input.ts";
import type { ApiEnvironment, Routes } from "./environment.ts";

const accusation = v.object({
  operator: idField,
  action: v.picklist(["quarantine", "reinstate"]),
  words: v.string(),
});

export function caseRoutes({ agent }: AgentRoom): Routes {
  const view = (one: ShownCase): CaseView => {
    const { id, accused, action, detector, words, madeAtMs, by, level, state, evidenceState } = one;
    const evidence = agent.cases.evidenceOf(one);
    return { id, accused, action, detector, words, madeAtMs, by, evidence, evidenceState, level, state };
  };
  return new Hono<ApiEnvironment>()
    .get("/quarantine", (c) => c.json<readonly CaseView[]>(agent.cases.all().map(view)))
    .post("/quarantine", async (c) => {
      const { operator, action, words } = await bodyOf(c, accusation);
      const accused = operator as string as OperatorId;
      await agent.cases.accuse(accused, action, words.normalize("NFC"));
      const made = agent.cases.all().find((one) => one.by === agent.operator && one.accused === accused);
      return c.json<CaseView>(view(made as ShownCase));
    });
}
