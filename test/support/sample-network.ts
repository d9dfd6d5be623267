/** Routes of a node that does not exist, for the faces: everything that a view can hold, and what was asked of it. */
import { BRIDGE_CHOICES, BRIDGE_HELP } from "../../src/node/bridge-words.ts";
import type { Network } from "../../src/node/network.ts";
import type {
  BrowseWindowView,
  ChangeNetwork,
  ChooseRoute,
  CircuitView,
  NetworkView,
} from "../../src/node/network-views.ts";

export const ONION: string = `${"relayq2w".repeat(7)}.onion`;
const OTHER_ONION = `${"linksab5".repeat(7)}.onion`;

function circuit(id: string, ...hops: readonly (readonly [string, string | null])[]): CircuitView {
  const known = hops.map(([nickname, country]) => ({ fingerprint: "A1".repeat(20), nickname, country }));
  return { id, purpose: "general", hops: known };
}

export const WINDOW: BrowseWindowView = {
  id: "w1",
  openedAt: "2026-01-31T18:00:00.000Z",
  port: 41_234,
  sites: [
    { site: "example.org", circuit: circuit("12", ["moria1", "us"], ["Quintex42", "se"], ["relayon0457", "de"]) },
    { site: "news.example.net", circuit: circuit("14", ["moria1", "us"], ["NTH15R4", null], ["F3Netze", "fr"]) },
    { site: "just-opened.example", circuit: null },
  ],
};

export const NO_BRIDGES: NetworkView["bridges"] = {
  kind: "none",
  lines: [],
  problem: null,
  help: BRIDGE_HELP,
  choices: BRIDGE_CHOICES,
};

const HEALTHY = { progress: null, doing: null, loss: 0, latencyMs: null, problem: null } as const;

/** Tor is up and the usual way. */
export function sampleNetwork(change: Partial<NetworkView> = {}): NetworkView {
  return {
    usual: "tor",
    changeable: true,
    choices: [
      {
        way: "direct",
        sees: "Who watches your line sees which relays you use, when, and how much. Relays see your network address.",
      },
      {
        way: "tor",
        sees: "Who watches your line sees that you use Tor, when, and how much, but not which relays you use. Relays do not see your network address.",
      },
    ],
    routes: [
      { ...HEALTHY, name: "direct", state: "up", latencyMs: 12, sees: "An observer sees where it goes." },
      { ...HEALTHY, name: "tor", state: "up", loss: 0.05, latencyMs: 320, sees: "An observer sees that you use Tor." },
      { ...HEALTHY, name: "i2p", state: "off", sees: "An observer sees that you use I2P." },
    ],
    uses: [
      use("ws://127.0.0.1:7777", "local", "Nothing leaves this machine."),
      use("wss://relay.example.org", "tor", "An observer sees that you use Tor. The relay sees a Tor exit."),
      { ...use("wss://fast.example.com", "direct", "An observer sees that you use this relay."), choice: "direct" },
      {
        ...use("wss://relay.of-a-friend.example.net", "tor", "An observer sees that you use Tor."),
        state: "waiting",
        demandedBy: ["Grace", "Committee"],
      },
      { ...use(`ws://${ONION}`, "tor", "An observer sees that you use Tor."), changeable: false },
      {
        ...use("Files and links of other people", "tor", "An observer sees that you use Tor."),
        state: null,
        changeable: false,
      },
    ],
    services: [
      { name: "relay", on: true, host: ONION, state: "up", i2pHost: null, i2pState: "off" },
      { name: "links", on: false, host: OTHER_ONION, state: "off", i2pHost: null, i2pState: "off" },
    ],
    bridges: NO_BRIDGES,
    browsing: { windows: [WINDOW], problem: null },
    events: [
      { at: "2026-01-31T17:58:02.000Z", route: "tor", text: "Tor is up." },
      {
        at: "2026-01-31T17:59:40.000Z",
        route: "tor",
        text: "The guard did not answer for 3 seconds; another one is used.",
      },
    ],
    ...change,
  };
}

function use(what: string, route: NetworkView["uses"][number]["route"], sees: string): NetworkView["uses"][number] {
  return { what, route, state: "connected", choice: null, demandedBy: [], changeable: route !== "local", sees };
}

/** Tells what was asked of it, and does it to its view; `fails` is what the next call throws. */
export class NetworkDouble {
  shown: NetworkView;
  fails: Error | null = null;
  readonly asked: unknown[][] = [];

  constructor(shown: NetworkView = sampleNetwork()) {
    this.shown = shown;
  }

  /** Its methods, to be put in the place of the real ones. */
  get methods(): Partial<Network> {
    const methods = {
      view: () => this.view(),
      change: (patch: ChangeNetwork) => this.change(patch),
      choose: (choice: ChooseRoute) => this.choose(choice),
      renew: () => this.renew(),
      openWindow: () => this.openWindow(),
      closeWindow: (id: string) => this.closeWindow(id),
      renewWindow: (id: string) => this.renewWindow(id),
    };
    return methods;
  }

  async view(): Promise<NetworkView> {
    this.#note("view");
    return this.shown;
  }

  async change(patch: ChangeNetwork): Promise<NetworkView> {
    this.#note("change", patch);
    const { usual, bridges, onionRelay, onionLinks, i2p } = patch;
    const { services, routes } = this.shown;
    this.shown = {
      ...this.shown,
      ...(usual === undefined ? {} : { usual }),
      ...(bridges === undefined ? {} : { bridges: { ...NO_BRIDGES, kind: bridges.kind, lines: bridges.lines ?? [] } }),
      services: services.map((one) => {
        const on = (one.name === "relay" ? onionRelay : onionLinks) ?? one.on;
        return { ...one, on, state: on ? "up" : "off" };
      }),
      routes: routes.map((one) =>
        one.name === "i2p" && i2p !== undefined ? { ...one, state: i2p ? "up" : "off" } : one,
      ),
    };
    return this.shown;
  }

  async choose(choice: ChooseRoute): Promise<NetworkView> {
    this.#note("choose", choice);
    const { url, way } = choice;
    const uses = this.shown.uses.map((one) =>
      one.what === url ? { ...one, choice: way, route: way ?? this.shown.usual } : one,
    );
    this.shown = { ...this.shown, uses };
    return this.shown;
  }

  async renew(): Promise<void> {
    this.#note("renew");
  }

  async openWindow(): Promise<BrowseWindowView> {
    this.#note("openWindow");
    return this.#keep({ ...WINDOW, id: `w${this.shown.browsing.windows.length + 1}`, sites: [] });
  }

  async closeWindow(id: string): Promise<void> {
    this.#note("closeWindow", id);
    const windows = this.shown.browsing.windows.filter((one) => one.id !== id);
    this.shown = { ...this.shown, browsing: { ...this.shown.browsing, windows } };
  }

  async renewWindow(id: string): Promise<BrowseWindowView> {
    this.#note("renewWindow", id);
    await Promise.resolve();
    return { ...WINDOW, id, sites: [] };
  }

  #keep(window: BrowseWindowView): BrowseWindowView {
    const { browsing } = this.shown;
    this.shown = { ...this.shown, browsing: { ...browsing, windows: [...browsing.windows, window] } };
    return window;
  }

  #note(...call: unknown[]): void {
    this.asked.push(call);
    const failure = this.fails;
    this.fails = null;
    if (failure) throw failure;
  }
}
