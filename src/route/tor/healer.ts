/**
 * Leaves what hangs. Tor replaces what dies, and waits a minute and more for what is silent; we do not.
 *
 *   a stream of ours is silent, or does not open
 *     -> does its guard answer?   two probes of one hop, half a probe apart
 *          no  -> does another guard?   no: this machine is cut off; say so, and leave nobody
 *                                       yes: the guard rests, all circuits through it are closed
 *          yes -> does its path answer? a second stream beside it, on the same circuit
 *                                       no: that circuit is closed        yes: the other side thinks; leave it alone
 *     -> not open yet: circuits that take as long to build are given up
 *
 * What is closed ends our sockets, and who used them dials again. The engine sees Tor through `TorHands` alone.
 */
import type { Clock, Timers } from "../../core/clock.ts";
import type { RouteProblem, Target } from "../route.ts";
import { GuardRests, type RestLimits } from "./guard-rests.ts";
import { type Sample, type SilenceLimits, SilenceWatch } from "./silence.ts";
import type { Credentials } from "./socks-stream.ts";

/** A stream of ours, open or on its way. */
export interface Watched {
  readonly target: Target;
  readonly credentials: Credentials;
  /** False while it is being dialled: then its circuit is replaced by who dials. */
  readonly open: boolean;
  sample(): Sample;
  destroy(): void;
}

export interface Path {
  /** Circuits that may carry the stream, with those that share it (conflux). */
  readonly circuits: readonly string[];
  /** Their first hops, by fingerprint. */
  readonly guards: readonly string[];
  /** False when it may be another stream's. */
  readonly certain: boolean;
}

/** What the healer can see and do; every method may throw when Tor does not answer. */
export interface TorHands {
  pathOf(watched: Watched): Promise<Path>;
  /** First hops of the circuits that are built, the most used first; behind them those that Tor would take. */
  guardsInUse(): Promise<readonly string[]>;
  /** Guards that Tor would use next, without these. */
  otherGuards(without: readonly string[]): Promise<readonly string[]>;
  /** Whether a circuit of this one hop is built in `probeMs`. */
  probeGuard(guard: string): Promise<boolean>;
  /** Whether a second stream beside this one is answered by its circuit; `unknown` when it took another one. */
  probePath(watched: Watched, path: Path): Promise<"alive" | "dead" | "unknown">;
  /** Tor builds no circuits through these; an empty list: through all again. */
  exclude(guards: readonly string[]): Promise<void>;
  /** Ends what carries a stream, and what would carry the next one through the same relays. */
  closePath(path: Path): Promise<void>;
  closeThrough(guard: string): Promise<void>;
  /** Gives up circuits that have been building for so long. */
  closeUnbuilt(olderMs: number): Promise<void>;
}

export type HealerLimits = SilenceLimits &
  RestLimits & {
    readonly probeMs: number;
    readonly lookMs: number;
    readonly quietProbeMs: number;
    readonly unprovenMs: number;
  };

interface HealerOptions {
  readonly hands: TorHands;
  readonly limits: HealerLimits;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Whether Tor is up; else there is nothing to heal. */
  readonly isUp: () => boolean;
  /** Something for the network page, in plain words. */
  readonly tell: (text: string) => void;
  /** `problem` changed. */
  readonly onChange: () => void;
}

/** `slow`: it answered in the end, so that what its paths did meanwhile says nothing about them. */
type Verdict = "answers" | "slow" | "left" | "kept" | "cut off";

interface Watching {
  readonly watch: SilenceWatch;
  received: number;
  /** Its path is looked at, or was a moment ago, until then. */
  examinedMs: number;
}

export class Healer {
  readonly #options: HealerOptions;
  readonly #rests: GuardRests;
  readonly #watched = new Map<Watched, Watching>();
  /** Checks under way: many streams of one guard ask once. */
  readonly #checks = new Map<string, Promise<Verdict>>();
  #cancelLook: (() => void) | null = null;
  #provenMs: number;
  #problem: RouteProblem | null = null;
  #toldKept = false;
  #left = 0;

