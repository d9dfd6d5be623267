import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeviceView } from "../../src/api/contract.ts";
import { countdown, isDeviceLink, isLinked, isUnlinked, newcomer, stateWords } from "./device-words.ts";

function device(id: string, change: Partial<DeviceView> = {}): DeviceView {
  const addedAt = "2025-11-01T12:00:00.000Z";
  return { id, name: id, addedAt, main: false, me: false, state: "active", history: null, ...change };
}

const MAIN = device("main", { main: true });

test("a device is linked when it is not the main one, and unlinked when it was taken out", () => {
  assert.equal(isLinked([{ ...MAIN, me: true }, device("laptop")]), false);
  assert.equal(isLinked([MAIN, device("laptop", { me: true })]), true);
  assert.equal(isLinked([]), false);
  assert.equal(isUnlinked([MAIN, device("laptop", { me: true, state: "unlinked" })]), true);
  assert.equal(isUnlinked([{ ...MAIN, me: true }, device("laptop", { state: "revoked" })]), false);
});

test("a newcomer is who was not there before; nobody who was removed", () => {
  const before = [MAIN, device("old")];
  assert.equal(newcomer(before, before), undefined);
  assert.equal(newcomer(before, [...before, device("laptop", { state: "joining" })])?.id, "laptop");
  assert.equal(newcomer(before, [...before, device("gone", { state: "revoked" })]), undefined);
});

test("states in words", () => {
  assert.equal(stateWords(device("x")), "Active");
  assert.equal(stateWords(device("x", { state: "joining" })), "Coming in");
  assert.equal(stateWords(device("x", { history: 0.429 })), "Getting the history, 42 %");
  assert.equal(stateWords(device("x", { state: "revoked" })), "Removed");
});

test("words are told from a link, and the time left counts down to nothing", () => {
  assert.equal(isDeviceLink(" nocturne:device/AQ "), true);
  assert.equal(isDeviceLink("abandon ability able"), false);
  assert.deepEqual([545_000, 600, 0, -5].map(countdown), ["9:05", "0:01", "0:00", "0:00"]);
});
