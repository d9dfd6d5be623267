/**
 * The routes of this node, and what decides between them.
 *
 *   flags > settings of the vault > default: direct        usual way
 *   settings: ways of single relays; conversations: demands
 *
 * What is not known may not leave: from the start until the vault was open for the first time nobody knows what was
 * chosen. Once known it holds while the vault is locked again.
 */
import { placeOf, type RoutePolicy, targetOf } from "../route/policy.ts";
import type { Route } from "../route/route.ts";
import { Routes } from "../route/routes.ts";
import type { Config } from "./config.ts";
import type { NetworkSettingsStore } from "./network-settings.ts";

export interface RoutingOptions {
  readonly config: Pick<Config, "route">;
  readonly settings: NetworkSettingsStore;
  readonly routes: readonly Route[];
  /** Conversations that demand Tor, by relay URL; null while the vault is locked. */
  readonly demanded: () => ReadonlyMap<string, readonly string[]> | null;
}

const NOTHING_KNOWN: RoutePolicy = { usual: null, relays: new Map(), demanded: new Set() };

export class Routing {
  readonly routes: Routes;
  readonly #o: RoutingOptions;
  #demanded: ReadonlyMap<string, readonly string[]> | null = null;

  constructor(options: RoutingOptions) {
    this.#o = options;
    this.routes = new Routes({ routes: options.routes, policy: () => this.policy() });
  }

  policy(): RoutePolicy {
    const { config, settings } = this.#o;
    const chosen = settings.read();
    const demands = this.demands();
    if (chosen === null || demands === null) return NOTHING_KNOWN;
    return {
      usual: config.route ?? chosen.usual,
      relays: new Map(Object.entries(chosen.relays)),
      demanded: new Set([...demands.keys()].flatMap(placesOf)),
    };
  }

  /** Names of conversations by relay URL, as they were last known; null before they were. */
  demands(): ReadonlyMap<string, readonly string[]> | null {
    this.#demanded = this.#o.demanded() ?? this.#demanded;
    return this.#demanded;
  }
}

function placesOf(url: string): string[] {
  const target = targetOf(url);
  return target ? [placeOf(target)] : [];
}
