/**
 * What letters from members change in a group: messages, marks, timer, and what is known of the members. As
 * Correspondence does for two people; who may speak is decided by the session.
 */

import { GROUP_LIMITS } from "../core/limits.ts";
import type { Rooms } from "./composer.ts";
import { type Effects, noEffects } from "./effects.ts";
import type { Groups } from "./groups.ts";
import { readPlace } from "./heard-book.ts";
import type { Letter, TextLetter } from "./letter.ts";
import type { Session } from "./session/session.ts";
import type { Speaker, TextOrder } from "./text-order.ts";
import type { Transcript } from "./transcript.ts";

export interface GroupCorrespondenceOptions extends Rooms {
  readonly transcript: Transcript;
  readonly order: TextOrder;
  readonly members: () => Groups;
  readonly nowMs: () => number;
}

export class GroupCorrespondence {
  readonly #o: GroupCorrespondenceOptions;

  constructor(options: GroupCorrespondenceOptions) {
    this.#o = options;
  }

  /**
   * Applies one letter of a member; `device` is owed its acknowledgement. Returns null if it cannot be taken in now.
   */
  receive(session: Session, author: string, device: string, letter: Letter): Effects | null {
    const { outbox, transcript, members, groups } = this.#o;
    const effects = noEffects();
    const group = session.id;
    const isIn = groups.get(group)?.joined ?? false;
    // Who has left reads no more, but the others must not wait for him.
    if (isIn) {
      switch (letter.kind) {
        case "text":
          if (!this.#text({ conversation: group, author, device }, letter, effects)) return null;
          break;
        case "reaction":
        case "edit":
        case "delete":
          transcript.mark(group, author, letter, true, effects);
          break;
        case "timer":
          transcript.timer(group, author, letter, "read", effects);
          break;
        case "profile":
          members().profile(group, author, device, letter, effects);
          break;
        case "farewell":
          members().farewell(session, author, letter);
          break;
        case "hello":
        case "accept":
        case "welcome":
        case "invitation":
        case "application":
        case "astray":
        case "receipt":
        case "typing":
        case "packages":
        case "sync":
        case "courier":
        case "share":
          return effects; // goes from device to device, and not to a group
      }
    }
    outbox.owe({ messageId: letter.id, to: device, read: false });
    return effects;
  }

  /** Shows what has waited too long for an earlier text of the same member. */
  releaseOverdue(): Effects {
    const effects = noEffects();
    const { devices, groups, messages, order, nowMs } = this.#o;
    for (const place of messages.contactsHeldSince(nowMs() - GROUP_LIMITS.heldMs)) {
      const { conversation, device } = readPlace(place);
      if (!groups.get(conversation)) continue;
      order.giveUp({ conversation, author: devices.accountOf(device), device }, effects);
    }
    return effects;
  }

  #text(speaker: Speaker, letter: TextLetter, effects: Effects): boolean {
    const { messages, order } = this.#o;
    return messages.has(letter.id) || order.take(speaker, letter, effects);
  }
}
