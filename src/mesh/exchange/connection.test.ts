/** A client before nodes that lie, stall or speak something else. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { concatBytes, u32 } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { ed25519 } from "../../crypto/signing.ts";
import { nodeIdOf, type OwnerId, ownerIdOf } from "../node-id.ts";
import { encodeLeafProof } from "./answers.ts";
import { FRAME, type Frame, frameHead } from "./frames.ts";
import { encodeHello } from "./proof.ts";
import { signReceipt } from "./receipt.ts";
import { encodeNames } from "./requests.ts";
import { BareEnd, linePair, newClient, newFragment, soon, START_MS, VirtualTimers } from "./testing.ts";

const UNTIL_MS = START_MS + MESH_LIMITS.leaseMs;
const { stallMs, handshakeMs } = MESH_LIMITS;
const fragment = newFragment(20_000);

type Script = (end: BareEnd, request: Frame) => Promise<void>;

/** A node over a line of libp2p that greets, and answers each request by a script. */
function liar(t: TestContext, script: Script, greet = true) {
  const [nodeKey, ownerKey, timers] = [ed25519.createKeyPair(), ed25519.createKeyPair(), new VirtualTimers()];
  const node = nodeIdOf(nodeKey.publicKey);
  const lines: BareEnd[] = [];
  const heard: boolean[] = [];
  const run = async (end: BareEnd): Promise<void> => {
    if (greet) await end.send(FRAME.hello, encodeHello(randomBytes(32)));
    for (let frame = await end.nextAnswer(); frame; frame = await end.nextAnswer()) {
      if (frame.type === FRAME.proof) await end.send(FRAME.welcome);
      else if (frame.type !== FRAME.data) await script(end, frame);
    }
  };
  const client = newClient(t, [], {
    key: ownerKey,
    timers,
    heard: (_, answered) => void heard.push(answered),
    line: async () => {
      const [ours, theirs] = linePair();
      const end = new BareEnd(theirs);
      lines.push(end);
      run(end).catch(() => {});
      return ours;
    },
  });
  return { client, node, nodeKey, owner: ownerIdOf(ownerKey.publicKey), timers, lines, heard };
}

const hashes = (of = fragment): Uint8Array => concatBytes(...of.hashes);

test("whatever a node sends in place of a fragment, no wrong byte comes out", async (t) => {
  const other = newFragment(20_000);
  const altered = fragment.content.slice();
  altered[9_000] = (altered[9_000] as number) ^ 1;
  const lies: readonly (readonly [code: string, bytes: number, Script])[] = [
    ["wrong_fragment", 0, (end) => end.send(FRAME.hashes, hashes(other))],
    ["wrong_fragment", 0, (end) => end.send(FRAME.hashes, hashes().subarray(32))],
    ["node_failed", 0, (end) => end.send(FRAME.hashes, hashes().subarray(1))],
    ["node_failed", 0, (end) => end.send(FRAME.data, fragment.content)],
    ["node_failed", 0, (end) => end.send(FRAME.stored)],
    ["node_failed", 0, (end) => end.send(FRAME.refused, Uint8Array.of(77))],
    ["node_failed", 0, (end) => end.line.write(frameHead(0x7f as 0x01, 0))],
    [
      "wrong_fragment",
      8_192,
      async (end) => {
        await end.send(FRAME.hashes, hashes());
        await end.send(FRAME.data, altered.subarray(0, 8_192));
        await end.send(FRAME.data, altered.subarray(8_192));
      },
    ],
    [
      "node_failed",
      0,
      async (end) => {
        await end.send(FRAME.hashes, hashes());
        await end.send(FRAME.data, fragment.content.subarray(0, 5_000));
      },
    ],
    [
      "node_failed",
      0,
      async (end) => {
        await end.send(FRAME.hashes, hashes());
        await end.send(FRAME.data, concatBytes(fragment.content, fragment.content));
      },
    ],
    [
      "node_failed",
      4_096,
      async (end) => {
        await end.send(FRAME.hashes, hashes());
        await end.send(FRAME.data, fragment.content.subarray(0, 4_096));
        await end.line[Symbol.asyncDispose]();
      },
    ],
  ];
  for (const [index, [code, bytes, script]] of lies.entries()) {
    const { client, node, lines } = liar(t, script);
    const peer = await client.peer(node);
    const seen: Uint8Array[] = [];
    const reading = (async () => {
      for await (const piece of peer.fetch(fragment)) seen.push(piece);
    })();
    await assert.rejects(reading, { code }, `lie ${index}`);
    assert.deepEqual(concatBytes(...seen), fragment.content.subarray(0, bytes), `lie ${index}`);
    await soon(() => lines[0]?.line.isOver === true);
  }
});

test("what a node shows in an audit is judged, whatever it is", async (t) => {
  const proof = {
    leaf: fragment.content.subarray(0, 4_096),
    path: [randomBytes(32), randomBytes(32), randomBytes(32)],
  };
  for (const data of [encodeLeafProof(proof), encodeLeafProof({ leaf: new Uint8Array(0), path: [] })]) {
    const { client, node } = liar(t, async (end) => {
      await end.send(FRAME.missing);
      await end.send(FRAME.shown, fragment.root);
      await end.send(FRAME.data, data);
    });
    const question = { ...fragment, leaves: [0] };
    assert.deepEqual(await (await client.peer(node)).audit([question, question]), ["missing", "wrong"]);
  }
});

