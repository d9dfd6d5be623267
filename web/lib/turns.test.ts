import assert from "node:assert/strict";
import { test } from "node:test";
import { createTurns } from "./turns.ts";

test("no more run at a time, whenever others come", async () => {
  const inTurn = createTurns(2);
  const { signal } = new AbortController();
  let [running, most] = [0, 0];
  const work = async (): Promise<void> => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running -= 1;
  };
  const all: Promise<void>[] = [];
  const begin = (): void => void all.push(inTurn(signal, work));
  for (let i = 0; i < 4; i++) begin();
  // One more in each of the moments in which a place may be free and somebody waits for it.
  for (let i = 0; i < 50; i++) {
    begin();
    await Promise.resolve();
  }
  await Promise.all(all);
  assert.equal(most, 2);
  assert.equal(all.length, 54);
});

test("what nobody wants any more when its turn comes is not begun, and holds nobody up", async () => {
  const inTurn = createTurns(1);
  const { signal } = new AbortController();
  const gone = new AbortController();
  const { promise, resolve } = Promise.withResolvers<string>();
  const first = inTurn(signal, () => promise);
  const second = inTurn(gone.signal, () => assert.fail("it is begun"));
  const third = inTurn(signal, async () => "third");
  const refused = assert.rejects(second, { name: "AbortError" });
  gone.abort();
  resolve("first");
  assert.deepEqual(await Promise.all([first, third]), ["first", "third"]);
  await refused;
  await assert.rejects(
    inTurn(signal, () => Promise.reject(new RangeError("broken"))),
    RangeError,
  );
  assert.equal(await inTurn(signal, async () => "after it"), "after it");
});
