/** Disposable identities. Whoever is one of them, for messaging calls, says so by a header (`acting.ts`). */

import { Hono } from "hono";
import * as v from "valibot";
import type { Done, Persona } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { doneSchema, personaSchema, personasSchema } from "./schemas.ts";

/** Strict: a misspelled expiry must not make a persona that lives for ever. */
const create = v.strictObject({
  label: v.string(),
  name: v.exactOptional(v.string()),
  relays: v.array(v.string()),
  expires: v.exactOptional(v.string()),
});

export function personaRoutes({ services: { personas } }: Api): Routes {
  return new Hono<ApiEnvironment>()
    .get("/personas", answers("Lists personas", personasSchema), (c) => c.json<Persona[]>(personas.list()))
    .post("/personas", answers("Makes a persona", personaSchema), takes("json", create), (c) =>
      c.json<Persona>(personas.create(c.req.valid("json"))),
    )
    .delete("/personas/:id", answers("Destroys a persona and everything of it", doneSchema), async (c) => {
      await personas.remove(c.req.param("id"));
      return c.json<Done>({ ok: true });
    });
}
