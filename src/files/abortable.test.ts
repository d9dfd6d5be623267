import assert from "node:assert/strict";
import { test } from "node:test";
import { abortable } from "./abortable.ts";

test("pieces pass until the signal aborts, even while the source is silent; the source is told", async () => {
  const controller = new AbortController();
  const told = Promise.withResolvers<void>();
  const silent: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => {
      let count = 0;
      return {
        next: () => (count++ < 3 ? Promise.resolve({ done: false, value: count }) : new Promise(() => {})),
        return: async () => {
          told.resolve();
          return { done: true, value: undefined };
        },
      };
    },
  };
  const seen: number[] = [];
  const reading = (async () => {
    for await (const piece of abortable(silent, controller.signal)) seen.push(piece);
  })();
  setTimeout(() => controller.abort(new RangeError("enough")), 20);
  await assert.rejects(reading, RangeError);
  await told.promise;
  assert.deepEqual(seen, [1, 2, 3]);
});

test("a signal that aborted before yields nothing; one that never does changes nothing", async () => {
  const source = async function* (): AsyncGenerator<number> {
    yield* [1, 2];
  };
  await assert.rejects(Array.fromAsync(abortable(source(), AbortSignal.abort(new RangeError("before")))), RangeError);
  assert.deepEqual(await Array.fromAsync(abortable(source(), new AbortController().signal)), [1, 2]);
});
