import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { concatBytes } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { ed25519 } from "../../crypto/signing.ts";
import { signCareCertificate } from "../manifest/care-certificate.ts";
import { ownerIdOf } from "../node-id.ts";
import type { FragmentPeer, FragmentRef } from "../rooms.ts";
import { readReceipt } from "./receipt.ts";
import { newClient, newFragment, START_MS, startNode, type TestFragment } from "./testing.ts";

const UNTIL_MS = START_MS + MESH_LIMITS.leaseMs;

async function fetched(peer: FragmentPeer, fragment: FragmentRef, from?: { first: number; count: number }) {
  return concatBytes(...(await Array.fromAsync(peer.fetch(fragment, from))));
}

async function start(t: TestContext) {
  const node = await startNode(t);
  const owner = ed25519.createKeyPair();
  const peer = await newClient(t, [node], { key: owner }).peer(node.id);
  return { node, owner, peer };
}

test("what is stored is fetched again, whole and in parts, in every size", async (t) => {
  const { node, peer } = await start(t);
  for (const bytes of [1, 4_096, 4_097, 209_716, 262_144, 262_145, 4_194_304]) {
    const fragment = newFragment(bytes);
    await peer.store(fragment, fragment.content, UNTIL_MS);
    await peer.store(fragment, fragment.content, UNTIL_MS);
    assert.deepEqual(await fetched(peer, fragment), fragment.content);
    if (bytes > 8_192) {
      const part = await fetched(peer, fragment, { first: 1, count: 2 });
      assert.deepEqual(part, fragment.content.subarray(4_096, Math.min(bytes, 3 * 4_096)));
    }
  }
  assert.equal(node.server.counters().fragmentsStored, 7, "what was there already is not stored again");
});

test("many requests at a time are answered each with its own", async (t) => {
  const { peer } = await start(t);
  const fragments = Array.from({ length: 150 }, () => newFragment(30_000));
  await Promise.all(fragments.map((fragment) => peer.store(fragment, fragment.content, UNTIL_MS)));
  const [contents, audits] = await Promise.all([
    Promise.all(fragments.map((fragment) => fetched(peer, fragment))),
    Promise.all(fragments.map((fragment) => peer.audit([{ ...fragment, leaves: [0, 7] }]))),
  ]);
  assert.deepEqual(
    contents,
    fragments.map(({ content }) => content),
  );
  assert.ok(audits.every(([verdict]) => verdict === "kept"));
});

test("a receipt names what is kept, signed by the node, and can be shown to others", async (t) => {
  const { node, owner, peer } = await start(t);
  const [kept, also, never] = [newFragment(10_000), newFragment(20_000), newFragment(5)] as const;
  await peer.store(kept, kept.content, UNTIL_MS);
  await peer.store(also, also.content, UNTIL_MS + 5);
  const receipt = await peer.receipt([kept, never, also]);
  assert.deepEqual(
    receipt.fragments,
    [kept, also].map(({ id, bytes }) => ({ id, bytes })),
  );
  assert.equal(receipt.untilMs, UNTIL_MS, "the first that ends");
  assert.deepEqual(readReceipt(receipt.bytes), receipt);
  assert.equal(receipt.node, node.id);
  assert.equal(receipt.owner, ownerIdOf(owner.publicKey));
  assert.deepEqual((await peer.receipt([never])).fragments, []);
});

test("leases are made longer, up to what a node grants, and dropped by the owner alone", async (t) => {
  const { node, owner, peer } = await start(t);
  const fragment = newFragment(9_000);
  await peer.store(fragment, fragment.content, UNTIL_MS);
  const stranger = await newClient(t, [node]).peer(node.id);
  assert.deepEqual(await stranger.renew([fragment.id], UNTIL_MS * 2), []);
  assert.deepEqual(await stranger.drop([fragment.id]), []);
  assert.deepEqual(await peer.renew([fragment.id, newFragment(1).id], UNTIL_MS * 2), [fragment.id]);
  const [lease] = node.disk.held(ownerIdOf(owner.publicKey), [fragment.id]);
  assert.equal(lease?.untilMs, START_MS + MESH_LIMITS.leaseMaxMs);
  assert.deepEqual(await peer.drop([fragment.id]), [fragment.id]);
  await assert.rejects(fetched(peer, fragment), { code: "fragment_missing" });
  assert.deepEqual(await peer.drop([]), []);
});

