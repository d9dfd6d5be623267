/**
 * By which route everything leaves, what an observer learns of it, and windows for private browsing.
 *
 *     usual way, bridges, onion services, I2P   PATCH          one relay's way   PUT relays
 *     new circuits for everything               POST renew     windows           POST, DELETE, POST .../renew
 */

import { Hono } from "hono";
import * as v from "valibot";
import type { BrowseWindowView, Done, NetworkView, VisitorLine } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { browseWindowSchema, networkSchema, visitorSchema, waySchema } from "./schemas-network.ts";
import { doneSchema } from "./schemas.ts";

const bridges = v.strictObject({
  kind: v.picklist(["none", "obfs4", "snowflake", "custom"]),
  lines: v.exactOptional(v.array(v.string())),
});
/** Strict: a misspelled protection must not look as if it had been chosen. */
const change = v.strictObject({
  usual: v.exactOptional(waySchema),
  bridges: v.exactOptional(bridges),
  onionRelay: v.exactOptional(v.boolean()),
  onionLinks: v.exactOptional(v.boolean()),
  i2p: v.exactOptional(v.boolean()),
});
const choice = v.strictObject({ url: v.string(), way: v.nullable(waySchema) });

export function networkRoutes({ services }: Api): Routes {
  const { network } = services;
  return new Hono<ApiEnvironment>()
    .get(
      "/network",
      answers("Tells what leaves by which route, and what an observer learns", networkSchema),
      async (c) => c.json<NetworkView>(await network.view()),
    )
    .patch(
      "/network",
      answers("Changes the usual way, bridges, onion services, I2P", networkSchema),
      takes("json", change),
      async (c) => c.json<NetworkView>(await network.change(c.req.valid("json"))),
    )
    .put(
      "/network/relays",
      answers("Chooses the way of one relay; null is the usual way", networkSchema),
      takes("json", choice),
      async (c) => c.json<NetworkView>(await network.choose(c.req.valid("json"))),
    )
    .post(
      "/network/visitors",
      answers("Gives the line that lets this node reach an onion service which not everybody does", visitorSchema),
      takes("json", v.strictObject({ host: v.string() })),
      async (c) => c.json<VisitorLine>({ line: await network.visitorLine(c.req.valid("json").host) }),
    )
    .post("/network/renew", answers("Makes new circuits for everything", doneSchema), async (c) => {
      await network.renew();
      return c.json<Done>({ ok: true });
    })
    .post("/network/windows", answers("Opens a window of private browsing", browseWindowSchema), async (c) =>
      c.json<BrowseWindowView>(await network.openWindow()),
    )
    .delete("/network/windows/:id", answers("Closes a window and forgets what it knew", doneSchema), async (c) => {
      await network.closeWindow(c.req.param("id"));
      return c.json<Done>({ ok: true });
    })
    .post("/network/windows/:id/renew", answers("Gives a window a new identity", browseWindowSchema), async (c) =>
      c.json<BrowseWindowView>(await network.renewWindow(c.req.param("id"))),
    );
}
