/**
 * The route through I2P, by a router that runs on this machine and is not ours.
 *
 *   dial(target, "root|label") -> on? router up? -> session of "root" -> STREAM CONNECT -> an open socket
 *   publish(seed, port)        -> session of the key -> STREAM FORWARD -> a port of this machine
 *
 * Only places inside I2P are reached by it. There is no way around: what cannot go by I2P throws.
 */
import type { Socket } from "node:net";
import type { Clock } from "../../core/clock.ts";
import { NocturneError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { I2P_LIMITS } from "../../core/route-limits.ts";
import { retryDelayMs } from "../backoff.ts";
import { routeDown, targetUnreachable } from "../errors.ts";
import { HealthRecord } from "../health-record.ts";
import type { Hedging } from "../hedged-dial.ts";
import { RouteSignals } from "../route-signals.ts";
import type { DialOptions, Route, RouteEvent, RouteHealth, RouteProblem, RouteState, Target } from "../route.ts";
import { i2pHost } from "./destination.ts";
import { Publication } from "./publication.ts";
import { RouterWatch } from "./router-watch.ts";
import { openStream, type SamLimits, type SamPlace, SamRefusal } from "./sam-client.ts";
import { Sessions } from "./sessions.ts";

export interface I2pOptions {
  /** Whether a person has switched it on. */
  readonly enabled: () => boolean;
  /** Where the router takes commands. */
  readonly sam: Target;
  readonly log: Logger;
  readonly clock: Clock;
  readonly limits?: Partial<SamLimits>;
}

export interface I2pService {
  /** 32 bytes, kept by the caller; the address follows from them. */
  readonly seed: Uint8Array;
  /** Of 127.0.0.1, where it is served. */
  readonly localPort: number;
}

export interface I2pHandle {
  readonly host: string;
  /** `up` once streams to it come here. */
  state(): RouteState;
  close(): void;
}

const HOST = /^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){0,4}\.i2p$/;
/** What a router says of itself, and not of the other side: it has lost the session. */
const FORGOTTEN = "INVALID_ID";

export class I2p implements Route {
  readonly name = "i2p";
  /** A router says yes to a stream before the other side has heard of it, and a dead tunnel swallows it. */
  readonly greeting: Hedging;
  readonly #o: I2pOptions;
  readonly #place: SamPlace;
  readonly #watch: RouterWatch;
  readonly #sessions: Sessions;
  readonly #publications = new Set<Publication>();
  readonly #record = new HealthRecord();
  readonly #sockets = new Set<Socket>();
  readonly #signals: RouteSignals;
  /** Spare sessions that were not built, one after the other. */
  #misses = 0;
  #retry: NodeJS.Timeout | null = null;
  #isStarted = false;

