/** What the healer sees of Tor and does to it, by commands and events of the control port. */
import type { Clock } from "../../core/clock.ts";
import { NetworkError } from "../../core/errors.ts";
import { type Circuit, readCircuits, readHop } from "./circuits.ts";
import { type ControlClient, ControlRefusal } from "./control-client.ts";
import { readWords } from "./control-text.ts";
import type { Path, TorHands, Watched } from "./healer.ts";
import type { StreamTable } from "./streams.ts";

/** Opens a second stream beside one; resolves once its circuit has answered, with yes or no. */
export type OpenBeside = (watched: Watched, signal: AbortSignal) => Promise<void>;

interface HandsOptions {
  readonly control: () => ControlClient | null;
  readonly streams: StreamTable;
  readonly openBeside: OpenBeside;
  readonly probeMs: number;
  readonly clock: Clock;
}

/** Guards that are asked whether this machine is connected at all. */
const OTHERS_ASKED = 2;
/** Guards that are suspected when a stream is on no circuit yet: so many that have circuits, and that Tor would take. */
const SUSPECTS = 3;

/** Purposes of circuits that Tor builds before they are needed. */
const PREPARED: ReadonlySet<string> = new Set(["general", "conflux_linked", "hs_vanguards"]);

type CircuitListener = (id: string, status: string) => void;

export class ControlHands implements TorHands {
  readonly #options: HandsOptions;
  readonly #circuitListeners = new Set<CircuitListener>();
  /** Circuits of our probes. */
  readonly #probes = new Set<string>();
  /** What the person's own settings exclude. */
  #excludedByPerson: readonly string[] = [];

  constructor(options: HandsOptions) {
    this.#options = options;
  }

