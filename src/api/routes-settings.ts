/** What you chose, and which relays are offered to choose from. */

import { Hono } from "hono";
import * as v from "valibot";
import { COVER_PROFILES } from "../messaging/cover/cover-law.ts";
import { OFFERED_RELAYS } from "../node/offered-relays.ts";
import { measureWorkCosts, WORK_CHOICES } from "../node/work-costs.ts";
import type { OfferedRelays, Settings, WorkCost } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { offeredRelaysSchema, settingsSchema, workCostsSchema } from "./schemas.ts";

/** Strict: a misspelled setting must not look as if it had been set. */
const patch = v.strictObject({
  displayName: v.exactOptional(v.string()),
  relays: v.exactOptional(v.array(v.string())),
  readReceipts: v.exactOptional(v.boolean()),
  typingIndicators: v.exactOptional(v.boolean()),
  invitedOnly: v.exactOptional(v.boolean()),
  cover: v.exactOptional(v.picklist(COVER_PROFILES)),
  readingMegabytesPerHour: v.exactOptional(v.number()),
  strangerWork: v.exactOptional(v.picklist(WORK_CHOICES)),
});

export function settingsRoutes({ services }: Api): Routes {
  return new Hono<ApiEnvironment>()
    .get("/settings", answers("Tells the settings", settingsSchema), (c) => c.json<Settings>(services.settings.read()))
    .patch("/settings", answers("Changes some settings", settingsSchema), takes("json", patch), (c) =>
      c.json<Settings>(services.changeSettings(c.req.valid("json"))),
    )
    .get("/settings/work", answers("Measures what work costs on this machine", workCostsSchema), async (c) =>
      c.json<WorkCost[]>(await measureWorkCosts()),
    )
    .get("/relays/offered", answers("Lists public relays; none is used unasked", offeredRelaysSchema), (c) =>
      c.json<OfferedRelays>(OFFERED_RELAYS),
    );
}
