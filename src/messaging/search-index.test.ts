import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import type { MessageStore, MessageWatcher, StoredMessage } from "./message-store.ts";
import { excerptAround, SearchIndex } from "./search-index.ts";

/** What the index asks of a store, over a plain list. */
class ListStore {
  readonly rows: StoredMessage[] = [];
  #watcher: MessageWatcher = () => {};
  #seq = 0;

  watch(watcher: MessageWatcher): void {
    this.#watcher = watcher;
  }

  newest(limit: number, before = Number.MAX_SAFE_INTEGER): StoredMessage[] {
    return this.rows
      .filter(({ seq }) => seq < before)
      .toReversed()
      .slice(0, limit);
  }

  add(text: string, conversation = "aa"): StoredMessage {
    const row = { id: `${++this.#seq}`, seq: this.#seq, text, conversation, files: [], notice: null, deleted: false };
    this.rows.push(row as unknown as StoredMessage);
    this.#watcher(null, this.rows.at(-1) as StoredMessage);
    return this.rows.at(-1) as StoredMessage;
  }

  change(before: StoredMessage, text: string | null): void {
    const after = text === null ? null : { ...before, text };
    this.rows.splice(this.rows.indexOf(before), 1, ...(after ? [after] : []));
    this.#watcher(before, after);
  }
}

function indexOf(store: ListStore): SearchIndex {
  return new SearchIndex(store as unknown as MessageStore);
}

test("it finds what a look at every message finds, while messages come, change and go", async () => {
  const word = fc.constantFrom("tea", "team", "Teä", "coffee", "cöff", "12", "1", "x");
  const text = fc.array(word, { maxLength: 4 }).map((words) => words.join(" "));
  const step = fc.record({ what: fc.constantFrom("add", "change", "remove"), at: fc.nat(20), text });
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 5 }), fc.array(step), text, async (old, steps, query) => {
      const store = new ListStore();
      for (const one of old) store.add(one);
      const index = indexOf(store);
      for (const { what, at, text } of steps) {
        const row = store.rows[at % Math.max(1, store.rows.length)];
        if (what === "add" || !row) store.add(text);
        else store.change(row, what === "change" ? text : null);
      }
      const fold = (one: string) =>
        one.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase().split(" ").filter(Boolean);
      const wanted = fold(query);
      const isHit = (row: StoredMessage) =>
        wanted.every((start) => fold(row.text).some((one) => one.startsWith(start)));
      const expected = store.rows.filter((row) => wanted.length > 0 && isHit(row)).map(({ id }) => id);
      const found = await index.find(query, null, 1_000);
      assert.deepEqual(found.toSorted(), expected.toSorted());
      assert.deepEqual(
        found,
        found.toSorted((a, b) => Number(b) - Number(a)),
        "newest first",
      );
    }),
  );
});

test("scripts without spaces are found by their characters, and only in the conversation asked for", async () => {
  const store = new ListStore();
  store.add("明日の朝に会いましょう");
  store.add("朝食", "bb");
  const index = indexOf(store);
  assert.deepEqual(await index.find("朝に", null, 10), ["1"]);
  assert.deepEqual(await index.find("朝", null, 10), ["2", "1"]);
  assert.deepEqual(await index.find("朝", "bb", 10), ["2"]);
});

test("a closed index knows nothing, even if it is closed while it is built", async () => {
  const store = new ListStore();
  for (let i = 0; i < 500; i++) store.add("secret");
  const index = indexOf(store);
  await new Promise((done) => setImmediate(done));
  index.close();
  store.add("secret");
  assert.deepEqual(await index.find("secret", null, 10), []);
});

test("an excerpt shows the word that was found, and is never too long", () => {
  const long = `${"before ".repeat(50)}needle${" after".repeat(50)}`;
  const excerpt = excerptAround(long, "NEED");
  assert.match(excerpt, /^….*needle.*…$/);
  assert.equal(excerptAround("short", "sho"), "short");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), fc.string(), (text, query) => {
      assert.ok([...excerptAround(text, query)].length <= MESSAGE_LIMITS.excerptCharacters);
    }),
  );
});
