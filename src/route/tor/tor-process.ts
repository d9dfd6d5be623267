/**
 * Keeps a tor running in a folder: starts or attaches, watches, and starts again after its end.
 *
 *   off -> starting (progress) -> up <-> down: hangs -> killed ┐
 *            ^    missing               down: ended            │
 *            └────────────── after a while ────────────────────┘
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { NetworkError, NocturneError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { retryDelayMs } from "../backoff.ts";
import type { RouteProblem, RouteState } from "../route.ts";
import { type Bootstrap, readBootstrap } from "./bootstrap.ts";
import type { ControlClient } from "./control-client.ts";
import { findTor, type Machine, thisMachine, torMissing } from "./tor-binary.ts";
import { attachTor, startTor, type TorLimits, type TorLink } from "./tor-link.ts";

export interface TorProcessOptions {
  /** Ours alone; made when it is not there. Absolute. */
  readonly folder: string;
  /** A program that a person chose; null: looked for. */
  readonly binary: string | null;
  /** The folders of the environment's PATH. */
  readonly searchPath: string;
  readonly extraTorrc: string | null;
  /** Read at each start. */
  readonly bridges: () => { readonly lines: readonly string[]; readonly plugins: readonly string[] };
  readonly log: Logger;
  readonly limits: TorLimits;
}

export interface TorStatus {
  readonly state: RouteState;
  /** 0 to 100 while it starts; else null. */
  readonly progress: number | null;
  readonly doing: string | null;
  readonly problem: RouteProblem | null;
}

export type ReadyListener = (control: ControlClient) => void | Promise<void>;

const OFF: TorStatus = { state: "off", progress: null, doing: null, problem: null };

export class TorProcess {
  readonly #options: TorProcessOptions;
  readonly #limits: TorLimits;
  readonly #machine: Machine;
  readonly #statusListeners = new Set<(status: TorStatus) => void>();
  readonly #readyListeners = new Set<ReadyListener>();
  #status: TorStatus = OFF;
  #link: TorLink | null = null;
  #running: Promise<void> | null = null;
  /** Ends waiting; a new one for each life. */
  #stopping = new AbortController();
  /** Starts since one came up. */
  #failures = 0;

  constructor(options: TorProcessOptions) {
    this.#options = options;
    this.#limits = options.limits;
    this.#machine = thisMachine(options.searchPath);
  }

  get status(): TorStatus {
    return this.#status;
  }

  /** The connection for commands, from the start of tor on; null without one. */
  get control(): ControlClient | null {
    return this.#link?.control ?? null;
  }

  /** Where it takes connections; null without a tor. */
  get socks(): TorLink["socks"] | null {
    return this.#link?.socks ?? null;
  }

  /** Of the tor that was started here; null when it was not. */
  get pid(): number | null {
    return this.#link?.child?.pid ?? null;
  }

