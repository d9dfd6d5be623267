import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { MarkLetter } from "./letter.ts";
import { applyMark } from "./marks.ts";
import type { MessageRow } from "./message-store.ts";

const AUTHORS = ["aa", "bb", "cc"] as const;
const MESSAGE: MessageRow = {
  id: "00".repeat(16),
  conversation: "aa",
  author: "aa",
  mine: false,
  atMs: 1,
  text: "first",
  files: [],
  state: "delivered",
  profile: "hidden",
  notice: null,
  replyTo: null,
  edited: null,
  deleted: false,
  reactions: [],
  timerSeconds: null,
  expiresAtMs: null,
};

const head = {
  v: fc.constant(1 as const),
  id: fc.uuid(),
  at: fc.integer({ min: 0, max: 3 }),
  target: fc.constant(MESSAGE.id),
};
const letter: fc.Arbitrary<MarkLetter> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ ...head, kind: fc.constant("reaction" as const), emoji: fc.constantFrom("👍", "❤️", null) }),
  },
  { weight: 3, arbitrary: fc.record({ ...head, kind: fc.constant("edit" as const), text: fc.string() }) },
  { weight: 1, arbitrary: fc.record({ ...head, kind: fc.constant("delete" as const) }) },
);
const mark = fc.record({ author: fc.constantFrom(...AUTHORS), letter });
type Mark = { readonly author: string; readonly letter: MarkLetter };

function applyAll(marks: readonly Mark[]): MessageRow {
  return marks.reduce((row, { author, letter }) => applyMark(row, author, letter) ?? row, MESSAGE);
}

test("whatever the order and however often, everybody ends with the same message", () => {
  const orders = fc
    .uniqueArray(mark, { selector: ({ letter }) => letter.id, maxLength: 8 })
    .chain((marks) =>
      fc.tuple(fc.constant(marks), fc.shuffledSubarray([...marks, ...marks], { minLength: 2 * marks.length })),
    );
  fc.assert(fc.property(orders, ([marks, again]) => assert.deepEqual(applyAll(again), applyAll(marks))));
});

test("only the author's own edits and deletions count, the newest of them, and a deletion is final", () => {
  fc.assert(
    fc.property(fc.array(mark), (marks) => {
      const row = applyAll(marks);
      const own = marks.filter(({ author }) => author === MESSAGE.author).map(({ letter }) => letter);
      assert.equal(
        row.deleted,
        own.some(({ kind }) => kind === "delete"),
      );
      const edits = own.flatMap((one) => (one.kind === "edit" ? [one] : []));
      const newest = edits.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).at(-1);
      assert.equal(row.text, row.deleted ? "" : (newest?.text ?? MESSAGE.text));
      assert.equal(new Set(row.reactions.map(({ author }) => author)).size, row.reactions.length);
    }),
  );
});

test("a taken-back reaction does not return with an older letter", () => {
  const at = (time: number, emoji: string | null): Mark => ({
    author: "bb",
    letter: { v: 1, id: `${time}`, at: time, kind: "reaction", target: MESSAGE.id, emoji },
  });
  assert.equal(applyAll([at(1, "👍"), at(3, null), at(2, "❤️")]).reactions[0]?.emoji, null);
});
