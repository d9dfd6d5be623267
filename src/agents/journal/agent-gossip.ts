/**
 * What agents say, told to all at once: over the topic `agents`, each a message of its own.
 *
 *   own log grew -> publish
 *   judge           of an unknown device, known, too many in this second -> ignore      wrong signature -> reject      else -> take
 *   in              next of its log -> journal; a gap -> `LogSync` hurries
 *
 * Who misses one hears of it by `LogSync`: gossip only makes it fast.
 */
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { Topic, Verdict } from "../../mesh/network/topic.ts";
import type { Journal } from "./journal.ts";
import type { Gate } from "./log-sync.ts";
import { claimOf, encodeSaid, readSaid } from "./said.ts";

export interface AgentGossipOptions {
  readonly join: (judge: (bytes: Uint8Array) => Verdict) => Topic;
  readonly journal: Journal;
  readonly gate: Pick<Gate, "admits">;
  /** Something was said that cannot be taken yet. */
  readonly missing: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

const SECOND_MS = 1_000;

export class AgentGossip implements Disposable {
  readonly #o: AgentGossipOptions;
  readonly #topic: Topic;
  readonly #stops: readonly (() => void)[];
  #second = { startMs: 0, checked: 0 };

  constructor(options: AgentGossipOptions) {
    this.#o = options;
    const { join, journal } = options;
    this.#topic = join((bytes) => this.#judge(bytes));
    this.#stops = [
      this.#topic.onMessage((bytes) => this.#hear(bytes)),
      journal.onNoted((all) => {
        for (const { said } of all) if (said.device === journal.device) this.#publish(encodeSaid(said));
      }),
    ];
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }

  #judge(bytes: Uint8Array): Verdict {
    const { journal, gate, missing } = this.#o;
    const claim = claimOf(bytes);
    if (!claim) return "reject";
    if (claim.sequence <= journal.sizeOf(claim.device)) return "ignore";
    if (!gate.admits(claim.device)) {
      // Perhaps a newcomer, whose papers stand at the beginning of its log.
      if (journal.sizeOf(claim.device) === 0) missing();
      return "ignore";
    }
    if (!this.#mayCheck()) return "ignore";
    return readSaid(bytes) ? "take" : "reject";
  }

  #hear(bytes: Uint8Array): void {
    const said = readSaid(bytes);
    if (!said) return;
    const [outcome] = this.#o.journal.take([said]);
    if (outcome === "gap" || outcome === "wrong") this.#o.missing();
  }

  #publish(bytes: Uint8Array): void {
    this.#topic.publish(bytes).catch((error: unknown) => {
      this.#o.log.debug({ error: String(error) }, "nobody is there yet to hear what this agent said");
    });
  }

  #mayCheck(): boolean {
    const nowMs = this.#o.clock.nowMs();
    if (Math.abs(nowMs - this.#second.startMs) >= SECOND_MS) this.#second = { startMs: nowMs, checked: 0 };
    return this.#second.checked++ < AGENT_LIMITS.messagesASecond;
  }
}
