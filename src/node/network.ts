/**
 * Routes as the faces see them: what is chosen, what goes where, what this node serves, and what happened.
 *
 *   settings, demands -> Routing -> Routes          change -> sockets that go another way than they should are cut
 *   routes' events -> the last of them              faces are told at most so often
 */
import { DIAL_LIMITS, TOR_LIMITS } from "../core/route-limits.ts";
import type { Clock } from "../core/clock.ts";
import { InternalError, LockedError, PolicyError, toNocturneError, ValidationError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { DirectRoute } from "../route/direct-route.ts";
import { type BridgeLines, bridgeLines, type Bridges, readBridges } from "../route/tor/bridges.ts";
import { I2p } from "../route/i2p/i2p.ts";
import { checkOnionHost, clientLine, visitWith } from "../route/tor/client-authorization.ts";
import { OnionServices } from "../route/tor/onion-services.ts";
import type { Tor } from "../route/tor/tor.ts";
import { type Machine, thisMachine } from "../route/tor/tor-binary.ts";
import { isOnion, placeOf, targetOf, type Way } from "../route/policy.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import type { Route, RouteEvent, RouteHealth, RouteName } from "../route/route.ts";
import type { Routes } from "../route/routes.ts";
import type { RunningRelay } from "../relay/relay-server.ts";
import type { Vault } from "../vault/vault.ts";
import { BRIDGE_CHOICES, BRIDGE_HELP } from "./bridge-words.ts";
import { Browsing } from "./browsing.ts";
import type { Config } from "./config.ts";
import { NetworkSettingsStore } from "./network-settings.ts";
import { OwnServices } from "./own-services.ts";
import type { BrowseWindowView, BrowsingView, ChangeNetwork, ChooseRoute, NetworkView } from "./network-views.ts";
import { routeUses } from "./route-uses.ts";
import { ROUTE_SEES, USUAL_SEES } from "./route-words.ts";
import { Routing } from "./routing.ts";
import { checkRelay } from "./settings.ts";
import { torOf } from "./tor-of.ts";

export interface NetworkOptions {
  readonly config: Config;
  readonly vault: Vault;
  readonly relay: RunningRelay | null;
  readonly clock: Clock;
  readonly log: Logger;
  /** Something that a face shows changed. */
  readonly changed: () => void;
}

/** What is made after the network, and of it. */
export interface NetworkUsers {
  /** As `Messenger.demandedRelays`, of all identities. */
  readonly demanded: () => ReadonlyMap<string, readonly string[]> | null;
  /** All connections to relays, of all identities. */
  readonly pools: () => readonly RelayPool[];
  readonly ownRelays: () => readonly string[];
  readonly bucket: string | null;
  /** The address of the embedded relay is another one. */
  readonly relaysChanged: () => void;
}

/** Faces are told of changes so often at most. */
const TELL_MS = 250;

export class Network {
  readonly settings: NetworkSettingsStore;
  readonly #o: NetworkOptions;
  readonly #routes: readonly Route[];
  readonly #routing: Routing;
  readonly #tor: Tor;
  readonly #machine: Machine;
  readonly #i2p: I2p;
  readonly #onions: OnionServices;
  readonly #own: OwnServices;
  readonly #browsing: Browsing;
  readonly #events: RouteEvent[] = [];
  #users: NetworkUsers | null = null;
  #openLinkDoor: (() => Promise<number>) | null = null;
  #telling: NodeJS.Timeout | null = null;

  constructor(options: NetworkOptions) {
    this.#o = options;
    this.settings = new NetworkSettingsStore(options.vault);
    const { config, clock, log, relay } = options;
    this.#machine = thisMachine(config.searchPath);
    this.#tor = torOf({ config, folder: config.dataDir, bridges: () => this.#bridges(), clock, log });
    const isOn = (): boolean => this.settings.read()?.i2p ?? false;
    this.#i2p = new I2p({ enabled: isOn, sam: config.sam, clock, log: log.child({ component: "i2p" }) });
    this.#routes = [new DirectRoute(), this.#tor, this.#i2p];
    const demanded = (): ReadonlyMap<string, readonly string[]> | null => this.#users?.demanded() ?? null;
    this.#routing = new Routing({ config, settings: this.settings, routes: this.#routes, demanded });
    this.routes.onChange((cameUp) => this.#follow(cameUp));
    for (const route of this.#routes) {
      route.onChange(() => this.#tell());
      route.onEvent((event) => this.#note(event));
    }
    const tell = (text: string): void => this.#note({ at: new Date(clock.nowMs()).toISOString(), route: "tor", text });
    this.#onions = new OnionServices({ tor: this.#tor, log, changed: () => this.#tell(), tell });
    this.#tor.onReady(() => this.#tellVisits());
    this.#browsing = new Browsing({
      routeOf: (kind) => (kind === "web" || kind === "onion" ? this.#tor : null),
      circuits: (label) => this.#tor.circuitOf(label),
      environment: config.browserEnvironment,
      changed: () => this.#tell(),
    });
    this.#own = new OwnServices({
      settings: this.settings,
      routes: this.routes,
      onions: this.#onions,
      i2p: this.#i2p,
      relay,
      linkDoor: () => this.linkDoor(),
      log,
    });
  }

  get routes(): Routes {
    return this.#routing.routes;
  }

  /** How everything leaves of which nothing else is said; null while the vault has been locked since the start. */
  usualWay(): Way | null {
    return this.#o.config.route ?? this.settings.read()?.usual ?? null;
  }

  /** Who uses it; before, nothing but this machine is reached. */
  attach(users: NetworkUsers): void {
    this.#users = users;
  }

  /** Of each route, also of those that are not used. */
  health(): ({ readonly name: RouteName } & RouteHealth)[] {
    return this.#routes.map((route) => ({ name: route.name, ...route.health() }));
  }

  /** Throws LockedError while nothing is known, because the vault was not open since the start. */
  async view(): Promise<NetworkView> {
    const { config } = this.#o;
    const chosen = this.settings.read();
    if (chosen === null) throw new LockedError();
    const { demanded, pools, ownRelays, bucket } = this.#attached();
    return {
      usual: config.route ?? chosen.usual,
      changeable: config.route === null,
      choices: (["direct", "tor"] as const).map((way) => ({ way, sees: USUAL_SEES[way] })),
      routes: this.health().map((health) => ({ ...health, sees: ROUTE_SEES[health.name] })),
      uses: routeUses({
        routes: this.routes,
        settings: chosen,
        pools: pools(),
        relays: ownRelays(),
        demands: demanded() ?? new Map(),
        bucket,
      }),
      services: this.#own.views(),
      bridges: {
        ...chosen.bridges,
        problem: this.#bridgeProblem(chosen.bridges),
        help: BRIDGE_HELP,
        choices: BRIDGE_CHOICES,
      },
      browsing: await this.#browsingView(),
      events: [...this.#events],
    };
  }

  /** Throws PolicyError `route_fixed`, `plugin_missing`; ValidationError `bad_bridges`; LockedError. */
  async change(patch: ChangeNetwork): Promise<NetworkView> {
    const { usual, onionRelay, onionLinks, bridges, i2p } = patch;
    const before = this.settings.read();
    if (before === null) throw new LockedError();
    if (usual !== undefined && this.#o.config.route !== null) throw fixed();
    const onion = { relay: onionRelay ?? before.onion.relay, links: onionLinks ?? before.onion.links };
    const entered = bridges && readBridges({ kind: bridges.kind, lines: bridges.lines ?? before.bridges.lines });
    if (entered) bridgeLines(entered, this.#machine); // what cannot be used is not taken, and the old ones stay
    const chosen = { usual: usual ?? before.usual, onion, i2p: i2p ?? before.i2p };
    const now = this.settings.change({ ...chosen, ...(entered ? { bridges: entered } : {}) });
    if (entered && this.#tor.health().state !== "off") await this.#tor.restart();
    this.follow();
    const addressesOf = ({ onion: { relay }, i2p: isOn }: typeof now): string => `${relay} ${relay && isOn}`;
    if (addressesOf(now) !== addressesOf(before)) this.#attached().relaysChanged();
    return this.view();
  }

  /** Throws ValidationError `bad_relay_url`, `route_not_changeable`; LockedError. */
  async choose({ url, way }: ChooseRoute): Promise<NetworkView> {
    const target = targetOf(checkRelay(url));
    if (!target || isOnion(target) || this.routes.decide(target) === "i2p" || this.routes.decide(target) === "local")
      throw noChoice();
    const { [placeOf(target)]: _, ...others } = this.settings.read()?.relays ?? {};
    this.settings.change({ relays: way === null ? others : { ...others, [placeOf(target)]: way } });
    this.demandsChanged();
    return this.view();
  }

  /** Call after each unlock, and before anything dials: begins what is chosen. Throws LockedError. */
  follow(): void {
    void this.#own.follow();
    this.#browsing.sweep();
    this.#tellVisits().catch((error: unknown) => {
      this.#o.log.warn({ code: toNocturneError(error).code }, "tor was not told the keys of a visitor");
    });
    this.demandsChanged();
    const { usual, relays, i2p } = this.settings.read() ?? { usual: null, relays: {}, i2p: false };
    if (i2p) this.#i2p.start();
    else this.#i2p.stop();
    const ways = [this.#o.config.route ?? usual, ...Object.values(relays)];
    if (ways.includes("tor")) this.#tor.start();
  }

  /** Under which others reach the embedded relay; its own URL while only this machine can. */
  relayUrls(): string[] {
    const urls = this.#own.relayUrls();
    const { relay } = this.#o;
    return urls.length > 0 || !relay ? urls : [relay.url];
  }

  /** Where share links lead to; null: to this machine. */
  linkOrigin(): string | null {
    return this.#own.linkOrigin();
  }

  /** Whether this is on this machine, so that it costs no traffic. */
  isHere(url: string): boolean {
    const target = targetOf(url);
    return target !== null && this.routes.decide(target) === "local";
  }

  /**
   * What the operator of an onion service that not everybody reaches is to be given, so that this node does: one line. The
   * secret stays in the vault; each tor is told anew. Throws ValidationError `bad_onion_host`, `too_many_visits`; LockedError.
   */
  async visitorLine(host: string): Promise<string> {
    const name = checkOnionHost(host.trim());
    const known = this.settings.visited();
    if (!known.includes(name) && known.length >= TOR_LIMITS.visits) throw tooManyVisits();
    const secret = this.settings.visitorSecret(name);
    const control = this.#tor.control();
    if (control) await visitWith(control, name, secret);
    return clientLine(secret);
  }

  /** New circuits for everything that is dialled from now on, and what is open is dialled anew. */
  async renew(): Promise<void> {
    await this.#tor.renew();
    for (const pool of this.#users?.pools() ?? []) pool.redial((route) => route === "tor");
  }

  /** Opens a window of private browsing. Throws as `Browsing.open`. */
  openWindow(): Promise<BrowseWindowView> {
    return this.#browsing.open();
  }

  /** Throws ValidationError `no_such_window`. */
  closeWindow(id: string): Promise<void> {
    return this.#browsing.close(id);
  }

  /** The window begins anew: profile and circuits. Throws as `Browsing.newIdentity`. */
  renewWindow(id: string): Promise<BrowseWindowView> {
    return this.#browsing.newIdentity(id);
  }

  /** Call when a conversation's demand, or whom it is with, changed: what must not go on as it did is cut at once. */
  demandsChanged(): void {
    this.routes.announce();
    this.#tell();
  }

  /** Who opens the door of links; called once the face listens. It gives a port of 127.0.0.1. */
  serveLinks(open: () => Promise<number>): void {
    this.#openLinkDoor = open;
  }

  /** A port of 127.0.0.1 that leads to links alone. Throws InternalError `no_face` before a face listens. */
  linkDoor(): Promise<number> {
    if (this.#openLinkDoor) return this.#openLinkDoor();
    throw new InternalError("no_face", "Nothing serves links yet.", { hint: "Try again." });
  }

  async close(): Promise<void> {
    if (this.#telling) clearTimeout(this.#telling);
    this.#own.close();
    this.#onions.close();
    await this.#browsing.closeAll();
    await this.routes.close();
  }

  async #browsingView(): Promise<BrowsingView> {
    const { problem } = this.#browsing;
    const why = problem && `${problem.message} ${problem.hint}`;
    return { windows: await this.#browsing.windows(), problem: why };
  }

  #attached(): NetworkUsers {
    if (!this.#users) throw new Error("the network has no users yet");
    return this.#users;
  }

  /** Read at each start of Tor. Throws while they are not known, or cannot be used: then Tor does not start. */
  #bridges(): BridgeLines {
    const chosen = this.settings.read();
    if (chosen === null) throw new LockedError();
    return bridgeLines(chosen.bridges, this.#machine);
  }

  /** A tor that began while the vault was locked was not told then. */
  async #tellVisits(): Promise<void> {
    const control = this.#tor.control();
    if (!control) return;
    for (const host of this.settings.visited()) await visitWith(control, host, this.settings.visitorSecret(host));
  }

  #bridgeProblem(bridges: Bridges): string | null {
    try {
      bridgeLines(bridges, this.#machine);
      return null;
    } catch (error) {
      const { message, hint } = toNocturneError(error);
      return `${message} ${hint ?? ""}`.trim();
    }
  }

  #follow(cameUp: RouteName | null): void {
    for (const pool of this.#users?.pools() ?? []) pool.followRoutes(cameUp);
  }

  #note(event: RouteEvent): void {
    this.#events.push(event);
    if (this.#events.length > DIAL_LIMITS.told) this.#events.shift();
    this.#tell();
  }

  #tell(): void {
    this.#telling ??= setTimeout(() => {
      this.#telling = null;
      this.#o.changed();
    }, TELL_MS);
  }
}

function fixed(): PolicyError {
  return new PolicyError("route_fixed", "The route was chosen when this node was started.", {
    hint: "Start it without --route and NOCTURNE_ROUTE to choose here.",
  });
}

function tooManyVisits(): ValidationError {
  return new ValidationError("too_many_visits", `There are keys for ${TOR_LIMITS.visits} onion services already.`, {
    hint: "Use one of those.",
  });
}

function noChoice(): ValidationError {
  return new ValidationError("route_not_changeable", "The address of this relay leaves no choice of a route.", {
    hint: "Onion addresses are reached by Tor, those of I2P by I2P, and this machine without any.",
  });
}
