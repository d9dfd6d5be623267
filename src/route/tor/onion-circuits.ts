/**
 * Circuits of onion services, ours and those that we visit, that come to no end.
 *
 *   introduction, rendezvous, directory     LAUNCHED -> hop -> hop -> BUILT -> answered: done with
 *                                           no step for `onionStepMs`: closed, and Tor takes other relays
 *
 * Tor itself waits for its circuit time-out, which before it has learned a better one is more than a minute; meanwhile a
 * visitor's streams all wait for one hung introduction point, and a service is told to nobody until its last one stands.
 * Each time some are closed the next ones get twice as long: behind a slow bridge all are slow, and must be let. The
 * service's circuits to rendezvous points, which strangers choose, are left to Tor.
 */
import type { Timers } from "../../core/clock.ts";
import { type Circuit, readCircuits } from "./circuits.ts";
import type { ControlClient } from "./control-client.ts";

export type OnionCircuitLimits = { readonly [name in "onionStepMs" | "onionStepMaxMs" | "onionLookMs"]: number };

const WATCHED: ReadonlySet<string> = new Set([
  "hs_service_intro",
  "hs_client_intro",
  "hs_client_rend",
  "hs_client_hsdir",
  "hs_service_hsdir",
]);
/** What a circuit that is built waits for, by Tor's word for it: an answer of its last relay. */
const WAITING: ReadonlySet<string> = new Set([
  "HSSI_CONNECTING",

  "HSCI_INTRO_SENT",
  "HSCR_CONNECTING",
]);

interface Step {
  readonly step: string;
  readonly sinceMs: number;
}

/** Which circuits are stuck. Pure. */
export class StuckCircuits {
  readonly #limits: OnionCircuitLimits;
  #patienceMs: number;
  #closedMs = Number.NEGATIVE_INFINITY;
  #steps = new Map<string, Step>();

  constructor(limits: OnionCircuitLimits) {
    this.#limits = limits;
    this.#patienceMs = limits.onionStepMs;
  }

  /** Those to close now. `nowMs` never goes back. */
  look(nowMs: number, circuits: readonly Circuit[]): Circuit[] {
    if (nowMs - this.#closedMs > 2 * this.#patienceMs) this.#patienceMs = this.#limits.onionStepMs;
    const before = this.#steps;
    const waiting = circuits.filter(isWaiting);
    this.#steps = new Map(
      waiting.map((circuit) => {
        const step = `${circuit.status} ${circuit.hops.length} ${circuit.onionState}`;
        const known = before.get(circuit.id);
        return [circuit.id, known?.step === step ? known : { step, sinceMs: nowMs }];
      }),
    );
    const stuck = waiting.filter(({ id }) => nowMs - (this.#steps.get(id)?.sinceMs ?? nowMs) >= this.#patienceMs);
    if (stuck.length > 0) {
      this.#patienceMs = Math.min(2 * this.#patienceMs, this.#limits.onionStepMaxMs);
      this.#closedMs = nowMs;
    }
    return stuck;
  }
}

function isWaiting({ purpose, status, onionState }: Circuit): boolean {
  return WATCHED.has(purpose) && (status !== "BUILT" || WAITING.has(onionState ?? ""));
}

export interface OnionCircuitsOptions {
  /** Null while Tor is not up. */
  readonly control: () => Pick<ControlClient, "getInfo" | "command"> | null;
  readonly limits: OnionCircuitLimits;
  readonly timers: Timers;
}

export class OnionCircuits {
  readonly #o: OnionCircuitsOptions;
  readonly #stuck: StuckCircuits;
  #cancel: (() => void) | null = null;

  constructor(options: OnionCircuitsOptions) {
    this.#o = options;
    this.#stuck = new StuckCircuits(options.limits);
  }

  start(): void {
    this.#cancel ??= this.#o.timers.schedule(() => {
      this.#look()
        .catch(() => {}) // a tor that does not answer is noticed elsewhere
        .finally(() => {
          if (!this.#cancel) return;
          this.#cancel = null;
          this.start();
        });
    }, this.#o.limits.onionLookMs);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  async #look(): Promise<void> {
    const control = this.#o.control();
    if (!control) return;
    const circuits = readCircuits((await control.getInfo("circuit-status")).get("circuit-status") ?? "");
    const stuck = this.#stuck.look(performance.now(), circuits);
    // Each may have ended by itself.
    for (const { id } of stuck) await control.command("CLOSECIRCUIT", id).catch(() => {});
    // It may have other introduction points by now. Tor asks only when all that it knows of refused, and one that hangs never does.
    const visited = stuck.flatMap(({ purpose, onion }) =>
      purpose === "hs_client_intro" && onion !== null ? [onion] : [],
    );
    for (const onion of new Set(visited)) await control.command("HSFETCH", onion).catch(() => {});
  }
}
