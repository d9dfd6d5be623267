import assert from "node:assert/strict";
import { test } from "node:test";
import { API_LIMITS } from "../core/limits.ts";
import { AttemptLimiter } from "./attempt-limiter.ts";

const right = () => Promise.resolve("in");
const wrong = () => Promise.reject(new Error("wrong"));

test("wrong attempts shut the door for a while, right ones forget them", async () => {
  let nowMs = 0;
  const limiter = new AttemptLimiter({ nowMs: () => nowMs });
  const fail = async (times: number) => {
    for (let i = 0; i < times; i++) await assert.rejects(limiter.run(wrong), /wrong/);
  };
  await fail(API_LIMITS.unlockFailures - 1);
  assert.equal(await limiter.run(right), "in");
  await fail(API_LIMITS.unlockFailures);
  await assert.rejects(limiter.run(right), { code: "too_many_attempts" });
  nowMs = API_LIMITS.unlockFailureWindowMs;
  assert.equal(await limiter.run(right), "in");
});

test("many at once gain nothing", async () => {
  const limiter = new AttemptLimiter({ nowMs: () => 0 });
  let tried = 0;
  const slow = async () => {
    tried++;
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error("wrong");
  };
  await Promise.allSettled(Array.from({ length: 100 }, () => limiter.run(slow)));
  assert.equal(tried, API_LIMITS.unlockFailures);
});
