/** When silence is suspicious, and when it is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GuardRests } from "./guard-rests.ts";
import { SilenceWatch } from "./silence.ts";

const LIMITS = { suspectMs: 3_000, suspectMaxMs: 8_000, inFlightBytes: 1_000 };
const at = (sent: number, received: number, reads = true) => ({ sent, received, reads });

test("something sent and unanswered is suspicious after a while, counted from the first", () => {
  const watch = new SilenceWatch(LIMITS, at(0, 0));
  assert.equal(watch.look(0, at(10, 0)), false);
  assert.equal(watch.look(2_900, at(20, 0)), false);
  assert.equal(watch.look(3_000, at(30, 0)), true);
  assert.equal(watch.look(3_100, at(30, 5)), false, "answered");
  assert.equal(watch.look(99_000, at(30, 5)), false, "nothing was asked since");
});

test("what reads nothing, and what takes more than fits on the way, is not silent", () => {
  const paused = new SilenceWatch(LIMITS, at(0, 0));
  paused.look(0, at(10, 0));
  assert.equal(paused.look(9_000, at(10, 0, false)), false);
  const upload = new SilenceWatch(LIMITS, at(0, 0));
  for (let ms = 0; ms <= 60_000; ms += 250) assert.equal(upload.look(ms, at(ms * 2, 0)), false, `${ms}`);
  assert.equal(upload.look(62_000, at(120_500, 0)), false);
  assert.equal(upload.look(65_250, at(120_500, 0)), true, "the last bytes stay unanswered");
});

test("what was found alive is left alone for longer each time, until it answers", () => {
  const watch = new SilenceWatch(LIMITS, at(0, 0));
  const suspectAfter = (startMs: number, sent: number) => {
    for (let ms = 0; ; ms += 500) if (watch.look(startMs + ms, at(sent, 0))) return ms;
  };
  assert.equal(suspectAfter(0, 1), 3_000);
  watch.foundAlive();
  assert.equal(watch.look(9_000, at(1, 0)), false, "nothing new was asked");
  assert.equal(suspectAfter(10_000, 2), 6_000);
  watch.foundAlive();
  assert.equal(suspectAfter(20_000, 3), 8_000, "never longer than the limit");
  assert.equal(watch.look(40_000, at(3, 1)), false);
  watch.look(41_000, at(4, 1));
  assert.equal(watch.look(44_000, at(4, 1)), true, "after an answer as at first");
});

test("guards rest for a while, and only so many at a time", () => {
  const rests = new GuardRests({ guardRestMs: 1_000, guardsLeft: 2, closedPerMinute: 2 });
  assert.ok(rests.leave("A", 0));
  assert.ok(rests.leave("B", 100));
  assert.equal(rests.leave("C", 200), false, "an attacker who hangs three moves us no further than two");
  assert.ok(rests.leave("A", 200), "one that rests already may rest on");
  assert.deepEqual(rests.takeRested(1_100), ["B"]);
  assert.ok(rests.leave("C", 1_100));
  assert.deepEqual(rests.resting, ["A", "C"]);
});

test("only so many paths are closed in a minute", () => {
  const rests = new GuardRests({ guardRestMs: 1_000, guardsLeft: 2, closedPerMinute: 2 });
  assert.deepEqual(
    [0, 1, 2, 59_999, 60_000, 60_000].map((ms) => rests.mayClose(ms)),
    [true, true, false, false, true, false],
  );
});
