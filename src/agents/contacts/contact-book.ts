/**
 * How to write to whom, as the logs say it.
 *
 *   device -> its latest contact, if that names the device's operator
 *
 * A device says one thing after the other in its log, and what is heard of one log comes in its order: so the last one
 * heard is the latest. No more is kept than there are logs.
 */
import type { DeviceId, OperatorId } from "../agent-ids.ts";
import { type AgentContact, readContact } from "./contact.ts";

interface Stated {
  readonly contact: AgentContact;
  readonly madeAtMs: number;
}

export class ContactBook {
  readonly #stated = new Map<DeviceId, Stated>();

  /** Whether it counts: not if it is none, or speaks for another operator than the device's. */
  hear(said: { device: DeviceId; operator: OperatorId; body: Uint8Array; madeAtMs: number }): boolean {
    const { device, operator, body, madeAtMs } = said;
    const contact = readContact(body);
    if (contact?.operator !== operator) return false;
    this.#stated.set(device, { contact, madeAtMs });
    return true;
  }

  /** The latest of this device; null for none. */
  of(device: DeviceId): AgentContact | null {
    return this.#stated.get(device)?.contact ?? null;
  }

  /** Of those devices that `counts` lets through, the newest first. */
  list(counts: (device: DeviceId, operator: OperatorId) => boolean): AgentContact[] {
    return [...this.#stated]
      .filter(([device, { contact }]) => counts(device, contact.operator))
      .toSorted(([, a], [, b]) => b.madeAtMs - a.madeAtMs || (a.contact.key < b.contact.key ? -1 : 1))
      .map(([, { contact }]) => contact);
  }
}
