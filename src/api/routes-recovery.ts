/** The recovery key: shown, confirmed, and used when the passphrase is forgotten. */

import { Hono } from "hono";
import * as v from "valibot";
import { recoveryKeyToHex, recoveryKeyToWords } from "../crypto/recovery-key.ts";
import type { Done, RecoveryView } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { doneSchema, recoverySchema } from "./schemas.ts";

const unlock = v.object({ key: v.pipe(v.string(), v.maxLength(1024)), next: v.exactOptional(v.string()) });

export function recoveryRoutes({ services }: Api): Routes {
  return new Hono<ApiEnvironment>()
    .get("/recovery", answers("Tells the recovery key", recoverySchema), (c) => {
      const key = services.vault.recoveryKey();
      const { recoveryConfirmed } = services.settings.read();
      return c.json<RecoveryView>({
        ...recoveryKeyToHex(key),
        words: recoveryKeyToWords(key),
        confirmed: recoveryConfirmed,
      });
    })
    .post("/recovery/confirm", answers("Notes that the key is written down", doneSchema), (c) => {
      services.changeSettings({ recoveryConfirmed: true });
      return c.json<Done>({ ok: true });
    })
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