  constructor(options: HealerOptions) {
    this.#options = options;
    this.#rests = new GuardRests(options.limits);
    this.#provenMs = options.clock.nowMs();
  }

  /** Why nothing gets through although Tor runs; null while nothing is known to be wrong. */
  get problem(): RouteProblem | null {
    return this.#problem;
  }

  /** Guards left so far. */
  get left(): number {
    return this.#left;
  }

  start(): void {
    this.#cancelLook ??= this.#options.timers.schedule(() => this.#look(), this.#options.limits.lookMs);
  }

  stop(): void {
    this.#cancelLook?.();
    this.#cancelLook = null;
  }

  /** Watches a stream. Returns how to stop it. */
  add(watched: Watched): () => void {
    const watch = new SilenceWatch(this.#options.limits, BEFORE);
    this.#watched.set(watched, { watch, received: 0, examinedMs: 0 });
    return () => void this.#watched.delete(watched);
  }

  /** For a tor that starts: it knows nothing of rests. */
  async remind(): Promise<void> {
    this.#provenMs = this.#options.clock.nowMs();
    this.#setProblem(null);
    if (this.#rests.resting.length > 0) await this.#options.hands.exclude(this.#rests.resting);
  }

  #look(): void {
    this.#cancelLook = null;
    this.start();
    if (!this.#options.isUp()) return;
    const nowMs = this.#options.clock.nowMs();
    for (const [watched, watching] of this.#watched) {
      const sample = watched.sample();
      if (sample.received > watching.received) this.#proven();
      watching.received = sample.received;
      const suspect = watching.watch.look(nowMs, sample);
      if (suspect && nowMs >= watching.examinedMs) void this.#run(() => this.#examine(watched, watching));
    }
    this.#endRests(nowMs);
    // Cut off: as often as streams are suspected, so that it is noticed when it is over.
    const quietMs = this.#problem ? this.#options.limits.suspectMs : this.#options.limits.quietProbeMs;
    if (nowMs - this.#provenMs < quietMs || this.#checks.size > 0) return;
    this.#provenMs = nowMs;
    void this.#run(async () => {
      const [guard] = await this.#options.hands.guardsInUse();
      if (guard !== undefined) await this.#check(guard);
    });
  }

  async #examine(watched: Watched, watching: Watching): Promise<void> {
    watching.examinedMs = Number.POSITIVE_INFINITY;
    const nextMs = this.#options.clock.nowMs() + this.#options.limits.suspectMs;
    try {
      const { hands } = this.#options;
      const path = await hands.pathOf(watched);
      const guards = path.guards.length > 0 ? path.guards : await hands.guardsInUse();
      const [verdicts, answer] = await Promise.all([
        Promise.all(guards.map((guard) => this.#check(guard))),
        watched.open ? hands.probePath(watched, path) : "unknown",
      ]);
      if (verdicts.some((verdict) => verdict !== "answers")) return;
      if (!watched.open) await this.#hurry(watching);
      else if (answer === "alive") watching.watch.foundAlive();
      else await this.#close(watched, watching, path, answer === "dead");
    } finally {
      watching.examinedMs = nextMs;
    }
  }

  /**
   * The circuit that a dial waits for may be stuck behind the guard. Each time it is given twice as long, so that where
   * building takes long it gets as long as it takes.
   */
  async #hurry({ watch }: Watching): Promise<void> {
    const { clock, hands } = this.#options;
    const silentMs = watch.silentMs(clock.nowMs());
    watch.foundAlive();
    if (silentMs > 0 && this.#rests.mayClose(clock.nowMs())) await hands.closeUnbuilt(silentMs);
  }

  async #close(watched: Watched, { watch }: Watching, path: Path, dead: boolean): Promise<void> {
    const { clock, limits, hands, tell } = this.#options;
    if (!this.#watched.has(watched) || watch.silentMs(clock.nowMs()) < limits.suspectMs) return;
    if (!dead && watch.silentMs(clock.nowMs()) < limits.unprovenMs) return;
    if (!this.#rests.mayClose(clock.nowMs())) return;
    tell("A circuit stopped answering; it was closed, and another is used.");
    if (path.certain) await hands.closePath(path);
    watched.destroy();
  }

  #check(guard: string): Promise<Verdict> {
    const running = this.#checks.get(guard);
    if (running) return running;
    const check = this.#judge(guard).finally(() => this.#checks.delete(guard));
    this.#checks.set(guard, check);
    return check;
  }

  async #judge(guard: string): Promise<Verdict> {
    const { hands, clock, limits } = this.#options;
    const first = hands.probeGuard(guard);
    if (await this.#within(first, limits.probeMs / 2)) return this.#answers("answers");
    // A moment later than the first: what was only slow just then answers now.
    const [second, others] = await Promise.all([hands.probeGuard(guard), this.#othersAnswer(guard), first]);
    if (second || (await first)) return this.#answers("slow");
    if (others === "none") return this.#cutOff(ONLY_ONE);
    if (others === "silent") return this.#cutOff(CUT_OFF);
    if (!this.#rests.leave(guard, clock.nowMs())) return this.#keep();
    this.#left++;
    await hands.exclude(this.#rests.resting);
    await hands.closeThrough(guard);
    this.#options.tell(`A guard stopped answering; it rests for ${minutes(limits.guardRestMs)} and another was taken.`);
    this.#proven();
    return "left";
  }

  /** Where nobody answers, it is this machine's connection that hangs, and no guard is to blame. */
  async #othersAnswer(guard: string): Promise<"answer" | "silent" | "none"> {
    const others = await this.#options.hands.otherGuards([guard, ...this.#rests.resting]);
    const answers = await Promise.all(others.map((other) => this.#options.hands.probeGuard(other)));
    if (answers.length === 0) return "none";
    return answers.includes(true) ? "answer" : "silent";
  }

  /** Whether it says yes by then; a no waits as well, so that the second probe is not sent before its time. */
  async #within(answer: Promise<boolean>, limitMs: number): Promise<boolean> {
    let cancel = () => {};
    const late = new Promise<boolean>((resolve) => {
      cancel = this.#options.timers.schedule(() => resolve(false), limitMs);
    });
    try {
      return await Promise.race([answer.then((yes) => yes || late), late]);
    } finally {
      cancel();
    }
  }

  #answers(verdict: Verdict): Verdict {
    this.#proven();
    return verdict;
  }

  #proven(): void {
    this.#provenMs = this.#options.clock.nowMs();
    this.#toldKept = false;
    this.#setProblem(null);
  }

  #cutOff(problem: RouteProblem): Verdict {
    this.#setProblem(problem);
    return "cut off";
  }

  #keep(): Verdict {
    if (!this.#toldKept)
      this.#options.tell("Another guard does not answer; it is kept, because too many rest already.");
    this.#toldKept = true;
    return "kept";
  }

  #setProblem(problem: RouteProblem | null): void {
    if (this.#problem?.code === problem?.code) return;
    this.#problem = problem;
    this.#options.tell(problem ? problem.message : "Tor's network answers again.");
    this.#options.onChange();
  }

  #endRests(nowMs: number): void {
    const rested = this.#rests.takeRested(nowMs);
    if (rested.length === 0) return;
    this.#options.tell("A guard has rested; it may be used again.");
    void this.#run(() => this.#options.hands.exclude(this.#rests.resting));
  }

  /** Tor may end or hang meanwhile: who watches the process says so, and here nothing is to be done. */
  async #run(work: () => Promise<void>): Promise<void> {
    await work().catch(() => {});
  }
}

const BEFORE: Sample = { sent: 0, received: 0, reads: true };

const CUT_OFF: RouteProblem = {
  code: "tor_cut_off",
  message: "No guard of Tor answers: this machine seems to be cut off.",
  hint: "Check the connection; Nocturne notices by itself when it is back.",
};

const ONLY_ONE: RouteProblem = {
  code: "tor_only_bridge_silent",
  message: "The only bridge does not answer, and there is no other to take.",
  hint: "Add a second bridge, or wait until it answers again.",
};

function minutes(durationMs: number): string {
  const count = Math.round(durationMs / 60_000);
  return count === 1 ? "a minute" : `${count} minutes`;
}
