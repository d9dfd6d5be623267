/** Who you are. */

import { Hono } from "hono";
import * as v from "valibot";
import { mainDeviceOnly } from "../messaging/device/device-errors.ts";
import { encryptSecretKey } from "../node/encrypted-key.ts";
import type { ExportedIdentity, IdentityView } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { identityView } from "./identity-view.ts";
import { exportedIdentitySchema, identitySchema } from "./schemas.ts";

const importRequest = v.object({ secret: v.string(), password: v.exactOptional(v.string()) });
const exportRequest = v.object({ password: v.string() });

export function identityRoutes({ services: { vault, gate } }: Api): Routes {
  const view = (): IdentityView => identityView(vault);
  return new Hono<ApiEnvironment>()
    .get("/identity", answers("Tells your public key and devices", identitySchema), (c) => c.json<IdentityView>(view()))
    .post(
      "/identity/import",
      answers("Replaces the identity by an nsec, hex or ncryptsec key", identitySchema),
      takes("json", importRequest),
      async (c) => {
        const { secret, password } = c.req.valid("json");
        await gate.importIdentity(secret, password);
        return c.json<IdentityView>(view());
      },
    )
    .post(
      "/identity/export",
      answers("Tells the secret key under a password (NIP-49)", exportedIdentitySchema),
      takes("json", exportRequest),
      (c) => {
        if (vault.identity().account) throw mainDeviceOnly();
        const ncryptsec = encryptSecretKey(vault.identity().nostrSecretKey, c.req.valid("json").password);
        return c.json<ExportedIdentity>({ ncryptsec });
      },
    );
}
