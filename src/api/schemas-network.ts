/** The shapes of routes as values, for the OpenAPI document and for checking answers in tests; see `schemas.ts`. */
import * as v from "valibot";
import type * as contract from "./contract.ts";

/** A schema of answers of type T. */
type Shape<T> = v.GenericSchema<unknown, T>;

const text = v.string();
const time = v.pipe(v.string(), v.isoTimestamp());
const routeName = v.picklist(["direct", "tor", "i2p"]);
const bridgeKind = v.picklist(["none", "obfs4", "snowflake", "custom"]);
const routeState = v.picklist(["off", "missing", "starting", "up", "down"]);

export const waySchema: Shape<contract.Way> = v.picklist(["direct", "tor"]);

export const routeStateSchema: Shape<contract.RouteState> = v.object({
  name: routeName,
  state: routeState,
  loss: v.number(),
  latencyMs: v.nullable(v.number()),
  progress: v.nullable(v.number()),
});

const route = v.object({
  name: routeName,
  state: routeState,
  progress: v.nullable(v.number()),
  doing: v.nullable(text),
  loss: v.number(),
  latencyMs: v.nullable(v.number()),
  problem: v.nullable(v.object({ code: text, message: text, hint: text })),
  sees: text,
});
const use = v.object({
  what: text,
  route: v.picklist(["direct", "tor", "i2p", "local", "unknown"]),
  state: v.nullable(v.picklist(["connecting", "connected", "waiting", "closed"])),
  choice: v.nullable(waySchema),
  demandedBy: v.array(text),
  changeable: v.boolean(),
  sees: text,
});
const onionService = v.object({
  name: v.picklist(["relay", "links"]),
  on: v.boolean(),
  host: v.nullable(text),
  state: routeState,
  i2pHost: v.nullable(text),
  i2pState: routeState,
});
const circuit = v.object({
  id: text,
  purpose: text,
  hops: v.array(v.object({ fingerprint: text, nickname: text, country: v.nullable(text) })),
});

export const browseWindowSchema: Shape<contract.BrowseWindowView> = v.object({
  id: text,
  openedAt: time,
  port: v.number(),
  sites: v.array(v.object({ site: text, circuit: v.nullable(circuit) })),
});

export const networkSchema: Shape<contract.NetworkView> = v.object({
  usual: waySchema,
  changeable: v.boolean(),
  choices: v.array(v.object({ way: waySchema, sees: text })),
  routes: v.array(route),
  uses: v.array(use),
  services: v.array(onionService),
  bridges: v.object({
    kind: bridgeKind,
    lines: v.array(text),
    problem: v.nullable(text),
    help: text,
    choices: v.array(v.object({ kind: bridgeKind, title: text, when: text, where: v.nullable(text) })),
  }),
  browsing: v.object({ windows: v.array(browseWindowSchema), problem: v.nullable(text) }),
  events: v.array(v.object({ at: time, route: routeName, text })),
});

export const visitorSchema: Shape<contract.VisitorLine> = v.object({ line: text });