  constructor(options: I2pOptions) {
    this.#o = options;
    this.greeting = { ...I2P_LIMITS, ...options.limits };
    this.#signals = new RouteSignals({
      route: this.name,
      clock: options.clock,
      health: () => this.health(),
      news: () => this.health(),
      connected: "I2P is connected to its network.",
      unusable: UNUSABLE,
      off: OFF,
    });
    this.#place = { ...options.sam, limits: { ...I2P_LIMITS, ...options.limits } };
    this.#watch = new RouterWatch({ place: this.#place, changed: () => this.#changed() });
    this.#sessions = new Sessions({ place: this.#place, changed: () => this.#sessionsChanged() });
  }

  start(): void {
    if (this.#isStarted || !this.#o.enabled()) return;
    this.#isStarted = true;
    this.#watch.start();
    this.#changed();
  }

  /** Ends its sessions, streams and services. */
  stop(): void {
    for (const publication of this.#publications) publication.close();
    this.#publications.clear();
    if (!this.#isStarted) return;
    this.#isStarted = false;
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    this.#misses = 0;
    this.#watch.stop();
    this.#sessions.clear();
    for (const socket of this.#sockets) socket.destroy();
    this.#changed();
  }

  async dial({ host, port: _ }: Target, { isolation, signal }: DialOptions): Promise<Socket> {
    signal.throwIfAborted();
    if (!HOST.test(host.toLowerCase())) throw targetUnreachable();
    this.start();
    const usable = await this.#signals.up(signal);
    const begunMs = performance.now();
    const either = AbortSignal.any([signal, usable]);
    try {
      const socket = await this.#open(host.toLowerCase(), isolation.split("|", 1)[0] ?? "", either);
      this.#record.note(performance.now() - begunMs);
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      return socket;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof SamRefusal) throw targetUnreachable(error);
      this.#record.note(null);
      throw usable.aborted ? usable.reason : routeDown(this.#problem() ?? UNUSABLE, error);
    }
  }

  /** A service at an address that is its key; it is published whenever a router runs and I2P is on. */
  publish({ seed, localPort }: I2pService): I2pHandle {
    const publication = new Publication({
      place: this.#place,
      watch: this.#watch,
      seed,
      localPort,
      changed: () => this.#changed(),
      tell: (text) => this.#signals.tell(text),
    });
    this.#publications.add(publication);
    this.start();
    return {
      host: i2pHost(seed),
      state: () => this.#stateOf(publication),
      close: () => {
        publication.close();
        this.#publications.delete(publication);
      },
    };
  }

  health(): RouteHealth {
    const state = this.#state();
    return {
      state,
      progress: null,
      doing: state === "starting" ? "Builds tunnels, which takes 20 seconds and more" : null,
      loss: this.#record.loss,
      latencyMs: this.#record.latencyMs,
      problem: this.#problem(),
    };
  }

  onChange(listener: () => void): () => void {
    return this.#signals.onChange(listener);
  }

  onEvent(listener: (event: RouteEvent) => void): () => void {
    return this.#signals.onEvent(listener);
  }

  async close(): Promise<void> {
    this.stop();
    this.#signals.close();
  }

  #state(): RouteState {
    if (!this.#isStarted) return "off";
    const { state, isKnown } = this.#watch;
    if (state === "absent") return isKnown ? "down" : "missing";
    if (state === "silent") return "down";
    if (state === "unknown") return "starting";
    if (this.#sessions.isReady) return "up";
    return this.#misses > 0 ? "down" : "starting";
  }

  #problem(): RouteProblem | null {
    const state = this.#state();
    if (state === "missing") return MISSING;
    if (state !== "down") return null;
    return { absent: GONE, silent: HANGS, answers: NO_TUNNELS, unknown: null }[this.#watch.state];
  }

  #stateOf(publication: Publication): RouteState {
    if (!this.#publications.has(publication)) return "off";
    const state = this.#state();
    if (state !== "up" && state !== "starting") return state;
    return publication.isUp ? "up" : "starting";
  }

  async #open(host: string, identity: string, signal: AbortSignal): Promise<Socket> {
    const { session, note } = await this.#sessions.get(identity, signal);
    try {
      const socket = await openStream(this.#place, session.id, host, signal);
      note(host, socket);
      return socket;
    } catch (error) {
      if (!(error instanceof SamRefusal) || error.result !== FORGOTTEN) throw error;
      session.close(); // the next who dials gets a new one
      throw routeDown(UNUSABLE, error);
    }
  }

  #sessionsChanged(): void {
    // One that was lost may mean that the router is.
    if (!this.#sessions.isReady) this.#watch.doubt();
    this.#changed();
  }

  /** As long as the router answers there is a session: without one nobody could say whether I2P works. */
  #tend(): void {
    if (!this.#isStarted || this.#watch.state !== "answers" || !this.#sessions.isEmpty || this.#retry) return;
    const { retryMs, retryMaxMs } = this.#place.limits;
    const restMs = this.#misses === 0 ? 0 : retryDelayMs(this.#misses - 1, retryMs, retryMaxMs);
    this.#retry = setTimeout(() => {
      this.#retry = null;
      if (!this.#sessions.isEmpty || this.#watch.state !== "answers") return;
      this.#sessions.warm().then(
        () => (this.#misses = 0),
        (error: unknown) => this.#missed(error),
      );
    }, restMs);
  }

  #missed(error: unknown): void {
    if (!this.#isStarted) return;
    this.#misses++;
    this.#o.log.warn({ code: error instanceof NocturneError ? error.code : "" }, "an I2P session was not built");
    this.#changed();
  }

  #changed(): void {
    this.#signals.changed();
    this.#tend();
  }
}

const OFF = { message: "I2P is not switched on.", hint: "Switch it on: nocturne route i2p on" } as const;
const UNUSABLE = {
  message: "I2P cannot be used now.",
  hint: "What waits goes on by itself when it is back.",
} as const;
const MISSING: RouteProblem = {
  code: "i2p_missing",
  message: "No I2P router takes commands on this machine.",
  hint: "Install it: sudo apt install i2pd. If it runs already, switch its SAM bridge on; NOCTURNE_SAM says where it is.",
};
const GONE: RouteProblem = {
  code: "i2p_gone",
  message: "The I2P router of this machine has ended.",
  hint: "Start it again: sudo systemctl start i2pd. What waits goes on by itself.",
};
const HANGS: RouteProblem = {
  code: "i2p_hangs",
  message: "The I2P router of this machine does not answer.",
  hint: "Restart it: sudo systemctl restart i2pd. What waits goes on by itself.",
};
const NO_TUNNELS: RouteProblem = {
  code: "i2p_no_tunnels",
  message: "The I2P router does not get into its network.",
  hint: "Look whether it is online and knows other routers. Nocturne keeps trying.",
};