  /** For each new connection to Tor, before anything else. */
  async prepare(control: ControlClient): Promise<void> {
    this.#probes.clear();
    this.#excludedByPerson = (await control.getConf("ExcludeNodes")).filter(Boolean);
    await control.listen("CIRC", ([line]) => {
      const [, id = "", status = ""] = readWords(line?.text ?? "").plain;
      for (const listener of this.#circuitListeners) listener(id, status);
    });
  }

  async pathOf({ credentials, target }: Watched): Promise<Path> {
    const carrying = this.#options.streams.find(credentials, target).map(({ circuit }) => circuit);
    const all = await this.#circuits();
    const own = all.filter(({ id }) => carrying.includes(id));
    const together = new Set(own.flatMap(({ conflux }) => conflux ?? []));
    const path = all.filter((circuit) => own.includes(circuit) || (circuit.conflux && together.has(circuit.conflux)));
    const ways = new Set(own.map(({ id, conflux }) => conflux ?? id));
    return {
      circuits: path.map(({ id }) => id),
      guards: [...new Set(path.flatMap(guardOf))],
      certain: ways.size === 1,
    };
  }

  async guardsInUse(): Promise<readonly string[]> {
    const counts = new Map<string, number>();
    for (const circuit of await this.#circuits()) {
      if (circuit.status !== "BUILT" || this.#probes.has(circuit.id)) continue;
      for (const guard of guardOf(circuit)) counts.set(guard, (counts.get(guard) ?? 0) + 1);
    }
    const used = [...counts].toSorted(([, a], [, b]) => b - a).map(([guard]) => guard);
    // One that hangs may have none that is built, while Tor goes on to build through it.
    return [...new Set([...used.slice(0, SUSPECTS), ...(await this.#guards(["up"])).slice(0, SUSPECTS)])];
  }

  async otherGuards(without: readonly string[]): Promise<readonly string[]> {
    return (await this.#guards()).filter((guard) => !without.includes(guard)).slice(0, OTHERS_ASKED);
  }

  /** When no answer comes, Tor also takes a new connection to that guard the next time: a dead one cannot stay in the way. */
  async probeGuard(guard: string): Promise<boolean> {
    const control = this.#control();
    const states = new Map<string, string>();
    let look = () => {};
    const listener: CircuitListener = (id, status) => {
      states.set(id, status);
      look();
    };
    this.#circuitListeners.add(listener);
    let circuit: string | undefined;
    try {
      const { lines } = await control.command("EXTENDCIRCUIT", "0", guard);
      const id = readWords(lines[0]?.text ?? "").plain[1] ?? "";
      circuit = id;
      this.#probes.add(id);
      return await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), this.#options.probeMs);
        look = () => {
          const state = states.get(id);
          if (state !== "BUILT" && state !== "FAILED" && state !== "CLOSED") return;
          clearTimeout(timer);
          resolve(state === "BUILT");
        };
        look(); // it may have been told with the reply
      });
    } catch (error) {
      if (error instanceof ControlRefusal) return false; // Tor knows no way to it
      throw error;
    } finally {
      this.#circuitListeners.delete(listener);
      if (circuit !== undefined) await this.#close(control, circuit).finally(() => this.#probes.delete(circuit ?? ""));
    }
  }

  async probePath(watched: Watched, path: Path): Promise<"alive" | "dead" | "unknown"> {
    const { streams, openBeside, probeMs } = this.#options;
    const before = new Set(streams.find(watched.credentials, watched.target).map(({ id }) => id));
    const taken = () => streams.find(watched.credentials, watched.target).filter(({ id }) => !before.has(id));
    let onIt = false;
    const look = () => {
      onIt ||= taken().some(({ circuit }) => circuit !== null && path.circuits.includes(circuit));
    };
    const looking = setInterval(look, probeMs / 30);
    const late = new AbortController();
    const timer = setTimeout(() => {
      look();
      late.abort();
    }, probeMs);
    try {
      await openBeside(watched, late.signal);
      look();
      return onIt ? "alive" : "unknown";
    } catch {
      return onIt && late.signal.aborted ? "dead" : "unknown"; // a quick no came from Tor or an exit: no silence
    } finally {
      clearTimeout(timer);
      clearInterval(looking);
    }
  }

  async exclude(guards: readonly string[]): Promise<void> {
    const value = [...this.#excludedByPerson, ...guards.map((guard) => `$${guard}`)].join(",");
    await this.#control().command("SETCONF", value === "" ? "ExcludeNodes" : { key: "ExcludeNodes", value });
  }

  /**
   * With the circuits that nobody uses yet and that go through the same relays behind the guard: one of those hangs, and
   * Tor would take such a circuit for the next stream. New ones through it are never built, so nothing is excluded.
   */
  async closePath({ circuits }: Path): Promise<void> {
    const all = await this.#circuits();
    const suspects = new Set(
      all.flatMap(({ id, hops }) => (circuits.includes(id) ? hops.slice(1).map(({ fingerprint }) => fingerprint) : [])),
    );
    const used = new Set(all.flatMap(({ user, conflux }) => (user === null ? [] : (conflux ?? []))));
    const unused = all.filter(
      ({ status, purpose, user, conflux, hops }) =>
        status === "BUILT" &&
        PREPARED.has(purpose) &&
        user === null &&
        !used.has(conflux ?? "") &&
        hops.slice(1).some(({ fingerprint }) => suspects.has(fingerprint)),
    );
    await this.#closeCircuits([...circuits, ...unused.map(({ id }) => id)]);
  }

  /**
   * Tor waits a minute for a circuit through a relay that hangs, and lets streams wait for it. Never one that has no hop
   * yet: Tor blames its guard for that end (`circuit_build_failed`), and a good guard would be left because of us.
   */
  async closeUnbuilt(olderMs: number): Promise<void> {
    const beforeMs = this.#options.clock.nowMs() - olderMs;
    const slow = (await this.#circuits()).filter(
      ({ id, status, createdMs }) =>
        status === "EXTENDED" && !this.#probes.has(id) && createdMs !== null && createdMs <= beforeMs,
    );
    await this.#closeCircuits(slow.map(({ id }) => id));
  }

  /** Those that have no hop yet Tor has given up itself, when the guard was excluded. */
  async closeThrough(guard: string): Promise<void> {
    const affected = (await this.#circuits()).filter(
      (circuit) => !this.#probes.has(circuit.id) && guardOf(circuit).includes(guard),
    );
    await this.#closeCircuits(affected.map(({ id }) => id));
  }

  async #closeCircuits(ids: readonly string[]): Promise<void> {
    const control = this.#control();
    await Promise.all(ids.map((id) => this.#close(control, id)));
  }

  /** Throws what another failure than its end throws: one that is closed already is as wished. */
  async #close(control: ControlClient, id: string): Promise<void> {
    await control.command("CLOSECIRCUIT", id).catch((error: unknown) => {
      if (!(error instanceof ControlRefusal)) throw error;
    });
  }

  async #circuits(): Promise<Circuit[]> {
    return readCircuits((await this.#control().getInfo("circuit-status")).get("circuit-status") ?? "");
  }

  /** As Tor would take them, those that were reached already first. */
  async #guards(usable: readonly string[] = ["up", "never-connected"]): Promise<string[]> {
    const lines = (await this.#control().getInfo("entry-guards")).get("entry-guards")?.split("\n") ?? [];
    const found = lines.flatMap((line) => {
      const [name = "", state = ""] = line.split(" ");
      return readHop(name).map(({ fingerprint }) => ({ fingerprint, state }));
    });
    return usable.flatMap((wanted) =>
      found.filter(({ state }) => state === wanted).map(({ fingerprint }) => fingerprint),
    );
  }

  #control(): ControlClient {
    const control = this.#options.control();
    if (!control) throw new NetworkError("tor_not_answering", "The tor program does not answer.");
    return control;
  }
}

function guardOf({ hops: [first] }: Circuit): string[] {
  return first ? [first.fingerprint] : [];
}
