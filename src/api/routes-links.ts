/** Share links, as their owner sees them. */

import { Hono } from "hono";
import * as v from "valibot";
import { parseDuration } from "../files/duration.ts";
import type { Done, LinkView } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { doneSchema, linkSchema, linksSchema } from "./schemas.ts";

const create = v.object({
  mode: v.picklist(["persistent", "timed", "one-time"]),
  expires: v.exactOptional(v.string()),
  downloads: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  password: v.exactOptional(v.string()),
  note: v.exactOptional(v.string()),
  filePassword: v.exactOptional(v.string()),
});

export function linkRoutes({ services: { links } }: Api): Routes {
  return new Hono<ApiEnvironment>()
    .post("/files/:id/links", answers("Makes a share link", linkSchema), takes("json", create), async (c) => {
      const { expires, ...rest } = c.req.valid("json");
      const options = { ...rest, ...(expires === undefined ? {} : { expiresMs: parseDuration(expires) }) };
      return c.json<LinkView>(await links.create(c.req.param("id"), options));
    })
    .get("/links", answers("Lists share links", linksSchema), (c) => c.json<LinkView[]>(links.list()))
    .delete("/links/:slug", answers("Ends a share link", doneSchema), (c) => {
      links.remove(c.req.param("slug"));
      return c.json<Done>({ ok: true });
    });
}
