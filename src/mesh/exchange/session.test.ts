/** A node under clients that keep to no rule. Lines in memory take all that is written, as those of libp2p do. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { concatBytes, u16, u32 } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { type NodeId, ownerIdOf } from "../node-id.ts";
import { CONTROL_BYTES, FRAME, frameHead } from "./frames.ts";
import { encodeProof, readHello } from "./proof.ts";
import { encodeFetch, encodeNames, encodeStore } from "./requests.ts";
import { connectToNode } from "./tls.ts";
import {
  BareEnd,
  linePair,
  newClient,
  newFragment,
  soon,
  START_MS,
  startNode,
  type TestNode,
  VirtualTimers,
} from "./testing.ts";

const UNTIL_MS = START_MS + MESH_LIMITS.leaseMs;
const { creditBytes, stallMs, idleMs } = MESH_LIMITS;

async function start(t: TestContext) {
  const timers = new VirtualTimers();
  return { node: await startNode(t, { timers }), timers };
}

/** A client that has shown whose it is, if there is a key. */
async function enter({ server, id }: TestNode, key: SignatureKeyPair | null = ed25519.createKeyPair()) {
  const [ours, theirs] = linePair();
  server.accept(theirs, "a");
  const end = new BareEnd(ours);
  const challenge = readHello((await end.next())?.body ?? new Uint8Array(0)) as Uint8Array;
  if (key) {
    await end.send(FRAME.proof, proofOf(challenge, id, key));
    assert.equal((await end.next())?.type, FRAME.welcome);
  }
  return end;
}

function proofOf(challenge: Uint8Array, node: NodeId, key: SignatureKeyPair): Uint8Array {
  const owner = ownerIdOf(key.publicKey);
  return encodeProof(challenge, node, { key, owner, certificate: null, voucher: null });
}

