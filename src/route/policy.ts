/**
 * By which route something leaves. Pure.
 *
 *   this machine -> local | .onion -> tor | .i2p -> i2p | else: a conversation's demand > the relay's choice > the usual way
 *
 * A demand of a conversation counts for every relay that it uses, whatever was chosen for the relay: two conversations
 * at one relay share its connection, and the more careful of them decides.
 */
import { isLoopbackHost } from "../core/loopback.ts";
import type { RouteName, Target } from "./route.ts";

/** What a person chooses for places on the open internet. */
export type Way = "direct" | "tor";

export interface RoutePolicy {
  /** For everything that nothing else is said of; null while it is not known, because the vault is locked. */
  readonly usual: Way | null;
  /** By host and port as `placeOf` writes them. */
  readonly relays: ReadonlyMap<string, Way>;
  /** Places of relays that conversations demand to be reached by Tor. */
  readonly demanded: ReadonlySet<string>;
}

/** `local`: on this machine, so that nothing leaves it. `unknown`: nothing may leave before it is known what may. */
export type Decision = RouteName | "local" | "unknown";

/** The one route to a target. */
export function decide(target: Target, policy: RoutePolicy): Decision {
  const host = target.host.toLowerCase();
  if (isLoopbackHost(host)) return "local";
  if (isOnion(target)) return "tor";
  if (host.endsWith(".i2p")) return "i2p";
  const place = placeOf(target);
  if (policy.demanded.has(place)) return "tor";
  return policy.relays.get(place) ?? policy.usual ?? "unknown";
}

/** Whether its address leads to a place inside Tor. */
export function isOnion({ host }: Target): boolean {
  return host.toLowerCase().endsWith(".onion");
}

/** One spelling of a target: `host:port`. */
export function placeOf({ host, port }: Target): string {
  return `${host.toLowerCase()}:${port}`;
}

const PORTS: Readonly<Record<string, number>> = { "ws:": 80, "http:": 80, "wss:": 443, "https:": 443 };

/** The target of a ws, wss, http or https URL; null for any other text. */
export function targetOf(text: string | URL): Target | null {
  const url = URL.parse(String(text));
  const usual = PORTS[url?.protocol ?? ""];
  if (!url || usual === undefined || url.hostname === "") return null;
  return { host: url.hostname.replace(/\.$/, ""), port: url.port === "" ? usual : Number(url.port) };
}
