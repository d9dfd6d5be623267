/** What there is to do: GET /local/compute, /local/compute/jobs; POST /local/compute/claim, /{id}/result, /{id}/check, /jobs. */
import { Hono } from "hono";
import * as v from "valibot";
import type { Task, TaskType } from "../agents/tasks/task.ts";
import { PolicyError, ValidationError } from "../core/errors.ts";
import type { JobView, TaskView } from "./agent-contract.ts";
import type { AgentRoom } from "./agent-door.ts";
import { bodyOf, idField, idOf, queriesOf } from "./agent-door-input.ts";
import type { ApiEnvironment, Routes } from "./environment.ts";

const TYPES: readonly TaskType[] = ["synthesize", "verify", "consolidate", "reflect", "fill_gap", "compute"];

/** Each may be said several times in a query string. */
const wanted = v.object({
  types: v.optional(v.array(v.picklist(TYPES))),
  domains: v.optional(v.array(v.string())),
});
const claim = v.object({ task: idField });
const note = v.optional(v.string(), "");
const result = v.object({ entry: v.optional(v.nullable(idField), null), note });
const check = v.object({ isRight: v.boolean(), note });
const job = v.object({
  program: v.string(),
  input: v.unknown(),
  replicas: v.optional(v.number()),
  agree: v.optional(v.number()),
  fuel: v.optional(v.number()),
});

export function taskRoutes({ agent }: AgentRoom): Routes {
  /** As it stands now that something was said of it. */
  const view = (id: string): TaskView => {
    const task = agent.tasks().find((one) => one.id === id);
    if (!task) {
      throw new ValidationError("task_missing", "There is no such task here any more.", {
        hint: "List the tasks again.",
      });
    }
    return task;
  };
  return new Hono<ApiEnvironment>()
    .get("/compute", (c) => {
      const { types, domains } = queriesOf(c, wanted);
      const isWanted = ({ type, domain }: Task): boolean =>
        (types?.includes(type) ?? true) && (domains === undefined || (domain !== null && domains.includes(domain)));
      return c.json<readonly TaskView[]>(agent.tasks().filter(isWanted));
    })
    .post("/compute/claim", async (c) => {
      const { task } = await bodyOf(c, claim);
      if (view(task).state === "leased") throw taken();
      await agent.desk.claim(task);
      return c.json<TaskView>(view(task));
    })
    .post("/compute/:id{[0-9a-f]+}/result", async (c) => {
      const { entry, note: words } = await bodyOf(c, result);
      await agent.desk.finish(idOf(c), entry, words.normalize("NFC"));
      return c.json<TaskView>(view(idOf(c)));
    })
    .post("/compute/:id{[0-9a-f]+}/check", async (c) => {
      const { isRight, note: words } = await bodyOf(c, check);
      await agent.desk.check(idOf(c), isRight, words.normalize("NFC"));
      return c.json<TaskView>(view(idOf(c)));
    })
    .get("/compute/jobs", (c) => c.json<readonly JobView[]>(agent.jobs()))
    .post("/compute/jobs", async (c) => {
      const id = await agent.desk.post(await bodyOf(c, job));
      return c.json<JobView>(agent.jobs().find((one) => one.id === id) as JobView);
    });
}

function taken(): PolicyError {
  return new PolicyError("task_taken", "Another operator is on this task.", {
    hint: "Take another one, or wait an hour.",
  });
}
