/** How the node is, and its end. */

import { Hono } from "hono";
import { examineNode } from "../node/doctor.ts";
import { readStatus } from "../node/status.ts";
import type { Done, DoctorReport, Status } from "./contract.ts";
import { answers } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { doctorSchema, doneSchema, statusSchema } from "./schemas.ts";

export function statusRoutes({ services }: Api): Routes {
  return new Hono<ApiEnvironment>()
    .get("/status", answers("Tells how the node is", statusSchema), (c) => c.json<Status>(readStatus(services)))
    .get("/doctor", answers("Checks the machine, the vault and the relays", doctorSchema), async (c) =>
      c.json<DoctorReport>(await examineNode(services)),
    )
    .post("/stop", answers("Stops the node", doneSchema), (c) => {
      services.stopRequest.resolve();
      return c.json<Done>({ ok: true });
    });
}
