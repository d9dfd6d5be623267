/**
 * Finds messages by their words. The index lives in memory only, because on the disk it would tell what the sealed
 * rows hide: it is built after each unlock, in slices that let everything else go on, and dropped at the lock.
 *
 *   word (folded) -> positions of the messages that hold it;  position -> conversation, words
 *
 * A query finds the messages in which each of its words begins some word; case and diacritics do not count.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import type { MessageStore, StoredMessage } from "./message-store.ts";

interface Entry {
  readonly id: string;
  readonly conversation: string;
  readonly words: ReadonlySet<string>;
}

const SLICE = 100;
/** Scripts without spaces between words: each character counts as one. */
const WORDS =
  /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}]\p{M}*|[[\p{L}\p{N}]--[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}]][\p{L}\p{N}\p{M}]*/gv;
const CONTEXT_CHARACTERS = 40;

export class SearchIndex {
  readonly #messages: MessageStore;
  readonly #positions = new Map<string, Set<number>>();
  readonly #entries = new Map<number, Entry>();
  readonly #ready: Promise<void>;
  #closed = false;

  constructor(messages: MessageStore) {
    this.#messages = messages;
    messages.watch((before, after) => {
      if (before) this.#remove(before.seq);
      if (after) this.#add(after);
    });
    this.#ready = this.#build();
    this.#ready.catch(() => {}); // told to whoever searches
  }

  /** Ids of the newest matching messages, newest first, once all is indexed. */
  async find(query: string, conversation: string | null, limit: number): Promise<string[]> {
    await this.#ready;
    const words = [...new Set(wordsOf(query))].slice(0, MESSAGE_LIMITS.searchWords);
    const [rarest, ...others] = words.map((word) => this.#startingWith(word)).sort((a, b) => a.size - b.size);
    if (!rarest) return [];
    const found = [...rarest].filter((position) => others.every((set) => set.has(position)));
    const entries = found.sort((a, b) => b - a).flatMap((position) => this.#entries.get(position) ?? []);
    return entries
      .filter((entry) => conversation === null || entry.conversation === conversation)
      .slice(0, limit)
      .map(({ id }) => id);
  }

  close(): void {
    this.#closed = true;
    this.#positions.clear();
    this.#entries.clear();
  }

  /** Newest first; what arrives meanwhile is added by the watcher. */
  async #build(): Promise<void> {
    for (let before: number | undefined; this.#entries.size < MESSAGE_LIMITS.searchedMessages; ) {
      await nextTurn();
      if (this.#closed) return;
      const slice = this.#messages.newest(SLICE, before);
      for (const message of slice) this.#add(message);
      before = slice.at(-1)?.seq;
      if (before === undefined) return;
    }
  }

  #add(message: StoredMessage): void {
    if (this.#closed || this.#entries.has(message.seq) || message.notice || message.deleted) return;
    const words = new Set(wordsOf([message.text, ...message.files.map((file) => file.name)].join("\n")));
    this.#entries.set(message.seq, { id: message.id, conversation: message.conversation, words });
    for (const word of words) {
      const positions = this.#positions.get(word);
      if (positions) positions.add(message.seq);
      else this.#positions.set(word, new Set([message.seq]));
    }
  }

  #remove(position: number): void {
    for (const word of this.#entries.get(position)?.words ?? []) {
      const positions = this.#positions.get(word);
      positions?.delete(position);
      if (positions?.size === 0) this.#positions.delete(word);
    }
    this.#entries.delete(position);
  }

  #startingWith(prefix: string): Set<number> {
    const found = new Set<number>();
    for (const [word, positions] of this.#positions) {
      if (word.startsWith(prefix)) for (const position of positions) found.add(position);
    }
    return found;
  }
}

/** The text around the first word that the query finds, at most MESSAGE_LIMITS.excerptCharacters long. */
export function excerptAround(text: string, query: string): string {
  const wanted = wordsOf(query);
  const hit = [...text.matchAll(WORDS)].find(([word]) => wanted.some((start) => fold(word).startsWith(start)));
  const before = Array.from(text.slice(0, hit?.index ?? 0));
  const skipped = Math.max(0, before.length - CONTEXT_CHARACTERS);
  const rest = [...text].slice(skipped);
  const room = MESSAGE_LIMITS.excerptCharacters - (skipped > 0 ? 1 : 0);
  const shown = rest.length <= room ? rest : [...rest.slice(0, room - 1), "…"];
  return (skipped > 0 ? "…" : "") + shown.join("");
}

function wordsOf(text: string): string[] {
  return (text.match(WORDS) ?? []).map(fold).filter((word) => word !== "");
}

function fold(word: string): string {
  return word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