test("an audit tells what is kept from what is missing, altered or cannot be read", async (t) => {
  const { node, peer } = await start(t);
  const all = [newFragment(50_000), newFragment(50_000), newFragment(50_000)] as [
    TestFragment,
    TestFragment,
    TestFragment,
  ];
  for (const fragment of all) await peer.store(fragment, fragment.content, UNTIL_MS);
  const ask = [...all, newFragment(50_000)].map((fragment) => ({ ...fragment, leaves: [0, 3, 12] }));
  assert.deepEqual(await peer.audit(ask), ["kept", "kept", "kept", "missing"]);
  const altered = node.disk.fragments.get(all[1].id)?.bytes as Uint8Array;
  altered[3 * 4_096] = (altered[3 * 4_096] as number) ^ 1;
  const open = node.disk.open.bind(node.disk);
  node.disk.open = async (id) => {
    const reader = await open(id);
    if (id !== all[2].id || !reader) return reader;
    return { ...reader, read: () => Promise.reject(new Error("EIO")) };
  };
  assert.deepEqual(await peer.audit(ask), ["kept", "wrong", "wrong", "missing"]);
  const { auditsPassed, auditsFailed } = node.server.counters();
  assert.deepEqual([auditsPassed, auditsFailed], [5, 3], "an altered leaf was shown, in good faith");
  await assert.rejects(peer.audit([{ ...all[0], leaves: Array.from({ length: 301 }, (_, i) => i) }]), {
    code: "mesh_request",
  });
});

test("a fragment that was altered on the disk is refused by whoever fetches it", async (t) => {
  const { node, peer } = await start(t);
  const fragment = newFragment(100_000);
  await peer.store(fragment, fragment.content, UNTIL_MS);
  const kept = node.disk.fragments.get(fragment.id)?.bytes as Uint8Array;
  kept[50_000] = (kept[50_000] as number) ^ 1;
  await assert.rejects(fetched(peer, fragment), { code: "wrong_fragment" });
  kept.set(fragment.content.subarray(50_000, 50_001), 50_000);
  assert.deepEqual(await fetched(peer, fragment), fragment.content, "on a new connection");
});

test("what is not the fragment that its name says is not kept", async (t) => {
  const { node, peer } = await start(t);
  const [fragment, other] = [newFragment(9_000), newFragment(9_000)];
  await assert.rejects(peer.store(fragment, other.content, UNTIL_MS), { code: "node_refused" });
  await assert.rejects(peer.store(fragment, other.content.subarray(1), UNTIL_MS), { code: "mesh_request" });
  await assert.rejects(peer.store(fragment, fragment.content, START_MS), { code: "node_refused" });
  assert.equal(node.disk.fragments.size, 0);
  assert.deepEqual(node.server.counters().refusals, { wrong_fragment: 1, bad_request: 1 });
});

test("nobody may read and audit what he knows the name of, and nothing else", async (t) => {
  const { node, peer } = await start(t);
  const fragment = newFragment(9_000);
  await peer.store(fragment, fragment.content, UNTIL_MS);
  const nobody = await newClient(t, [node], { key: null }).peer(node.id);
  assert.deepEqual(await fetched(nobody, fragment), fragment.content);
  assert.deepEqual(await nobody.audit([{ ...fragment, leaves: [2] }]), ["kept"]);
  const refused = { code: "node_refused" };
  await assert.rejects(nobody.store(fragment, fragment.content, UNTIL_MS), refused);
  await assert.rejects(nobody.receipt([fragment]), refused);
  await assert.rejects(nobody.renew([fragment.id], UNTIL_MS), refused);
  await assert.rejects(nobody.drop([fragment.id]), refused);
  await assert.rejects(nobody.room(), refused);
  await assert.rejects(nobody.care(new Uint8Array(32), UNTIL_MS), refused);
});

