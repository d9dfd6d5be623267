/** Routes in plain words, for the network page: what carries what, what an observer learns, and what to do. Pure. */
import type { CircuitView, NetworkView, RouteUse, RouteView, Way } from "../../src/api/contract.ts";
import { countOf } from "./format.ts";

export const WAY_TITLES: Record<Way, string> = { direct: "Direct", tor: "Tor" };

const ROUTE_NAMES: Record<RouteUse["route"], string> = {
  direct: "Direct",
  tor: "Tor",
  i2p: "I2P",
  local: "This machine",
  unknown: "Not known yet",
};

export function routeName(route: RouteUse["route"]): string {
  return ROUTE_NAMES[route];
}

const USE_STATES: Record<NonNullable<RouteUse["state"]>, string> = {
  connected: "connected",
  connecting: "connecting",
  waiting: "waits, trying again",
  closed: "not in use",
};

/** "Tor, connected" */
export function useWords({ route, state }: RouteUse): string {
  return `${ROUTE_NAMES[route]}, ${state === null ? "when it is needed" : USE_STATES[state]}`;
}

const STATES: Record<RouteView["state"], string> = {
  off: "is off",
  missing: "is not on this machine",
  starting: "is starting",
  up: "is up",
  down: "is down, and comes back by itself",
};

/** "Tor is starting" */
export function stateWords({ name, state }: Pick<RouteView, "name" | "state">): string {
  return `${ROUTE_NAMES[name]} ${STATES[state]}`;
}

/** "320 ms to open a connection", "5 % of the last attempts failed"; only what has been measured. */
export function measuredWords({ state, latencyMs, loss }: Pick<RouteView, "state" | "latencyMs" | "loss">): string[] {
  const latency = state === "up" && latencyMs !== null ? [`${Math.round(latencyMs)} ms to open a connection`] : [];
  const failed = loss > 0 && state !== "off" && state !== "missing";
  return [...latency, ...(failed ? [`${Math.round(loss * 100)} % of the last attempts failed`] : [])];
}

/** The few words of the shell: "Direct", "By Tor", "Tor starts 45 %". */
export function routeLineWords({ usual, routes }: NetworkView): string {
  const tor = routes.find(({ name }) => name === "tor");
  if (usual === "direct" || !tor) return WAY_TITLES[usual];
  const far = tor.progress === null ? "" : ` ${tor.progress} %`;
  const words: Record<RouteView["state"], string> = {
    off: "Tor is off",
    missing: "Tor is missing",
    starting: `Tor starts${far}`,
    up: "By Tor",
    down: "Tor is down",
  };
  return words[tor.state];
}

/** What the usual way does not cover, in plain words, the graver first; empty when there is nothing. */
export function exceptionsOf({ usual, routes, uses }: NetworkView): string[] {
  const tor = routes.find(({ name }) => name === "tor");
  const direct = uses.filter(({ route }) => route === "direct").length;
  const waits = usual === "tor" && tor !== undefined && tor.state !== "up";
  return [
    ...(waits ? [`${stateWords(tor)}: until it is up, nothing that goes by it leaves this machine.`] : []),
    ...(usual === "tor" && direct > 0
      ? [`${countOf(direct, "place is", "places are")} reached directly: an observer sees that, too.`]
      : []),
  ];
}

export interface Hop {
  readonly name: string;
  /** What stands there learns. */
  readonly knows: string;
  /** The line itself, which somebody may watch. */
  readonly watched?: true;
  /** Reached now. */
  readonly lit: boolean;
}

/** The usual way from here to a relay. */
export function hopsOf({ usual, routes, bridges }: NetworkView): Hop[] {
  if (usual === "direct") {
    return [
      { name: "You", knows: "Messages leave sealed.", lit: true },
      {
        name: "Your line",
        knows: "An observer sees which relays you use, when and how much.",
        watched: true,
        lit: true,
      },
      { name: "Relay", knows: "Sees your network address.", lit: true },
    ];
  }
  const state = routes.find(({ name }) => name === "tor")?.state ?? "off";
  const isUp = state === "up";
  const bridged = bridges.kind !== "none";
  return [
    { name: "You", knows: "Messages leave sealed.", lit: true },
    {
      name: "Your line",
      knows: bridged
        ? "An observer sees a connection to the bridge, when and how much."
        : "An observer sees that you use Tor, when and how much.",
      watched: true,
      lit: isUp || state === "starting",
    },
    { name: bridged ? "Bridge" : "Guard", knows: "Knows your address, not where you go.", lit: isUp },
    { name: "Middle", knows: "Knows neither.", lit: isUp },
    { name: "Exit", knows: "Knows the relay, not you.", lit: isUp },
    { name: "Relay", knows: "Sees the exit’s address, not yours.", lit: isUp },
  ];
}

export interface Hint {
  readonly words: string;
  /** What is to be typed; null where nothing is. */
  readonly command: string | null;
  readonly after: string;
}

const COMMAND =
  /^(.*?: )((?:sudo|apt|brew|dnf|pacman|winget|choco|nix-env|nocturne) .+?)(?:\.?$|(?:\. (?=[A-Z])| (?=\())(.*)$)/s;

/** Hints write what is to be typed after a colon: "Install it: sudo apt install tor. Nocturne notices by itself." */
export function splitHint(hint: string): Hint {
  const [, words = "", command = "", after = ""] = COMMAND.exec(hint) ?? [];
  return command === "" ? { words: hint, command: null, after: "" } : { words: words.trim(), command, after };
}

const REGIONS = new Intl.DisplayNames("en", { type: "region" });

/** "Sweden", where its address is said to be. */
export function countryName(code: string | null): string {
  if (code === null || !/^[a-z]{2}$/i.test(code)) return "unknown country";
  return REGIONS.of(code.toUpperCase()) ?? code;
}

/** "Sweden (Quintex42)" for each hop, from the guard on. */
export function circuitWords({ hops }: CircuitView): string[] {
  return hops.map(({ country, nickname }) => `${countryName(country)} (${nickname})`);
}

/** "Grace", "Grace and Committee", "Grace, Committee and Ada" */
export function namesTogether(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}
