/** What this node talks to now, and by which route: for the network page and `nocturne route`. */
import { isOnion, targetOf, placeOf } from "../route/policy.ts";
import type { PoolState, RelayPool } from "../route/relay-pool.ts";
import type { Target } from "../route/route.ts";
import type { Routes } from "../route/routes.ts";
import type { NetworkSettings } from "./network-settings.ts";
import type { RouteUse } from "./network-views.ts";
import { seesOf } from "./route-words.ts";

export interface RouteUsesParts {
  readonly routes: Routes;
  readonly settings: NetworkSettings | null;
  /** Of the root; those of personas are told by their number. */
  readonly pools: readonly RelayPool[];
  /** Relays of one's own: they are told also while nothing connects to them. */
  readonly relays: readonly string[];
  readonly demands: ReadonlyMap<string, readonly string[]>;
  /** Address of the operator's bucket; null without one. */
  readonly bucket: string | null;
}

/** Relays first, in the order of the alphabet; of a relay that several connections go to the best state. */
export function routeUses(parts: RouteUsesParts): RouteUse[] {
  const states = new Map<string, PoolState>();
  for (const state of parts.pools.flatMap((pool) => pool.states())) {
    const known = states.get(state.url);
    if (!known || RANK.indexOf(state.state) < RANK.indexOf(known.state)) states.set(state.url, state);
  }
  const urls = [...new Set([...parts.relays, ...states.keys()])].sort();
  const relays = urls.map((url) => useOf(url, states.get(url)?.state ?? "closed", parts));
  const bucket = parts.bucket === null ? [] : [{ ...useOf(parts.bucket, null, parts), changeable: false }];
  return [...relays, ...bucket, linksOf(parts)];
}

const RANK: readonly PoolState["state"][] = ["connected", "connecting", "waiting", "closed"];

/** Of an address that leaves a choice: by the usual way, but for conversations that demand Tor. */
function linksOf({ routes }: RouteUsesParts): RouteUse {
  const route = routes.decide(ANYWHERE);
  const choice = { choice: null, demandedBy: [], changeable: false };
  return { what: "Files and links of other people", route, state: null, ...choice, sees: seesOf(route, false) };
}

/** Nobody chose a way to it. */
const ANYWHERE: Target = { host: "anywhere.invalid", port: 443 };

function useOf(url: string, state: RouteUse["state"], { routes, settings, demands }: RouteUsesParts): RouteUse {
  const target = targetOf(url);
  const route = target ? routes.decide(target) : "unknown";
  const isFixed = !target || route === "local" || isOnion(target) || route === "i2p";
  return {
    what: url,
    route,
    state,
    choice: (target && settings?.relays[placeOf(target)]) ?? null,
    demandedBy: demands.get(url) ?? [],
    changeable: !isFixed,
    sees: seesOf(route, target !== null && isOnion(target)),
  };
}