  onStatus(listener: (status: TorStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => void this.#statusListeners.delete(listener);
  }

  /** Calls back with each new connection for commands, also with one that is there already: what tor forgot is told again. */
  onReady(listener: ReadyListener): () => void {
    this.#readyListeners.add(listener);
    if (this.#link) this.#callReady(listener, this.#link.control);
    return () => void this.#readyListeners.delete(listener);
  }

  start(): void {
    if (this.#running) return;
    this.#stopping = new AbortController();
    this.#running = this.#run(this.#stopping.signal);
  }

  /** Ends the tor that was started here; one that was not goes on. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const running = this.#running;
    if (!running) return;
    await running;
    if (this.#running !== running) return; // who stopped it at the same time may have started it again
    this.#running = null;
    this.#tell(OFF);
  }

  /** Stops and starts: with the bridges of now. */
  async restart(): Promise<void> {
    await this.stop();
    this.start();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const problem = await this.#live(signal);
      if (signal.aborted) break;
      if (problem.code !== this.#status.problem?.code) this.#options.log.warn({ code: problem.code }, "tor stopped");
      const state = problem.code === "tor_missing" ? "missing" : "down";
      this.#tell({ state, progress: null, doing: null, problem });
      const delayMs = retryDelayMs(this.#failures++, this.#limits.restartMs, this.#limits.restartMaxMs);
      await pause(delayMs, signal);
    }
  }

  /** One life of a tor. Returns why it is over. */
  async #live(signal: AbortSignal): Promise<RouteProblem> {
    const binary = findTor(this.#machine, this.#options.binary);
    try {
      this.#begin();
      const attached = await attachTor(this.#options.folder, this.#limits);
      if (!attached && binary === null) return torMissing(this.#machine, this.#options.binary);
      const link = attached
        ? await this.#asChosen(attached)
        : await startTor(binary as string, this.#torrcParts(), this.#limits, signal);
      this.#link = link;
      try {
        await this.#watch(link, signal);
      } finally {
        this.#link = null;
        await this.#end(link, signal.aborted);
      }
      return ENDED;
    } catch (error) {
      return toProblem(error);
    }
  }

  /** While nothing is known to be wrong, and after a failure until the next try has come somewhere. */
  #begin(): void {
    if (this.#failures === 0) this.#tell({ state: "starting", progress: 0, doing: "Starting tor", problem: null });
  }

  #torrcParts(): Parameters<typeof startTor>[1] {
    const { folder, extraTorrc, bridges } = this.#options;
    const { lines, plugins } = bridges();
    return { folder, extraTorrc, ownerPid: process.pid, bridges: lines, plugins };
  }

  /**
   * What another process of ours started is used only if it enters by the bridges that are chosen now: it may have begun
   * before they were. Throws NetworkError `tor_other_bridges`, and what reading them throws.
   */
  async #asChosen(link: TorLink): Promise<TorLink> {
    try {
      const { bridges } = this.#torrcParts();
      const isBridged = (await link.control.getConf("UseBridges")).includes("1");
      const used = new Set(isBridged ? await link.control.getConf("Bridge") : []);
      if (bridges.length > 0 && (used.size !== bridges.length || !bridges.every((line) => used.has(line)))) {
        throw otherBridges();
      }
      return link;
    } catch (error) {
      link.control.close();
      throw error;
    }
  }

  /** Until it ends, is killed because it hangs, or shall end. */
  async #watch({ control, child }: TorLink, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    signal.addEventListener("abort", () => over.abort(), { once: true });
    void control.closed.then(() => over.abort());
    await control.listen("STATUS_CLIENT", (lines) => this.#note(readBootstrap(lines[0]?.text ?? "")));
    for (const listener of this.#readyListeners) this.#callReady(listener, control);
    // Counted in questions and not by the clock: while this machine sleeps or we are stopped, tor misses nothing.
    let unansweredMs = 0;
    while (!over.signal.aborted) {
      try {
        const phase = await control.getInfo("status/bootstrap-phase");
        unansweredMs = 0;
        this.#note(readBootstrap(phase.get("status/bootstrap-phase") ?? ""));
      } catch {
        if (over.signal.aborted || !control.isOpen) return;
        unansweredMs += this.#limits.controlAnswerMs + this.#limits.heartbeatMs;
        this.#tell({ state: "down", progress: null, doing: null, problem: HANGS });
        if (child && unansweredMs > this.#limits.hangMs) return;
      }
      await pause(this.#limits.heartbeatMs, over.signal);
    }
  }

  #note(bootstrap: Bootstrap | null): void {
    if (!bootstrap || !this.#link?.control.isOpen) return;
    if (bootstrap.progress === 100) {
      this.#failures = 0;
      this.#tell({ state: "up", progress: null, doing: null, problem: null });
      return;
    }
    const { progress, doing, problem } = bootstrap;
    this.#tell({ state: "starting", progress, doing, problem });
  }

  /** In order while it answers; what was not started here is left alone. */
  async #end({ control, child }: TorLink, orderly: boolean): Promise<void> {
    if (child) {
      if (orderly) {
        control.command("SIGNAL", "SHUTDOWN").catch(() => {}); // if it hangs, the kill comes
        const gone = new AbortController();
        void child.exited.then(() => gone.abort());
        await pause(this.#limits.stopMs, gone.signal);
      }
      child.kill();
      await child.exited;
    }
    control.close();
  }

  #callReady(listener: ReadyListener, control: ControlClient): void {
    Promise.resolve(control)
      .then(listener)
      .catch((error: unknown) => {
        const code = error instanceof NocturneError ? error.code : "unknown";
        if (control.isOpen) this.#options.log.warn({ code }, "tor was not told everything");
      });
  }

  #tell(status: TorStatus): void {
    const before = this.#status;
    if (JSON.stringify(before) === JSON.stringify(status)) return;
    this.#status = status;
    for (const listener of this.#statusListeners) listener(status);
  }
}

const HANGS: RouteProblem = {
  code: "tor_hangs",
  message: "The tor program hangs: it does not answer.",
  hint: "Nothing leaves by Tor until it goes on; Nocturne starts it again if it does not.",
};

const ENDED: RouteProblem = {
  code: "tor_ended",
  message: "The tor program ended.",
  hint: "Nothing leaves by Tor meanwhile; Nocturne starts it again.",
};

function otherBridges(): NetworkError {
  return new NetworkError(
    "tor_other_bridges",
    "The tor that another Nocturne program has started here does not enter by the bridges that were chosen.",
    { hint: "Nothing leaves by Tor until that program ends; then Nocturne goes on by itself." },
  );
}

/** Sleeps until then, or until the signal. */
async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await sleep(durationMs, undefined, { signal }).catch(() => {});
}

function toProblem(error: unknown): RouteProblem {
  if (error instanceof NocturneError) {
    return { code: error.code, message: error.message, hint: error.hint ?? "Nocturne tries again by itself." };
  }
  return { code: "tor_failed", message: "Tor could not be started.", hint: "Nocturne tries again by itself." };
}
