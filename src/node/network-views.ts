/** What the node tells of its routes: plain data, ready for JSON. */
import type { Way } from "../route/policy.ts";
import type { BridgeKind } from "../route/tor/bridges.ts";
import type { RouteEvent, RouteHealth, RouteName, RouteState } from "../route/route.ts";

export type { BridgeKind, RouteEvent, Way };

/** GET /api/network */
export interface NetworkView {
  /** The usual way of everything that nothing else is said of. */
  readonly usual: Way;
  /** False: it was chosen at the start of this node, and cannot be changed meanwhile. */
  readonly changeable: boolean;
  /** What an observer learns with each usual way, in plain words. */
  readonly choices: readonly { readonly way: Way; readonly sees: string }[];
  readonly routes: readonly RouteView[];
  /** What connects to where now. */
  readonly uses: readonly RouteUse[];
  /** How others reach what this node serves. */
  readonly services: readonly OnionServiceView[];
  readonly bridges: BridgesView;
  readonly browsing: BrowsingView;
  /** The newest last. */
  readonly events: readonly RouteEvent[];
}

export interface RouteView extends RouteHealth {
  readonly name: RouteName;
  /** What an observer of this machine and the other side learn by it, in plain words. */
  readonly sees: string;
}

/** A relay, or another place that this node talks to. */
export interface RouteUse {
  /** A relay's URL, the bucket's address, or in plain words what else it is. */
  readonly what: string;
  /** `local` never leaves this machine. */
  readonly route: RouteName | "local" | "unknown";
  /** null: it is connected to when it is needed, and not in between. */
  readonly state: "connecting" | "connected" | "waiting" | "closed" | null;
  /** What was chosen for it; null: the usual way. */
  readonly choice: Way | null;
  /** Names of conversations that demand Tor for it. */
  readonly demandedBy: readonly string[];
  /** False: its address leaves no choice. */
  readonly changeable: boolean;
  /** What who watches learns, in plain words. */
  readonly sees: string;
}

export interface OnionServiceView {
  readonly name: "relay" | "links";
  readonly on: boolean;
  /** Such as `abc….onion`; null before it was switched on for the first time. */
  readonly host: string | null;
  readonly state: RouteState;
  /** I2P address of the same service; null without I2P. */
  readonly i2pHost: string | null;
  readonly i2pState: RouteState;
}

export interface BridgesView {
  readonly kind: BridgeKind;
  /** As they were given. */
  readonly lines: readonly string[];
  /** Why they cannot be used, with what to do, in plain words; null when nothing is wrong. */
  readonly problem: string | null;
  /** What a bridge is for, in plain words. */
  readonly help: string;
  /** What can be chosen, in the order in which it is to be tried. */
  readonly choices: readonly BridgeChoice[];
}

export interface BridgeChoice {
  readonly kind: BridgeKind;
  readonly title: string;
  /** When to take it, in plain words. */
  readonly when: string;
  /** Where its lines come from, as the end of a sentence without its full stop; null: it has none. */
  readonly where: string | null;
}

/** PATCH /api/network: any of these. */
export interface ChangeNetwork {
  readonly usual?: Way;
  readonly bridges?: { readonly kind: BridgeKind; readonly lines?: readonly string[] };
  /** Whether the relay and the links of this node are reached as onion services. */
  readonly onionRelay?: boolean;
  readonly onionLinks?: boolean;
  /** Whether I2P is used, where a router of it runs on this machine. */
  readonly i2p?: boolean;
}

/** PUT /api/network/relays */
export interface ChooseRoute {
  readonly url: string;
  /** null: the usual way. */
  readonly way: Way | null;
}

/** POST /api/network/visitors */
export interface VisitorLine {
  /** `descriptor:x25519:...`, for the operator of the service. It is no secret. */
  readonly line: string;
}

/** The hops of a circuit, from the guard on. */
export interface CircuitView {
  readonly id: string;
  /** `general`, `hs_client`, `hs_service` and the like, as Tor calls it. */
  readonly purpose: string;
  readonly hops: readonly {
    readonly fingerprint: string;
    readonly nickname: string;
    /** ISO 3166 code of the country where its address is said to be; null when it is not known. */
    readonly country: string | null;
  }[];
}

export interface BrowsingView {
  readonly windows: readonly BrowseWindowView[];
  /** Why no browser can be opened here, with what to do; null when one can. */
  readonly problem: string | null;
}

/** A window of private browsing: a throwaway profile with circuits of its own. */
export interface BrowseWindowView {
  readonly id: string;
  readonly openedAt: string;
  /** Of the local proxy, SOCKS5 and HTTP CONNECT alike. */
  readonly port: number;
  /** Sites that were reached by it, with the path that each took, the newest first. */
  readonly sites: readonly { readonly site: string; readonly circuit: CircuitView | null }[];
}