test("a receipt for others, of others, for more than was asked or of another day is none", async (t) => {
  const right = { untilMs: UNTIL_MS, madeAtMs: START_MS, fragments: [{ id: fragment.id, bytes: fragment.bytes }] };
  const wrong: readonly (readonly [Partial<typeof right & { owner: OwnerId }>, isOthers: boolean])[] = [
    [{}, true],
    [{ owner: ownerIdOf(randomBytes(32)) }, false],
    [{ fragments: [{ id: newFragment(1).id, bytes: 1 }] }, false],
    [{ fragments: [{ id: fragment.id, bytes: 1 }] }, false],
    [{ fragments: [...right.fragments, ...right.fragments] }, false],
    [{ madeAtMs: START_MS - MESH_LIMITS.clockSkewMs - 1 }, false],
  ];
  for (const [change, isOthers] of [...wrong, [{}, false] as const]) {
    const lie = liar(t, async (end) => {
      const key = isOthers ? ed25519.createKeyPair() : lie.nodeKey;
      await end.send(FRAME.signed, signReceipt({ owner: lie.owner, ...right, ...change }, key));
    });
    const receipt = (await lie.client.peer(lie.node)).receipt([fragment]);
    if (Object.keys(change).length > 0 || isOthers) await assert.rejects(receipt, { code: "node_failed" });
    else assert.deepEqual((await receipt).fragments, right.fragments);
  }
});

test("a node names only what it was asked for", async (t) => {
  const { client, node } = liar(t, (end) => end.send(FRAME.names, encodeNames([newFragment(1).id])));
  await assert.rejects((await client.peer(node)).renew([fragment.id], UNTIL_MS), { code: "node_failed" });
});

test("a node that stops in the middle, or trickles, is left after stallMs; one that says that it still receives is not", async (t) => {
  for (const drip of [0, 1]) {
    const { client, node, timers, lines } = liar(t, (end) => end.send(FRAME.hashes, hashes()));
    const peer = await client.peer(node);
    const reading = Array.fromAsync(peer.fetch(fragment));
    const failed = assert.rejects(reading, { code: "node_failed" });
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (drip > 0) await lines[0]?.line.write(frameHead(FRAME.data, 20_000));
    for (let i = 0; i < 5; i++) {
      assert.ok(!lines[0]?.line.isOver);
      if (drip > 0) await lines[0]?.line.write(Uint8Array.of(1));
      await new Promise((resolve) => setTimeout(resolve, 5));
      timers.advance(stallMs / 4);
    }
    await failed;
  }
  const slow = liar(t, async () => {});
  const peer = await slow.client.peer(slow.node);
  const storing = peer.store(fragment, fragment.content, UNTIL_MS);
  for (let i = 0; i < 12; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    slow.timers.advance(stallMs / 4);
    await slow.lines[0]?.send(FRAME.credit, u32(0));
  }
  await slow.lines[0]?.send(FRAME.stored);
  await storing;
});

test("who does not greet within handshakeMs, or greets with another version, does not answer", async (t) => {
  const silent = liar(t, async () => {}, false);
  const asking = silent.client.peer(silent.node);
  const failed = assert.rejects(asking, { code: "node_unreachable" });
  await new Promise((resolve) => setTimeout(resolve, 20));
  silent.timers.advance(handshakeMs);
  await failed;
  assert.deepEqual(silent.heard, [false]);
  const newer = liar(t, async () => {}, false);
  const other = assert.rejects(newer.client.peer(newer.node), { code: "node_unreachable" });
  await soon(() => newer.lines.length > 0);
  await newer.lines[0]?.send(FRAME.hello, Uint8Array.of(2), randomBytes(32));
  await other;
  const left = liar(t, async () => {}, false);
  const signal = AbortSignal.timeout(20);
  await assert.rejects(left.client.peer(left.node, signal), { name: "TimeoutError" });
  assert.deepEqual(left.heard, [], "nobody was asked long enough to be blamed");
});

test("a consumer that rests is not taken for a node that stalls, and holds the credit at most", async (t) => {
  const large = newFragment(4_194_304);
  const { client, node, timers, lines } = liar(t, async (end) => {
    await end.send(FRAME.hashes, hashes(large));
    for (let at = 0; at < MESH_LIMITS.creditBytes; at += 262_144) {
      await end.send(FRAME.data, large.content.subarray(at, at + 262_144));
    }
  });
  const reading = (await client.peer(node)).fetch(large)[Symbol.asyncIterator]();
  await reading.next();
  await soon(() => lines[0]?.line.other?.unreadBytes === 0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  timers.advance(4 * stallMs);
  assert.ok(!lines[0]?.line.isOver);
  // More than the credit: the node is cut, and does not fill our memory.
  await lines[0]?.send(FRAME.data, large.content.subarray(0, 262_144));
  await lines[0]?.send(FRAME.data, large.content.subarray(0, 262_144));
  await soon(() => lines[0]?.line.isOver === true);
  await assert.rejects(async () => {
    for (let next = await reading.next(); !next.done; next = await reading.next());
  });
});

test("connections are used again, a second one where the first is busy, and closed when idle", async (t) => {
  const { client, node, timers, lines } = liar(t, async () => {});
  const peer = await client.peer(node);
  await client.peer(node);
  assert.equal(lines.length, 1);
  const asked = Array.from({ length: 5 }, () => peer.room());
  await soon(() => lines.length === 2);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(lines.length, MESH_LIMITS.connectionsPerNode);
  for (const { line } of lines) await line[Symbol.asyncDispose]();
  assert.deepEqual(
    (await Promise.allSettled(asked)).map(({ status }) => status),
    Array(5).fill("rejected"),
  );
  await client.peer(node);
  timers.advance(MESH_LIMITS.idleMs / 2 + stallMs / 4);
  await soon(() => lines[2]?.line.isOver === true);
  assert.equal(timers.count, 0);
});
