import assert from "node:assert/strict";
import { test } from "node:test";
import { keepsEnd } from "./scroll-end.ts";

const END = { scrollSize: 1_000, viewportSize: 400, scrollOffset: 600 };

test("who is at the end stays there, and who comes there does, too", () => {
  assert.equal(keepsEnd(true, END, END), true);
  assert.equal(keepsEnd(false, { ...END, scrollOffset: 300 }, { ...END, scrollOffset: 550 }), true);
});

test("who moves up leaves the end, also as rows are added, and does not come back by it", () => {
  const up = { ...END, scrollOffset: 500 };
  assert.equal(keepsEnd(true, END, up), false);
  assert.equal(keepsEnd(true, END, { ...up, scrollSize: 1_200 }), false);
  assert.equal(keepsEnd(false, up, { ...up, scrollSize: 1_200 }), false);
});

test("rows that are added or turn out to be taller are no scrolling", () => {
  const grown = { ...END, scrollSize: 1_150 };
  assert.equal(keepsEnd(true, END, grown), true);
  assert.equal(keepsEnd(true, grown, grown), true, "the list has not followed yet");
  assert.equal(keepsEnd(true, grown, { ...grown, scrollOffset: 650 }), true, "it is on its way");
});

test("a smaller window is no scrolling", () => {
  assert.equal(keepsEnd(true, END, { ...END, viewportSize: 200 }), true);
});

test("before the rows are measured the beginning of a list is its end, unless one jumped elsewhere", () => {
  const unmeasured = { scrollSize: 1_000, viewportSize: 400, scrollOffset: 0 };
  assert.equal(keepsEnd(true, null, unmeasured), true);
  assert.equal(keepsEnd(false, null, unmeasured), false);
});
