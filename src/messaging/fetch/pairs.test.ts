/** Which relays pass for a pair. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { FETCH_LIMITS } from "../../core/cell-limits.ts";
import type { PirEpoch } from "../../route/private-retrieval.ts";
import { Pairs } from "./pairs.ts";
import type { EpochSource } from "./private-reader.ts";

const same = { part: 0, count: 9, digest: "same" };
const apart = { part: 0, count: 0, digest: "" };

test("two relays are a pair if most epochs are the same at both, not if each has minutes of its own; nor are they asked often", async () => {
  const time = new VirtualTime(0);
  let [asked, epochs]: [number, PirEpoch[]] = [0, []];
  const source = {
    epochs: async () => {
      asked++;
      return epochs;
    },
    headersOf: async () => null,
    read: async () => null,
  };
  const pairs = new Pairs(source, time, FETCH_LIMITS);
  const probe = async (...told: PirEpoch[]) => {
    epochs = told;
    await time.advance(FETCH_LIMITS.probeMs);
    return pairs.probe(["ws://a", "ws://b"]);
  };
  assert.equal(await probe(), false);
  assert.equal(await probe({ epoch: 1, ...same }, { epoch: 2, ...apart }, { epoch: 3, ...apart }), false);
  assert.equal(await probe({ epoch: 1, ...same }, { epoch: 2, ...same }, { epoch: 3, ...apart }), true);
  assert.equal(pairs.partnerOf("ws://b"), "ws://a");
  pairs.remove("ws://a");
  assert.deepEqual([asked, pairs.partnerOf("ws://b")], [3, null]);
  assert.equal(await pairs.probe(["ws://a", "ws://b"]), false);
  assert.equal(asked, 3);
});

test("a relay has one partner: one that comes back finds it taken, and is read alone", () => {
  const pairs = new Pairs({} as EpochSource, new VirtualTime(0), FETCH_LIMITS);
  pairs.add(["ws://b", "ws://c"]);
  pairs.add(["ws://a", "ws://b"]);
  pairs.add(["ws://c", "ws://b"]);
  assert.deepEqual(
    ["ws://a", "ws://b", "ws://c"].map((url) => pairs.partnerOf(url)),
    [null, "ws://c", "ws://b"],
  );
});
