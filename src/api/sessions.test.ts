import assert from "node:assert/strict";
import { test } from "node:test";
import { API_LIMITS } from "../core/limits.ts";
import { Sessions } from "./sessions.ts";

const START_MS = 1_000_000;

test("a launch token opens one session, once, and for a minute", () => {
  let nowMs = START_MS;
  const sessions = new Sessions({ nowMs: () => nowMs });
  const token = sessions.createLaunchToken();
  const late = sessions.createLaunchToken();
  const session = sessions.open(token);
  assert.ok(session !== null && sessions.has(session));
  assert.equal(sessions.open(token), null);
  assert.equal(sessions.has(token), false);
  nowMs += API_LIMITS.launchTokenMs;
  assert.equal(sessions.open(late), null);
  assert.ok(sessions.has(session), "a session lives as long as the node");
});

test("a session comes of its launch token alone", () => {
  const sessions = new Sessions({ nowMs: () => START_MS });
  const token = sessions.createLaunchToken();
  for (const guess of ["", token.slice(1), `${token} `, token.toUpperCase()]) {
    assert.equal(sessions.open(guess), null);
    assert.equal(sessions.has(guess), false);
  }
  assert.notEqual(sessions.open(token), null);
});

test("the oldest give way, and all end together", () => {
  const sessions = new Sessions({ nowMs: () => START_MS });
  const open = (): string => sessions.open(sessions.createLaunchToken()) as string;
  const first = open();
  const others = Array.from({ length: API_LIMITS.sessions }, open);
  assert.equal(sessions.has(first), false);
  assert.ok(others.every((session) => sessions.has(session)));
  sessions.closeAll();
  assert.ok(!others.some((session) => sessions.has(session)));
});
