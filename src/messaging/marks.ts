/**
 * Marks: what was said about a message after it was written. They may arrive in any order, repeatedly, and before
 * the message; whatever the order, everybody ends with the same.
 *
 *   reaction  one for each author, the newest counts; a taken-back one stays as null, so that an older one
 *             that comes late does not return
 *   edit      by the message's author only; the newest counts
 *   delete    by the message's author only; final
 *
 * Newest is by the author's own clock, then by id: only marks of one author are ever compared.
 */

import type { MarkLetter } from "./letter.ts";
import type { MessageRow } from "./message-store.ts";

/** Which letter of its author said it. */
export interface MarkOrigin {
  readonly atMs: number;
  readonly id: string;
}

export interface ReactionMark extends MarkOrigin {
  /** Hex. */
  readonly author: string;
  readonly emoji: string | null;
}

/** The message as `author` changed it, or null when the mark changes nothing. */
export function applyMark(row: MessageRow, author: string, mark: MarkLetter): MessageRow | null {
  if (row.notice || row.deleted) return null;
  if (mark.kind === "reaction") return applyReaction(row, { author, ...originOf(mark), emoji: mark.emoji });
  if (row.author !== author) return null;
  if (mark.kind === "delete") {
    return { ...row, deleted: true, text: "", files: [], reactions: [], replyTo: null, edited: null };
  }
  if (row.edited && !isLater(mark.at, mark.id, row.edited)) return null;
  return { ...row, text: mark.text, edited: originOf(mark) };
}

function applyReaction(row: MessageRow, mark: ReactionMark): MessageRow | null {
  const earlier = reactionOf(row, mark.author);
  if (earlier && !isLater(mark.atMs, mark.id, earlier)) return null;
  const others = row.reactions.filter((one) => one !== earlier);
  return { ...row, reactions: [...others, mark].sort((a, b) => (isLater(a.atMs, a.id, b) ? 1 : -1)) };
}

export function reactionOf(row: MessageRow, author: string): ReactionMark | null {
  return row.reactions.find((one) => one.author === author) ?? null;
}

/** A time for a mark that follows `earlier`: later than it even if the clock was set back. */
export function timeAfter(earlier: MarkOrigin | null, nowMs: number): number {
  return earlier ? Math.max(nowMs, earlier.atMs + 1) : nowMs;
}

/** Whether what was said at `atMs` by the letter `id` counts more than what another said. */
export function isLater(atMs: number, id: string, than: MarkOrigin): boolean {
  return atMs === than.atMs ? id > than.id : atMs > than.atMs;
}

function originOf(mark: MarkLetter): MarkOrigin {
  return { atMs: mark.at, id: mark.id };
}