test("a carer stores and renews for the owner, drops nothing, and no longer than he was told", async (t) => {
  const { node, owner, peer } = await start(t);
  const carer = ed25519.createKeyPair();
  const certificate = signCareCertificate(carer.publicKey, START_MS + 1_000, owner);
  const caring = await newClient(t, [node], { key: carer, certificate }).peer(node.id);
  const fragment = newFragment(9_000);
  await caring.store(fragment, fragment.content, UNTIL_MS);
  assert.deepEqual(await caring.renew([fragment.id], UNTIL_MS + 1), [fragment.id]);
  assert.equal((await caring.receipt([fragment])).owner, ownerIdOf(owner.publicKey));
  await assert.rejects(caring.drop([fragment.id]), { code: "node_refused" });
  await assert.rejects(caring.care(new Uint8Array(32), UNTIL_MS), { code: "node_refused" });
  node.clock.atMs += 1_000;
  await assert.rejects(caring.renew([fragment.id], UNTIL_MS + 2), { code: "node_refused" });
  assert.deepEqual(await peer.drop([fragment.id]), [fragment.id]);
});

test("who shows a certificate for another carer, or of another owner, or an old one, is nobody", async (t) => {
  const { node, owner } = await start(t);
  const [carer, thief] = [ed25519.createKeyPair(), ed25519.createKeyPair()];
  const theirs = signCareCertificate(carer.publicKey, START_MS + 1_000, owner);
  const old = signCareCertificate(carer.publicKey, START_MS + 1, owner);
  for (const [key, certificate] of [
    [thief, theirs],
    [carer, old],
    [carer, concatBytes(theirs.subarray(0, 136), Uint8Array.of((theirs[136] as number) ^ 1))],
  ] as const) {
    const clock = { nowMs: () => START_MS };
    node.clock.atMs = certificate === old ? START_MS + 1 : START_MS;
    const peer = await newClient(t, [node], { key, certificate, clock }).peer(node.id);
    await assert.rejects(peer.room(), { code: "node_refused" });
  }
});

test("care is handed to a node that takes it", async (t) => {
  const taken: unknown[] = [];
  const caring = await startNode(t, { care: async (...all) => void taken.push(all) });
  const owner = ed25519.createKeyPair();
  const peer = await newClient(t, [caring], { key: owner }).peer(caring.id);
  const careKey = new Uint8Array(32).fill(7);
  await peer.care(careKey, UNTIL_MS);
  assert.deepEqual(taken, [[careKey, UNTIL_MS, ownerIdOf(owner.publicKey)]]);
  const { peer: other } = await start(t);
  await assert.rejects(other.care(careKey, UNTIL_MS), { code: "no_care" });
});

test("a node hears what is kept elsewhere, from the owner and from a carer", async (t) => {
  const heard: unknown[] = [];
  const node = await startNode(t, { released: (...all) => void heard.push(all) });
  const [owner, carer] = [ed25519.createKeyPair(), ed25519.createKeyPair()];
  const certificate = signCareCertificate(carer.publicKey, UNTIL_MS, owner);
  const { id } = newFragment(1);
  for (const rights of [{ key: owner }, { key: carer, certificate }]) {
    await (await newClient(t, [node], rights).peer(node.id)).released([id]);
    assert.deepEqual(heard.pop(), [ownerIdOf(owner.publicKey), [id]]);
  }
  const nobody = await newClient(t, [node], { key: null }).peer(node.id);
  await assert.rejects(nobody.released([id]), { code: "node_refused" });
  assert.deepEqual(heard, []);
});

test("who gives up a fragment leaves nothing, and the connection stays of use", async (t) => {
  const { node, peer } = await start(t);
  const fragment = newFragment(4_194_304);
  const giveUp = new AbortController();
  const begin = node.disk.begin.bind(node.disk);
  node.disk.begin = async (request) => {
    giveUp.abort(new Error("given up"));
    return begin(request);
  };
  await assert.rejects(peer.store(fragment, fragment.content, UNTIL_MS, giveUp.signal), { message: "given up" });
  node.disk.begin = begin;
  await peer.store(fragment, fragment.content, UNTIL_MS);
  assert.deepEqual([node.disk.aborted, node.disk.fragments.size], [1, 1]);
  for await (const piece of peer.fetch(fragment)) {
    assert.ok(piece.length > 0);
    break;
  }
  const leave = new AbortController();
  const reading = Array.fromAsync(peer.fetch(fragment, undefined, leave.signal));
  leave.abort(new Error("left"));
  await assert.rejects(reading, { message: "left" });
  assert.deepEqual(await fetched(peer, fragment), fragment.content);
  assert.ok(node.server.counters().connections <= MESH_LIMITS.connectionsPerNode);
});
