import assert from "node:assert/strict";
import { test } from "node:test";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { MeshNetwork } from "./mesh-network.ts";
import { startNodes, testFolder, until } from "./testing.ts";

const PROTOCOL = "/nocturne/test/1";

test("a question gets its answer, and neither is longer than it may be", async () => {
  using folder = testFolder();
  const [asked, asker] = (await startNodes(folder.path, 2)) as [MeshNetwork, MeshNetwork];
  await using nodes = new AsyncDisposableStack();
  nodes.use(asked);
  nodes.use(asker);
  await until("they meet", () => asker.neighbours().includes(asked.id));
  const heard: number[] = [];
  await asked.onQuestion(PROTOCOL, async (question) => {
    heard.push(question.length);
    if (question[0] === 9) throw new Error("not to be told");
    return question.length === 0 ? new Uint8Array(0) : new Uint8Array(100_000).fill(question[0] ?? 0);
  });
  const ask = (question: Uint8Array, most: number): Promise<Uint8Array> =>
    asker.ask(asked.id, PROTOCOL, question, most);
  assert.deepEqual(await ask(Uint8Array.of(7), 100_000), new Uint8Array(100_000).fill(7));
  assert.deepEqual(await ask(new Uint8Array(0), 100_000), new Uint8Array(0));
  await assert.rejects(ask(Uint8Array.of(7), 99_999), { code: "node_failed" });
  assert.deepEqual(await ask(Uint8Array.of(9), 10), new Uint8Array(0), "what went wrong is not told");
  const long = new Uint8Array(MESH_LIMITS.questionBytes + 1).fill(7);
  assert.deepEqual(await ask(long, 100_000), new Uint8Array(0));
  assert.equal((await ask(long.subarray(1), 100_000)).length, 100_000);
  assert.deepEqual(heard, [1, 0, 1, 1, MESH_LIMITS.questionBytes], "the long one never reached who answers");
  await assert.rejects(asker.ask(asked.id, "/nocturne/unknown/1", new Uint8Array(1), 10), { code: "node_unreachable" });
});
