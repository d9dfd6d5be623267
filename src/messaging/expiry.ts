/**
 * Disappearing messages: when each one goes, and that it goes.
 *
 *   mine    the clock starts when a relay took the message
 *   theirs  when it is read, at the latest MESSAGE_LIMITS.expiryUnreadMs after it came
 *
 * The times are in the rows; what is in memory only spares a look at every row each second. A message that
 * falls due while nothing runs goes at the next start.
 */

import type { MessageRow, MessageStore, StoredMessage } from "./message-store.ts";

/** The change that starts the clock of a message, or nothing when it has none, or an earlier end. */
export function startExpiry(message: MessageRow, nowMs: number): { expiresAtMs?: number } {
  if (message.timerSeconds === null) return {};
  const expiresAtMs = nowMs + message.timerSeconds * 1_000;
  return message.expiresAtMs !== null && message.expiresAtMs <= expiresAtMs ? {} : { expiresAtMs };
}

export class Expiry {
  readonly #messages: MessageStore;
  readonly #dueAtMs = new Map<string, number>();

  constructor(messages: MessageStore) {
    this.#messages = messages;
    for (const row of messages.disappearing()) this.#note(row);
    messages.watch((before, after) => {
      if (after) this.#note(after);
      else if (before) this.#dueAtMs.delete(before.id);
    });
  }

  /** The messages whose time has come, by what the vault says of them now. */
  due(nowMs: number): StoredMessage[] {
    const ids = [...this.#dueAtMs].flatMap(([id, dueAtMs]) => (dueAtMs <= nowMs ? [id] : []));
    return ids.flatMap((id) => {
      const row = this.#messages.get(id);
      if (!row) this.#dueAtMs.delete(id);
      return row && (row.expiresAtMs ?? Number.POSITIVE_INFINITY) <= nowMs ? [row] : [];
    });
  }

  #note(row: StoredMessage): void {
    if (row.expiresAtMs === null) this.#dueAtMs.delete(row.id);
    else this.#dueAtMs.set(row.id, row.expiresAtMs);
  }
}
