/**
 * The route through Tor.
 *
 *   dial(target, label) -> up? -> isolation: user, password -> hedged-dial -> socks-stream -> an open socket
 *                                                                               └ watched by the healer until it closes
 *   tor-process: starts, watches, restarts        control(): onion services and bridges give their commands there
 *
 * There is no way around: what cannot go by Tor throws.
 */
import type { Socket } from "node:net";
import { type Clock, systemTimers } from "../../core/clock.ts";
import { NocturneError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { TOR_LIMITS } from "../../core/route-limits.ts";
import { routeDown, targetUnreachable } from "../errors.ts";
import { HealthRecord } from "../health-record.ts";
import { dialHedged } from "../hedged-dial.ts";
import { RouteSignals } from "../route-signals.ts";
import type { DialOptions, Route, RouteEvent, RouteHealth, RouteProblem, Target } from "../route.ts";
import { type Circuit, type CircuitView, Countries, readCircuits } from "./circuits.ts";
import type { ControlClient } from "./control-client.ts";
import { Healer, type Watched } from "./healer.ts";
import { ControlHands } from "./healer-hands.ts";
import { Isolation } from "./isolation.ts";
import { type Credentials, isAnswerOfExit, isRefusalOfTarget, openSocksStream, SocksRefusal } from "./socks-stream.ts";
import { StreamTable } from "./streams.ts";
import type { TorLimits } from "./tor-link.ts";
import { type ReadyListener, TorProcess, type TorProcessOptions } from "./tor-process.ts";

export interface TorOptions {
  /** Of this route alone; made when it is not there. Absolute. */
  readonly folder: string;
  /** A tor program that a person chose; else it is looked for. */
  readonly binary?: string;
  /** The folders of the environment's PATH; without them it is looked for in the usual places only. */
  readonly searchPath?: string;
  /** A file of further settings for tor; null without. */
  readonly extraTorrc: string | null;
  /** Read at each start of tor: lines as after `Bridge`, plugins as after `ClientTransportPlugin`. */
  readonly bridges: TorProcessOptions["bridges"];
  readonly log: Logger;
  readonly clock: Clock;
  readonly limits?: Partial<TorLimits>;
}

/** What a host may consist of; SOCKS has one byte for its length. */
const HOST = /^[!-~]{1,255}$/;

export class Tor implements Route {
  readonly name = "tor";
  readonly #limits: TorLimits;
  readonly #process: TorProcess;
  readonly #healer: Healer;
  readonly #isolation = new Isolation();
  readonly #streams = new StreamTable();
  readonly #countries = new Countries();
  readonly #record = new HealthRecord();
  readonly #sockets = new Set<Socket>();
  readonly #signals: RouteSignals;
  #closed = false;

  constructor({ limits, clock, binary, searchPath = "", ...options }: TorOptions) {
    this.#limits = { ...TOR_LIMITS, ...limits };
    this.#process = new TorProcess({ ...options, binary: binary ?? null, searchPath, limits: this.#limits });
    this.#signals = new RouteSignals({
      route: this.name,
      clock,
      health: () => this.health(),
      news: () => this.#process.status, // what the healer finds it tells itself
      connected: "Tor is connected to its network.",
      unusable: UNUSABLE,
    });
    const hands = new ControlHands({
      control: () => this.#process.control,
      streams: this.#streams,
      openBeside: (watched, signal) => this.#openBeside(watched, signal),
      probeMs: this.#limits.probeMs,
      clock,
    });
    this.#healer = new Healer({
      hands,
      limits: this.#limits,
      clock,
      timers: systemTimers,
      // A tor that another process of ours started is healed there: two of them would undo each other's exclusions.
      isUp: () => this.#process.status.state === "up" && this.#process.pid !== null,
      tell: (text) => this.#signals.tell(text),
      onChange: () => this.#signals.changed(),
    });
    this.#process.onStatus(() => this.#signals.changed());
    this.#process.onReady(async (control) => {
      this.#streams.clear();
      await control.listen("STREAM", ([line]) => this.#streams.note(line?.text ?? ""));
      await hands.prepare(control);
      await this.#healer.remind();
    });
  }

  start(): void {
    if (this.#closed) return;
    this.#process.start();
    this.#healer.start();
  }

  async dial(target: Target, { isolation, signal }: DialOptions): Promise<Socket> {
    signal.throwIfAborted();
    if (!HOST.test(target.host)) throw targetUnreachable();
    if (this.#closed) throw routeDown(UNUSABLE);
    this.start();
    const usable = await this.#signals.up(signal);
    const either = AbortSignal.any([signal, usable]);
    const begunMs = performance.now();
    try {
      const socket = await this.#dialHealed(target, isolation, either);
      this.#record.note(performance.now() - begunMs);
      return socket;
    } catch (error) {
      const refused = error instanceof SocksRefusal;
      if (!refused && (!signal.aborted || performance.now() - begunMs > this.#limits.hedgeMs)) this.#record.note(null);
      signal.throwIfAborted();
      if (refused) throw targetUnreachable(error);
      throw error instanceof NocturneError ? error : routeDown(this.#problem() ?? UNUSABLE, error);
    }
  }

  /** Once more when a guard was left meanwhile: what failed then was the way, and there is another. */
  async #dialHealed(target: Target, isolation: string, signal: AbortSignal): Promise<Socket> {
    for (;;) {
      const left = this.#healer.left;
      try {
        return await dialHedged(
          (attempt, either) => this.#attempt(target, this.#isolation.credentials(isolation, attempt), either),
          (late) => void late.destroy(),
          { ...this.#limits, isFinal: isRefusalOfTarget },
          signal,
        );
      } catch (error) {
        if (left === this.#healer.left || !(error instanceof SocksRefusal)) throw error;
      }
    }
  }

  health(): RouteHealth {
    const { state, progress, doing } = this.#process.status;
    const problem = this.#problem();
    return {
      state: state === "up" && problem ? "down" : state,
      progress,
      doing,
      loss: this.#record.loss,
      latencyMs: this.#record.latencyMs,
      problem,
    };
  }

  onChange(listener: () => void): () => void {
    return this.#signals.onChange(listener);
  }

  onEvent(listener: (event: RouteEvent) => void): () => void {
    return this.#signals.onEvent(listener);
  }

  /** The connection for commands; null while there is no tor. */
  control(): ControlClient | null {
    return this.#process.control;
  }

  /** Calls back with each new connection for commands, also with one that is there: a new tor knows no onion services. */
  onReady(listener: ReadyListener): () => void {
    return this.#process.onReady(listener);
  }

  /** All circuits of now. Throws NetworkError `route_down` without a tor. */
  async circuits(): Promise<Circuit[]> {
    const control = this.#process.control;
    if (!control) throw routeDown(this.#problem() ?? UNUSABLE);
    return this.#countries.fill(control, await this.#readCircuits(control));
  }

  /** The circuit of a label's newest stream; null when it has none. */
  async circuitOf(label: string): Promise<CircuitView | null> {
    const control = this.#process.control;
    if (!control) return null;
    const user = this.#isolation.userOf(label);
    const circuit = this.#streams.newest(user)?.circuit;
    const circuits = await this.#readCircuits(control);
    const found = circuits.find(({ id }) => id === circuit) ?? circuits.findLast((known) => known.user === user);
    if (!found) return null;
    const [{ id, purpose, hops } = found] = await this.#countries.fill(control, [found]);
    return { id, purpose, hops };
  }

  /** New circuits for everything that is dialled from now on, which nothing links to those before. */
  async renew(): Promise<void> {
    this.#isolation.renew();
    await this.#process.control?.command("SIGNAL", "NEWNYM");
  }

  /** Ends Tor and starts it again, with the bridges of now. */
  async restart(): Promise<void> {
    await this.#process.restart();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#healer.stop();
    await this.#process.stop();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #readCircuits(control: ControlClient): Promise<Circuit[]> {
    return readCircuits((await control.getInfo("circuit-status")).get("circuit-status") ?? "");
  }

  /** Why it cannot be used; null when it can, or is on its way without trouble. */
  #problem(): RouteProblem | null {
    return this.#process.status.problem ?? (this.#process.status.state === "up" ? this.#healer.problem : null);
  }

  async #attempt(target: Target, credentials: Credentials, signal: AbortSignal): Promise<Socket> {
    const place = this.#process.socks;
    if (!place) throw routeDown(this.#problem() ?? UNUSABLE);
    let sent = 0; // it asks all the time, and nothing comes back
    const sample = () => ({ sent: ++sent, received: 0, reads: true });
    const unwatch = this.#healer.add({ target, credentials, open: false, sample, destroy: () => {} });
    try {
      const socket = await openSocksStream(place, target, credentials, signal);
      this.#isolation.settle(credentials);
      this.#watch(socket, target, credentials);
      return socket;
    } finally {
      unwatch();
    }
  }

  #watch(socket: Socket, target: Target, credentials: Credentials): void {
    const watched: Watched = {
      target,
      credentials,
      open: true,
      sample: () => ({
        sent: socket.bytesWritten - socket.writableLength,
        received: socket.bytesRead,
        reads: socket.readableLength < socket.readableHighWaterMark,
      }),
      destroy: () => void socket.destroy(targetUnreachable()),
    };
    const unwatch = this.#healer.add(watched);
    this.#sockets.add(socket);
    socket.once("close", () => {
      unwatch();
      this.#sockets.delete(socket);
    });
  }

  /** That the other side refuses is an answer, too: the circuit brought it. */
  async #openBeside({ target, credentials }: Watched, signal: AbortSignal): Promise<void> {
    const place = this.#process.socks;
    if (!place) throw routeDown(UNUSABLE);
    try {
      (await openSocksStream(place, target, credentials, signal)).destroy();
    } catch (error) {
      if (!isAnswerOfExit(error)) throw error;
    }
  }
}

const UNUSABLE = {
  message: "Tor cannot be used now.",
  hint: "What waits goes on by itself when it is back.",
} as const;
