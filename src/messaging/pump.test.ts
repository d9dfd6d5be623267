import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Pump, type Task } from "./pump.ts";

/** A pump over tasks that end when the test says so. */
function setUp(most: number, keys: string[]) {
  const begun: string[] = [];
  const ends = new Map<string, (useful: boolean) => void>();
  const errors: unknown[] = [];
  let idle = 0;
  const task = (key: string): Task => ({
    key,
    run: () => {
      begun.push(key);
      return new Promise((resolve) => ends.set(key, resolve));
    },
  });
  const pump = new Pump({
    most,
    next: () => keys.map(task),
    onError: (error) => errors.push(error),
    onIdle: () => idle++,
  });
  const end = async (key: string, useful = true) => {
    keys.splice(keys.indexOf(key), useful ? 1 : 0);
    ends.get(key)?.(useful);
    await turn();
    await turn();
  };
  return { pump, begun, end, errors, idle: () => idle };
}

test("a task that takes long holds up no other, and no more than so many run at once", async () => {
  const { pump, begun, end, idle } = setUp(2, ["slow", "a", "b", "c"]);
  pump.wake();
  await turn();
  assert.deepEqual(begun, ["slow", "a"]);
  for (const key of ["a", "b", "c"]) await end(key);
  assert.deepEqual(begun, ["slow", "a", "b", "c"]);
  assert.equal(idle(), 0);
  await end("slow");
  assert.equal(idle(), 1);
});

test("what came to nothing is tried again when it is woken, not before", async () => {
  const { pump, begun, end, idle } = setUp(4, ["a"]);
  pump.wake();
  await turn();
  await end("a", false);
  assert.deepEqual([begun, idle()], [["a"], 1]);
  pump.wake();
  await turn();
  assert.deepEqual(begun, ["a", "a"]);
});

test("a task, or the search for tasks, that throws is told and ends nothing else", async () => {
  const errors: unknown[] = [];
  let looks = 0;
  const next = (): Task[] => {
    if (looks++ === 1) throw new Error("locked");
    return [{ key: "a", run: () => Promise.reject(new Error("broken")) }];
  };
  const pump = new Pump({ most: 1, next, onError: (error) => errors.push(String(error)), onIdle: () => {} });
  for (let i = 0; i < 3; i++) {
    pump.wake();
    await turn();
    await pump.settled();
    await turn();
  }
  assert.ok(errors.includes("Error: broken") && errors.includes("Error: locked"), errors.join());
  assert.ok(looks >= 3);
});
