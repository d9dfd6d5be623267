/** Routes in plain words, for `nocturne route` and `nocturne status`. */

import type { NetworkView, OnionServiceView, RouteState, RouteUse, RouteView } from "../api/contract.ts";
import { plainLine } from "./plain-text.ts";

const NAMES: Record<RouteUse["route"], string> = {
  direct: "direct",
  tor: "Tor",
  i2p: "I2P",
  local: "this machine",
  unknown: "not known yet",
};

const STATES: Record<RouteState["state"], string> = {
  off: "off",
  missing: "not on this machine",
  starting: "starting",
  up: "up",
  down: "down, comes back by itself",
};

export function routeName(route: RouteUse["route"]): string {
  return NAMES[route];
}

type Health = Pick<RouteState, "state" | "progress" | "loss" | "latencyMs"> & { readonly doing?: string | null };

/** "starting, 45 %: loading relay descriptors", "up, 320 ms, 5 % of the last attempts failed" */
export function describeHealth({ state, progress, doing, loss, latencyMs }: Health): string {
  if (state === "starting") {
    const far = progress === null ? "" : `, ${progress} %`;
    return `${STATES.starting}${far}${doing ? `: ${plainLine(doing)}` : ""}`;
  }
  const latency = state === "up" && latencyMs !== null ? `, ${Math.round(latencyMs)} ms` : "";
  const failed = loss > 0 ? `, ${Math.round(loss * 100)} % of the last attempts failed` : "";
  return `${STATES[state]}${latency}${state === "up" || state === "down" ? failed : ""}`;
}

/** "Tor: up, 320 ms" */
export function describeRoute(route: Health & { readonly name: RouteState["name"] }): string {
  return `${NAMES[route.name]}: ${describeHealth(route)}`;
}

/** What is wrong with a route and what to do; null when nothing is. */
export function describeProblem({ name, problem }: RouteView): string | null {
  return problem === null ? null : `${NAMES[name]}: ${plainLine(problem.message)} ${plainLine(problem.hint)}`;
}

/** "as usual", "chosen: Tor", "demanded by Grace, Committee" */
export function describeChoice({ choice, demandedBy, changeable, route, state }: RouteUse): string {
  if (demandedBy.length > 0) return `demanded by ${demandedBy.map(plainLine).join(", ")}`;
  if (choice !== null) return `chosen: ${NAMES[choice]}`;
  const isUsual = changeable || (state === null && (route === "direct" || route === "tor"));
  return isUsual && route !== "local" ? "as usual" : "by its address";
}

/** What an observer of this machine's line learns with the usual way. */
export function usualWords({ usual, choices, changeable }: NetworkView): string {
  const sees = choices.find(({ way }) => way === usual)?.sees ?? "";
  const how = usual === "tor" ? "By Tor, if nothing else is chosen." : "Directly, if nothing else is chosen.";
  const fixed = changeable ? "" : " This was chosen when Nocturne was started.";
  return `${how} ${plainLine(sees)}${fixed}`;
}

const SERVICES: Record<OnionServiceView["name"], string> = { relay: "Your relay", links: "Your links" };

/** "Your relay as an onion service: up  abc.onion", with "  I2P: up  abc.b32.i2p" behind it when I2P is on. */
export function describeService({ name, on, host, state, i2pHost, i2pState }: OnionServiceView): string {
  const inI2p = i2pHost === null ? "" : `  I2P: ${STATES[i2pState]}  ${plainLine(i2pHost)}`;
  const at = host === null ? "" : `  ${plainLine(host)}${inI2p}`;
  return `${SERVICES[name]} as an onion service: ${on ? STATES[state] : "off"}${at}`;
}