/** Lets everything that is ready be done. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("who asks for fifty fragments and reads none costs the credit, and not more; who acknowledges gets them", async (t) => {
  const { node } = await start(t);
  const fragment = newFragment(209_716);
  await (await newClient(t, [node]).peer(node.id)).store(fragment, fragment.content, UNTIL_MS);
  const end = await enter(node, null);
  const ask = encodeFetch({ ...fragment, first: 0, count: 52 });
  for (let i = 0; i < 50; i++) await end.send(FRAME.fetch, ask);
  await settle();
  const hashBytes = 5 * 52 * 32;
  assert.ok(end.line.unreadBytes > creditBytes - fragment.bytes);
  assert.ok(end.line.unreadBytes < creditBytes + hashBytes + 100);
  assert.equal(node.server.counters().fragmentsSent, 4);
  // The same client, granting what it does not read: so it was the credit that held the rest back.
  for (let i = 0; i < 46; i++) {
    await end.send(FRAME.credit, u32(fragment.bytes));
    await settle();
  }
  assert.equal(node.server.counters().fragmentsSent, 50);
  assert.ok(end.line.unreadBytes > 50 * fragment.bytes);
});

test("who does not read is cut after stallMs, on a line and on a socket", async (t) => {
  const { node, timers } = await start(t);
  const fragment = newFragment(4_194_304);
  await (await newClient(t, [node], { timers }).peer(node.id)).store(fragment, fragment.content, UNTIL_MS);
  const end = await enter(node, null);
  await end.send(FRAME.fetch, encodeFetch({ ...fragment, first: 0, count: 1_024 }));
  await settle();
  timers.advance(stallMs);
  await settle();
  assert.ok(!end.line.isOver, "not before");
  timers.advance(stallMs / 4);
  await settle();
  assert.ok(end.line.isOver);
  const secure = await connectToNode(connect(node.address), node.id, AbortSignal.timeout(5_000));
  secure.pause();
  const ask = encodeFetch({ ...fragment, first: 0, count: 1_024 });
  for (let i = 0; i < 50; i++) secure.write(concatBytes(frameHead(FRAME.fetch, ask.length), ask));
  const sentBefore = node.server.counters().bytesOut;
  await soon(() => node.server.counters().bytesOut > sentBefore);
  await settle();
  assert.ok(node.server.counters().bytesOut - sentBefore <= creditBytes + 60_000);
  timers.advance(2 * stallMs);
  await soon(() => node.server.counters().connections === 0);
  secure.destroy();
});

test("who trickles a fragment is cut after stallMs, however many bytes a frame has; who is merely slow is not", async (t) => {
  const { node, timers } = await start(t);
  const fragment = newFragment(100_000);
  const begin = async () => {
    const end = await enter(node);
    await end.send(FRAME.store, encodeStore({ ...fragment, untilMs: UNTIL_MS }));
    await settle();
    return end;
  };
  const [frames, raw, slow] = [await begin(), await begin(), await begin()];
  await raw.line.write(frameHead(FRAME.data, 100_000));
  for (let at = 0, i = 0; i < 6; i++, at += 5_000) {
    if (!frames.line.isOver) await frames.send(FRAME.data, Uint8Array.of(fragment.content[i] as number));
    if (!raw.line.isOver) await raw.line.write(Uint8Array.of(fragment.content[i] as number));
    await slow.send(FRAME.data, fragment.content.subarray(at, at + 5_000));
    await settle();
    timers.advance(stallMs / 4);
    await settle();
  }
  assert.deepEqual(
    [frames, raw, slow].map(({ line }) => line.isOver),
    [true, true, false],
  );
  assert.equal(node.disk.aborted, 2, "nothing is left of them");
  await slow.send(FRAME.data, fragment.content.subarray(30_000));
  assert.equal((await slow.nextAnswer())?.type, FRAME.stored);
});

test("while a fragment comes slowly, the node says that it still comes", async (t) => {
  const { node, timers } = await start(t);
  const fragment = newFragment(100_000);
  const end = await enter(node);
  await end.send(FRAME.store, encodeStore({ ...fragment, untilMs: UNTIL_MS }));
  await end.line.write(concatBytes(frameHead(FRAME.data, 100_000), fragment.content.subarray(0, 20_000)));
  await settle();
  timers.advance(stallMs / 4);
  const frame = await end.next();
  assert.deepEqual([frame?.type, frame?.body], [FRAME.credit, u32(0)]);
});

test("who asks for nothing is left after idleMs", async (t) => {
  const { node, timers } = await start(t);
  const end = await enter(node);
  await settle();
  timers.advance(idleMs);
  await settle();
  assert.ok(!end.line.isOver);
  timers.advance(stallMs / 4);
  await settle();
  assert.ok(end.line.isOver);
  assert.equal(node.server.counters().connections, 0);
  assert.equal(timers.count, 0);
});

test("what breaks a rule ends the connection, and the node goes on", async (t) => {
  const { node } = await start(t);
  const fragment = newFragment(2_000_000);
  const store = encodeStore({ ...fragment, untilMs: UNTIL_MS });
  const begin = node.disk.begin.bind(node.disk);
  const rules: Readonly<Record<string, (end: BareEnd) => Promise<void>>> = {
    "a type that is not known": (end) => end.line.write(frameHead(0x7f as 0x01, 0)),
    "what a node says": (end) => end.send(FRAME.welcome),
    "a longer body": (end) => end.line.write(frameHead(FRAME.receipt, CONTROL_BYTES + 1)),
    "a longer piece": (end) => end.line.write(frameHead(FRAME.data, MESH_LIMITS.frameBytes + 1)),
    "bytes of no fragment": (end) => end.send(FRAME.data, randomBytes(9)),
    "more bytes than announced": async (end) => {
      const small = newFragment(8);
      await end.send(FRAME.store, encodeStore({ ...small, untilMs: UNTIL_MS }));
      await end.send(FRAME.data, randomBytes(9));
    },
    "a request amid a fragment": async (end) => {
      await end.send(FRAME.store, store);
      await end.send(FRAME.room);
    },
    "a fragment of no length": (end) => end.send(FRAME.store, store.fill(0, 32, 36)),
    "credit that nothing was sent for": (end) => end.send(FRAME.credit, u32(1)),
    "credit of no length": (end) => end.send(FRAME.credit),
    "too many requests": async (end) => {
      for (let i = 0; i < 70; i++) await end.send(FRAME.names, encodeNames([]));
    },
  };
  for (const [name, breaks] of Object.entries(rules)) {
    const end = await enter(node);
    await breaks(end).catch(() => {}); // it may be cut before all was said
    await soon(() => end.line.isOver).catch(() => assert.fail(name));
  }
  // A disk that is slow: what comes beyond the credit is not kept in memory until it is ready.
  const ready = Promise.withResolvers<void>();
  node.disk.begin = async (request) => {
    await ready.promise;
    return begin(request);
  };
  const flood = await enter(node);
  await flood.send(FRAME.store, encodeStore({ ...fragment, untilMs: UNTIL_MS }));
  for (let i = 0; i < 4; i++) await flood.send(FRAME.data, fragment.content.subarray(0, 262_144));
  await settle();
  assert.ok(!flood.line.isOver, "up to the credit");
  await flood.send(FRAME.data, Uint8Array.of(0));
  await soon(() => flood.line.isOver);
  ready.resolve();
  await (await newClient(t, [node]).peer(node.id)).room();
  await soon(() => node.server.counters().connections === 1);
});

test("a request that cannot be read is refused, and the next one answered", async (t) => {
  const { node } = await start(t);
  const end = await enter(node);
  for (const type of [FRAME.receipt, FRAME.fetch, FRAME.audit, FRAME.renew, FRAME.drop, FRAME.care, FRAME.released]) {
    await end.send(type, u16(7));
    const answer = await end.next();
    assert.deepEqual([answer?.type, answer?.body[0]], [FRAME.refused, 6], String(type));
  }
  await end.send(FRAME.room);
  assert.equal((await end.next())?.type, FRAME.left);
});

test("what a client showed one node is of no use at another, nor a second time", async (t) => {
  const [evil, honest] = [await startNode(t), await startNode(t)];
  const victim = ed25519.createKeyPair();
  const stranger = await enter(honest, null);
  void stranger;
  const [ours, theirs] = linePair();
  honest.server.accept(theirs, "a");
  const end = new BareEnd(ours);
  const challenge = readHello((await end.next())?.body as Uint8Array) as Uint8Array;
  // The evil node greets the victim with the honest one's challenge, and hands on what it gets.
  await end.send(FRAME.proof, proofOf(challenge, evil.id, victim));
  const refused = await end.next();
  assert.deepEqual([refused?.type, refused?.body[0]], [FRAME.refused, 10]);
  await end.send(FRAME.proof, proofOf(randomBytes(32), honest.id, victim));
  assert.equal((await end.next())?.type, FRAME.refused, "for another challenge");
  const right = proofOf(challenge, honest.id, victim);
  await end.send(FRAME.proof, right);
  assert.equal((await end.next())?.type, FRAME.welcome, "with the node's own name it would work");
  const again = new BareEnd(linePair()[0]);
  honest.server.accept(again.line.other as NonNullable<typeof again.line.other>, "a");
  await again.next();
  await again.send(FRAME.proof, right);
  assert.equal((await again.next())?.type, FRAME.refused);
});

test("one neighbourhood has a few connections, and all together no more than there may be", async (t) => {
  const { node } = await start(t);
  const sockets: Socket[] = [];
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  const knock = async (localAddress: string): Promise<void> => {
    const socket = connect({ ...node.address, localAddress });
    socket.on("error", () => {});
    sockets.push(socket);
    await new Promise((resolve) => socket.once("connect", resolve));
  };
  for (let i = 0; i < MESH_LIMITS.connectionsPerDomain + 5; i++) await knock("127.0.1.1");
  await soon(() => node.server.counters().refusals.busy === 5);
  assert.equal(node.server.counters().connections, MESH_LIMITS.connectionsPerDomain);
  const peer = await newClient(t, [node]).peer(node.id);
  assert.ok((await peer.room()) > 0, "others get in");
  for (let house = 0; house < 8; house++) {
    for (let i = 0; i < MESH_LIMITS.connectionsPerDomain; i++) node.server.accept(linePair()[0], `house ${house}`);
  }
  assert.equal(node.server.counters().connections, MESH_LIMITS.connections);
  for (const socket of sockets) socket.destroy();
  await soon(() => node.server.counters().connections === MESH_LIMITS.connections - MESH_LIMITS.connectionsPerDomain);
  await peer.room();
});
