/** `vectors/agent-logs.json`, NEP-30. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromHex, toHex, utf8Encode } from "../../core/bytes.ts";
import { ed25519 } from "../../crypto/signing.ts";
import type { DeviceId, NetworkId } from "../agent-ids.ts";
import { Journal } from "./journal.ts";
import { encodeSaid, readSaid, type Said } from "./said.ts";
import {
  answerSync,
  askAfter,
  askEnds,
  askFork,
  digestOf,
  type End,
  encodeEnds,
  readEnds,
  readPage,
} from "./sync-protocol.ts";
import { newFolder } from "./testing.ts";

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, "../../../vectors/agent-logs.json"), "utf8"));
const network = vectors.network as NetworkId;
const device = vectors.device as DeviceId;

const log = vectors.said.map(({ said }: { said: string }) => readSaid(fromHex(said)) as Said) as Said[];

test("what is said is read, written and signed as the vectors say", async (t) => {
  const clock = { atMs: 0, nowMs: (): number => clock.atMs };
  const key = ed25519.createKeyPair(fromHex(vectors.seed));
  using journal = new Journal({ folder: newFolder(t), key, network, clock });
  for (const { sequence, madeAtMs, kind, body, said } of vectors.said) {
    clock.atMs = madeAtMs;
    const made = await journal.say({ kind, body: fromHex(body) });
    assert.equal(toHex(encodeSaid(made)), said);
    assert.deepEqual(readSaid(fromHex(said)), made);
    assert.deepEqual([made.device, made.sequence], [device, sequence]);
  }
  const { after } = vectors.questions;
  assert.equal(toHex(answerSync(fromHex(after.question), network, journal)), after.answer);
  assert.equal(answerSync(fromHex(after.question), "22".repeat(32) as NetworkId, journal).length, 0);
});

test("questions and answers are those of the vectors", () => {
  const { ends, questions } = vectors;
  const map = new Map<DeviceId, End>(
    ends.all.map((one: { device: DeviceId; size: number; hash: string }) => [
      one.device,
      { size: one.size, hash: fromHex(one.hash) },
    ]),
  );
  assert.deepEqual([toHex(encodeEnds(map)), toHex(digestOf(map))], [ends.bytes, ends.digest]);
  assert.deepEqual(readEnds(fromHex(ends.bytes)), map);
  assert.deepEqual([askEnds(network, map), askFork(network, device)].map(toHex), [questions.ends, questions.fork]);
  assert.equal(toHex(askAfter(network, device, questions.after.sequence)), questions.after.question);
  assert.deepEqual(readPage(fromHex(questions.after.answer), device, questions.after.sequence), log.slice(1));
  assert.equal(readPage(fromHex(questions.after.answer), device, 0), null, "a page that does not follow");
});

test("what is none is read as nothing", () => {
  for (const { why, bytes } of vectors.invalid.said) assert.equal(readSaid(fromHex(bytes)), null, why);
  for (const { why, bytes } of vectors.invalid.ends) assert.equal(readEnds(fromHex(bytes)), null, why);
  const nothing = { ends: () => new Map(), after: () => [], fork: () => null };
  for (const text of ["", "x", "a question of no form that anybody knows, which is long enough to be one"])
    assert.equal(answerSync(utf8Encode(text), network, nothing).length, 0, text);
});
