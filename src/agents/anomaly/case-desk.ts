/**
 * What this machine says and shows of cases: those that its own detectors find, by itself, and those that its operator makes by hand.
 *
 *   Quarantines.toSay -> said, one after the other        act(), called often
 *   operator's words  -> said                             accuse()
 */
import type { Clock } from "../../core/clock.ts";
import type { DeviceId, OperatorId } from "../agent-ids.ts";
import type { Journal } from "../journal/journal.ts";
import type { StatementKind } from "../statement.ts";
import { type Case, encodeCase } from "./case.ts";
import type { Quarantines, ShownCase } from "./quarantine.ts";

export interface CaseDeskOptions {
  readonly quarantines: Quarantines;
  readonly journal: Pick<Journal, "one" | "isTooMuch">;
  readonly clock: Clock;
  /** In the own log; rejects where the agent may not say it. */
  readonly say: (kind: StatementKind, body: Uint8Array) => Promise<void>;
}

/** Something that was signed, where it stands in a log. */
export interface ShownEvidence {
  readonly device: DeviceId;
  readonly sequence: number;
  /** Null if it is not here. */
  readonly madeAtMs: number | null;
  readonly kind: StatementKind | null;
}

/** So often it is looked whether somebody is to be accused, and old cases are forgotten. */
const LOOK_MS = 10_000;

export class CaseDesk {
  readonly #o: CaseDeskOptions;
  #lookedAtMs = 0;

  constructor(options: CaseDeskOptions) {
    this.#o = options;
  }

  /** Rejects with UsageError `case`, and as `say`. */
  async accuse(accused: OperatorId, action: Case["action"], words: string): Promise<void> {
    await this.#o.say("case", encodeCase({ accused, action, detector: "operator", words, evidence: [] }));
  }

  /** The newest first. */
  all(): ShownCase[] {
    return this.#o.quarantines.cases(this.#o.clock.nowMs());
  }

  evidenceOf({ evidence }: Pick<Case, "evidence">): ShownEvidence[] {
    return evidence.map(({ device, sequence }) => {
      const said = this.#o.journal.one(device, sequence);
      return { device, sequence, madeAtMs: said?.madeAtMs ?? null, kind: said?.statement.kind ?? null };
    });
  }

  /** Rejects as `say`. */
  async act(): Promise<void> {
    const { quarantines, journal, clock, say } = this.#o;
    const nowMs = clock.nowMs();
    if (nowMs - this.#lookedAtMs < LOOK_MS) return;
    this.#lookedAtMs = nowMs;
    quarantines.sweep(nowMs);
    for (const one of quarantines.toSay(nowMs)) {
      if (journal.isTooMuch("case")) return;
      await say("case", encodeCase(one));
    }
  }
}
