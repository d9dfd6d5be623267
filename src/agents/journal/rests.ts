/** Who or what is left alone for a while: 1, 5, 30 minutes, a day, each time longer; forgotten once it went well. */
import type { Clock } from "../../core/clock.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";

const REST_MS = [60_000, 300_000, 1_800_000, 86_400_000];

export class Rests {
  readonly #clock: Clock;
  /** The one whose rest was changed longest ago first. */
  readonly #all = new Map<string, { readonly times: number; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isResting(key: string): boolean {
    return (this.#all.get(key)?.untilMs ?? 0) > this.#clock.nowMs();
  }

  failed(key: string): void {
    const times = this.#all.get(key)?.times ?? 0;
    const untilMs = this.#clock.nowMs() + (REST_MS[Math.min(times, REST_MS.length - 1)] as number);
    this.#all.delete(key);
    this.#all.set(key, { times: times + 1, untilMs });
    const [oldest] = this.#all.keys();
    if (this.#all.size > AGENT_LIMITS.rests && oldest !== undefined) this.#all.delete(oldest);
  }

  wentWell(key: string): void {
    this.#all.delete(key);
  }
}
