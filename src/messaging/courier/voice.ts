/** How the two sides of a courier's work speak: letters that wait in the outbox for the session and are repeated until acknowledged. */

import type { Clock } from "../../core/clock.ts";
import { letterHead } from "../letter.ts";
import type { Outbox } from "../outbox.ts";
import type { CourierSaying } from "./courier-letter.ts";

export interface VoiceOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly wake: (device: string) => void;
}

export class CourierVoice {
  readonly #o: VoiceOptions;

  constructor(options: VoiceOptions) {
    this.#o = options;
  }

  /** Puts a letter to a device on its way, inside the transaction around it, and returns the letter's id. */
  say(device: string, say: CourierSaying): string {
    const { outbox, clock, wake } = this.#o;
    const letter = { ...letterHead(clock.nowMs()), kind: "courier", say } as const;
    outbox.add({ id: letter.id, to: device, content: { profile: "hidden", letter }, unsaved: true });
    queueMicrotask(() => wake(device));
    return letter.id;
  }

  /** The same for what answers somebody who may never take it: of more than the outbox holds for one device he hears nothing. */
  answer(device: string, say: CourierSaying): void {
    if (!this.#o.outbox.isFull(device)) this.say(device, say);
  }

  /** Takes back what is not acknowledged yet. */
  unsay(letterId: string, device: string): void {
    this.#o.outbox.remove(letterId, device);
  }

  isAcknowledged(letterId: string, device: string): boolean {
    return this.#o.outbox.get(letterId, device) === null;
  }
}
