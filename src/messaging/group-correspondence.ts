/**
 * What letters from members change in a group: messages, marks, timer, and what is known of the members. As
 * Correspondence does for two people; who may speak is decided by the session.
 */

import { GROUP_LIMITS, MESSAGE_LIMITS } from "../core/limits.ts";
import type { Rooms } from "./composer.ts";
import { type Effects, noEffects } from "./effects.ts";
import type { Groups } from "./groups.ts";
import type { Letter, TextLetter } from "./letter.ts";
import type { Session } from "./session/session.ts";
import { arrivalOf, type Transcript } from "./transcript.ts";

export interface GroupCorrespondenceOptions extends Rooms {
  readonly transcript: Transcript;
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
          if (!this.#text(group, author, letter, effects)) return null;
          break;
        case "reaction":
        case "edit":
        case "delete":
          transcript.mark(group, author, letter, true, effects);
          break;
        case "timer":
          transcript.timer(group, author, letter, false, effects);
          break;
        case "profile":
          members().profile(group, author, letter, effects);
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
          return effects; // goes from device to device, and not to a group
      }
    }
    outbox.owe({ messageId: letter.id, to: device, read: false });
    return effects;
  }

  /** Shows what has waited too long for an earlier text of the same member. */
  releaseOverdue(): Effects {
    const effects = noEffects();
    const { messages, groups, nowMs } = this.#o;
    for (const place of messages.contactsHeldSince(nowMs() - GROUP_LIMITS.heldMs)) {
      const [group, author] = place.split("/");
      const first = messages.held(place)[0];
      if (group === undefined || author === undefined || !first) continue;
      groups.updatePerson(group, author, { lastShown: first.letter.n - 1 });
      this.#showHeld(group, author, effects);
    }
    return effects;
  }

  #text(group: string, author: string, letter: TextLetter, effects: Effects): boolean {
    const { messages, groups, transcript, nowMs } = this.#o;
    if (messages.has(letter.id)) return true;
    const { lastShown } = groups.person(group, author);
    // Who came later has not heard what was said before.
    if (lastShown === null) groups.updatePerson(group, author, { lastShown: letter.n - 1 });
    if (lastShown !== null && letter.n <= lastShown) {
      transcript.show(group, author, arrivalOf(letter), "hidden", effects);
      return true;
    }
    const place = `${group}/${author}`;
    if (messages.countHeld(place) >= MESSAGE_LIMITS.heldPerContact) return false;
    messages.hold(place, letter, nowMs());
    this.#showHeld(group, author, effects);
    return true;
  }

  #showHeld(group: string, author: string, effects: Effects): void {
    const { messages, groups, transcript } = this.#o;
    let lastShown = groups.person(group, author).lastShown ?? 0;
    for (const { letter } of messages.held(`${group}/${author}`)) {
      if (letter.n > lastShown + 1) break;
      messages.release(letter.id);
      transcript.show(group, author, arrivalOf(letter), "hidden", effects);
      lastShown = Math.max(lastShown, letter.n);
    }
    groups.updatePerson(group, author, { lastShown });
  }
}
