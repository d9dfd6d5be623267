/** The recovery key: shown, confirmed, and used when the passphrase is forgotten. */

import { Hono } from "hono";
import * as v from "valibot";
import { SNAPSHOT_LIMITS } from "../core/cell-limits.ts";
import { recoveryKeyToHex, recoveryKeyToWords } from "../crypto/recovery-key.ts";
import { SHARE_LIMITS } from "../core/limits.ts";
import { outsideRelays, recoverHere, splitKey, viewSummary } from "../node/account-recovery.ts";
import type {
  Done,
  KeptShareView,
  RecoveryView,
  RestoreResult,
  SharesView,
  ShareView,
  SummaryView,
} from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import {
  doneSchema,
  keptShareSchema,
  recoverySchema,
  restoreSchema,
  shareListSchema,
  sharesSchema,
  summarySchema,
} from "./schemas.ts";

const restore = v.object({
  key: v.pipe(v.string(), v.maxLength(SHARE_LIMITS.inputCharacters)),
  relays: v.pipe(v.array(v.string()), v.maxLength(SNAPSHOT_LIMITS.relays)),
});
const split = v.object({
  need: v.number(),
  of: v.exactOptional(v.number()),
  people: v.exactOptional(v.pipe(v.array(v.string()), v.maxLength(SHARE_LIMITS.most))),
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
      await services.messenger.recovery.publishSummary();
      return c.json<SummaryView>(viewSummary(services.vault, outsideRelays(services)));
    })
    .get("/recovery/shares", answers("Tells who keeps shares of your recovery key", sharesSchema), (c) =>
      c.json<SharesView>(services.messenger.recovery.shares()),
    )
    .post(
      "/recovery/shares",
      answers("Splits your recovery key among contacts, or for paper", shareListSchema),
      takes("json", split),
      async (c) => c.json<ShareView[]>(await splitKey(services, c.req.valid("json"))),
    )
    .post("/recovery/shares/:who/show", answers("Shows the share that you keep for a contact", keptShareSchema), (c) =>
      c.json<KeptShareView>(services.messenger.recovery.reveal(c.req.param("who"))),
    )
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
