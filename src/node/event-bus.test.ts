import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "../core/log.ts";
import { EventBus } from "./event-bus.ts";

test("everybody hears, whoever fails, until they stop listening", () => {
  const logged: string[] = [];
  const log = { ...createLogger("silent"), error: (_fields: object, message: string) => void logged.push(message) };
  const bus = new EventBus(log);
  const heard: string[] = [];
  bus.listen(() => {
    throw new Error("broken");
  });
  const stop = bus.listen(({ event }) => heard.push(event));
  bus.emit({ event: "files" });
  stop();
  bus.emit({ event: "links" });
  assert.deepEqual(heard, ["files"]);
  assert.equal(logged.length, 2);
});
