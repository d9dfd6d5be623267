/** The recovery key: shown, confirmed, and used when the passphrase is forgotten. */

import { Hono } from "hono";
import * as v from "valibot";
import { SNAPSHOT_LIMITS } from "../core/cell-limits.ts";
import { recoveryKeyToHex, recoveryKeyToWords } from "../crypto/recovery-key.ts";
import { outsideRelays, recoverHere, viewSummary } from "../node/account-recovery.ts";
import type { Done, RecoveryView, RestoreResult, SummaryView } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { doneSchema, recoverySchema, restoreSchema, summarySchema } from "./schemas.ts";

const restore = v.object({
  key: v.pipe(v.string(), v.maxLength(1024)),
  relays: v.pipe(v.array(v.string()), v.maxLength(SNAPSHOT_LIMITS.relays)),
});
const unlock = v.object({ key: v.pipe(v.string(), v.maxLength(1024)), next: v.exactOptional(v.string()) });

export function recoveryRoutes({ services }: Api): Routes {
  return new Hono<ApiEnvironment>()
    .get("/recovery", answers("Tells the recovery key", recoverySchema), (c) => {
      const key = services.vault.recoveryKey();
      const { recoveryConfirmed } = services.settings.read();
      return c.json<RecoveryView>({
        ...recoveryKeyToHex(key),
        words: recoveryKeyToWords(key),
        relays: outsideRelays(services),
        confirmed: recoveryConfirmed,
      });
    })
    .post("/recovery/confirm", answers("Notes that the key is written down", doneSchema), (c) => {
      services.changeSettings({ recoveryConfirmed: true });
      return c.json<Done>({ ok: true });
    })
    .get("/recovery/summary", answers("Tells where the account's summary lies", summarySchema), (c) =>
      c.json<SummaryView>(viewSummary(services.vault, outsideRelays(services))),
    )
    .post("/recovery/summary", answers("Leaves a summary at your relays now", summarySchema), async (c) => {
      await services.messenger.snapshots?.publish();
      return c.json<SummaryView>(viewSummary(services.vault, outsideRelays(services)));
    })
    .post(
      "/recovery/restore",
      answers("Makes a new installation the account of a recovery key", restoreSchema),
      takes("json", restore),
      async (c) => {
        const { key, relays } = c.req.valid("json");
        return c.json<RestoreResult>(await recoverHere(services, key, relays));
      },
    )
    .post(
      "/recovery/unlock",
      answers("Unlocks with the recovery key", doneSchema),
      takes("json", unlock),
      async (c) => {
        const { key, next } = c.req.valid("json");
        await services.gate.unlockWithRecoveryKey(key, next);
        return c.json<Done>({ ok: true });
      },
    );
}
