/** Forgets a person and the whole conversation with him. */

import type { Rooms } from "./composer.ts";
import type { EarlyMarks } from "./early-marks.ts";
import type { ShareBook } from "./share-book.ts";
import type { Sessions } from "./session/sessions.ts";

/** Call inside a transaction. */
export function forgetContact(
  rooms: Rooms & { readonly earlyMarks: EarlyMarks; readonly sessions: Sessions; readonly shares: ShareBook },
  publicKey: string,
): void {
  const { contacts, messages, outbox, conversations, devices, earlyMarks, sessions, shares } = rooms;
  sessions.remove(publicKey);
  for (const device of devices.devicesOf(publicKey)) {
    outbox.removeDirect(device);
    devices.forget(device);
  }
  shares.forget(publicKey);
  messages.removeAll(publicKey);
  earlyMarks.removeAll(publicKey);
  conversations.remove(publicKey);
  contacts.remove(publicKey);
}
