/**
 * What this node serves to people elsewhere without opening a port: its relay and its links, as onion services, and at
 * I2P addresses beside them when I2P is on.
 *
 *   settings -> seeds in the vault -> addresses -> published          on this machine they are reached without a detour
 *
 * All have keys of their own: who gets a link must not learn which relay is its giver's. An address is known from its
 * key before the network was told of it, so that it can be given away at once, and goes on while the vault is locked.
 */
import type { Logger } from "../core/log.ts";
import type { Routes } from "../route/routes.ts";
import type { I2p } from "../route/i2p/i2p.ts";
import type { RouteState } from "../route/route.ts";
import type { OnionServices } from "../route/tor/onion-services.ts";
import type { RunningRelay } from "../relay/relay-server.ts";
import type { Hiding, NetworkSettingsStore, ServiceName } from "./network-settings.ts";
import type { OnionServiceView } from "./network-views.ts";

export interface OwnServicesOptions {
  readonly settings: NetworkSettingsStore;
  readonly routes: Routes;
  readonly onions: OnionServices;
  readonly i2p: I2p;
  readonly relay: RunningRelay | null;
  /** A port of 127.0.0.1 that leads to links alone. */
  readonly linkDoor: () => Promise<number>;
  readonly log: Logger;
}

/** As of onion services and of I2P. */
interface Handle {
  readonly host: string;
  state(): RouteState;
  close(): void;
}

interface Wanted {
  readonly hiding: Hiding;
  readonly name: ServiceName;
  /** null: it is switched off. */
  readonly seed: Uint8Array | null;
  readonly host: string | null;
}

const NAMES: readonly ServiceName[] = ["relay", "links"];
const HIDINGS: readonly Hiding[] = ["onion", "i2p"];
const PORT = 80;

export class OwnServices {
  readonly #o: OwnServicesOptions;
  readonly #handles = new Map<string, Handle>();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: OwnServicesOptions) {
    this.#o = options;
  }

  /** Publishes what is switched on and takes back what is not. Call after each unlock and change; throws LockedError. */
  follow(): Promise<void> {
    const wanted = HIDINGS.flatMap((hiding) => NAMES.map((name) => this.#wanted(hiding, name)));
    // Known at once: whoever is told of our relays next is to be told of these.
    this.#serveHere();
    this.#turn = this.#setAll(this.#turn, wanted);
    return this.#turn;
  }

  /** Under which others write to the embedded relay; none: only this machine can. */
  relayUrls(): string[] {
    return this.#o.relay ? this.#relayHosts().map((host) => `ws://${host}`) : [];
  }

  /** `http://<host>` of share links; null while they are served to this machine alone. */
  linkOrigin(): string | null {
    const host = this.#hostOf("onion", "links");
    return host === null ? null : `http://${host}`;
  }

  views(): OnionServiceView[] {
    return NAMES.map((name) => ({
      name,
      on: this.#isOn("onion", name),
      host: this.#hostOf("onion", name),
      state: this.#handles.get(`onion-${name}`)?.state() ?? (this.#isOn("onion", name) ? "starting" : "off"),
      i2pHost: this.#hostOf("i2p", name),
      i2pState: this.#handles.get(`i2p-${name}`)?.state() ?? (this.#isOn("i2p", name) ? "starting" : "off"),
    }));
  }

  close(): void {
    for (const handle of this.#handles.values()) handle.close();
  }

  #wanted(hiding: Hiding, name: ServiceName): Wanted {
    const isOn = this.#isOn(hiding, name);
    const seed = isOn ? this.#o.settings.seed(hiding, name) : null;
    return { hiding, name, seed, host: this.#hostOf(hiding, name) };
  }

  async #setAll(before: Promise<void>, wanted: readonly Wanted[]): Promise<void> {
    await before;
    for (const one of wanted) await this.#set(one);
  }

  async #set({ hiding, name, seed, host }: Wanted): Promise<void> {
    const id = `${hiding}-${name}`;
    const known = this.#handles.get(id);
    if (known && known.host !== host) {
      known.close();
      this.#handles.delete(id);
    }
    if (seed === null || this.#handles.has(id)) return;
    const { onions, i2p, relay, linkDoor, log } = this.#o;
    try {
      const localPort = name === "links" ? await linkDoor() : await relay?.backDoor();
      if (localPort === undefined) return;
      const isOnion = hiding === "onion";
      this.#handles.set(
        id,
        isOnion ? onions.publish({ seed, port: PORT, localPort }) : i2p.publish({ seed, localPort }),
      );
    } catch (error) {
      log.error({ service: id, error: error instanceof Error ? error.name : "" }, "a service does not start");
    }
  }

  #serveHere(): void {
    const { relay, routes } = this.#o;
    if (!relay) return;
    const hosts = this.#relayHosts();
    for (const host of hosts) routes.serve(host, relay.port);
    relay.knownAs(hosts.map((host) => `ws://${host}`));
  }

  #relayHosts(): string[] {
    return HIDINGS.map((hiding) => this.#hostOf(hiding, "relay")).filter((host) => host !== null);
  }

  #isOn(hiding: Hiding, name: ServiceName): boolean {
    const settings = this.#o.settings.read();
    return settings !== null && settings.onion[name] && (hiding === "onion" || settings.i2p);
  }

  #hostOf(hiding: Hiding, name: ServiceName): string | null {
    return this.#isOn(hiding, name) ? this.#o.settings.host(hiding, name) : null;
  }
}
