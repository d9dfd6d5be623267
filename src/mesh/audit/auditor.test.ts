import assert from "node:assert/strict";
import { test } from "node:test";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import type { Locator } from "../manifest/locator.ts";
import type { NodeId } from "../node-id.ts";
import { type FragmentId, leafCount } from "../pieces/fragment-tree.ts";
import type { AuditVerdict, Exchange, FragmentPeer, FragmentRef, LeafQuestion, Roster } from "../rooms.ts";
import { abreast } from "./abreast.ts";
import { type AuditReport, auditObjects, heldOf } from "./auditor.ts";
import { auditNode, type NodeAudit } from "./node-audit.ts";
import { seeded, TestMesh, type TestNode } from "./testing.ts";

const { auditLeaves, auditLeast, auditMs, auditNodes, auditRounds } = MESH_LIMITS;
const NEVER = new AbortController().signal;

function world(bytes: number, needed: number, total: number): { mesh: TestMesh; time: VirtualTime; locator: Locator } {
  const time = new VirtualTime(1_700_000_000_000);
  const mesh = new TestMesh(total, time);
  return { mesh, time, locator: mesh.store(randomBytes(bytes), needed, total) };
}

function audit(mesh: TestMesh, locators: readonly Locator[], timers: VirtualTime): Promise<AuditReport> {
  return auditObjects(locators, { ...mesh, signal: NEVER, timers });
}

const of = ({ nodes }: AuditReport, { id }: TestNode): NodeAudit => nodes.find(({ node }) => node === id) as NodeAudit;
const idsAt = (locator: Locator, { id }: TestNode): FragmentId[] =>
  (heldOf([locator]).get(id) ?? []).map((fragment) => fragment.id);

test("honest nodes show what they are asked for, over all objects at a time, and count as audited", async () => {
  const { mesh, time, locator } = world(5_000_000, 5, 10);
  const other = mesh.store(randomBytes(100_000), 1, 4);
  time.stall(MESH_LIMITS.suspectMs);
  const report = await audit(mesh, [locator, other], time);
  assert.equal(report.lost.size, 0);
  assert.equal(report.nodes.length, 10);
  for (const node of mesh.nodes) {
    assert.ok(of(report, node).kept);
    const held = [...(heldOf([locator, other]).get(node.id) ?? [])];
    assert.equal(held.length, idsAt(other, node).length > 0 ? 3 : 2);
    const leaves = held.reduce((sum, { bytes }) => sum + leafCount(bytes), 0);
    assert.equal(of(report, node).leaves, Math.min(auditLeaves, leaves));
    assert.equal(node.questions, of(report, node).leaves);
    assert.equal(node.downloads, 1);
    assert.deepEqual(node.record, { answeredAtMs: time.nowMs(), auditedAtMs: time.nowMs() });
  }
});

test("one fragment that is gone or damaged is lost, and the node's others stay", async () => {
  const { mesh, time, locator } = world(5_000_000, 5, 10);
  const [forgot, damaged] = mesh.nodes as [TestNode, TestNode];
  const [, missing] = idsAt(locator, forgot) as [FragmentId, FragmentId];
  const [, wrong] = idsAt(locator, damaged) as [FragmentId, FragmentId];
  forgot.kept.delete(missing);
  for (let leaf = 0; leaf < 42; leaf++) damaged.damage(wrong, leaf);
  const report = await audit(mesh, [locator], time);
  assert.ok(report.lost.has(forgot.id, missing) && report.lost.has(damaged.id, wrong));
  assert.equal(report.lost.size, 2, "their other fragment passed every further round");
  for (const node of [forgot, damaged]) {
    assert.ok(!of(report, node).kept);
    assert.deepEqual(node.audits, [false]);
    assert.equal(of(report, node).verdicts.kept, 1 + auditRounds);
  }
});

test("a node that fails again in what was not known to be bad loses everything", async () => {
  const { mesh, time, locator } = world(5 * 4_194_304, 4, 6);
  const [liar] = mesh.nodes as [TestNode];
  const all = idsAt(locator, liar);
  // Every second leaf of its 5 fragments of 256 leaves each, in all but one.
  for (const id of all.slice(0, 4)) for (let leaf = 0; leaf < 256; leaf += 2) liar.damage(id, leaf);
  const untouched = all[4] as FragmentId;
  // Only what is asked of two fragments is seen in the first round: the others are found by the further ones.
  const report = await auditNode(liar.id, heldOf([locator]).get(liar.id) as FragmentRef[], {
    exchange: blindTo(mesh.exchange, all.slice(2)),
    timers: time,
    signal: NEVER,
    share: 1,
  });
  assert.ok(report.lost.includes(untouched));
  assert.equal(report.lost.length, 5);
});

/** Of these fragments no first question is answered wrong, as if the sample had missed what is wrong. */
function blindTo(exchange: Exchange, ids: readonly FragmentId[]): Exchange {
  let rounds = 0;
  return {
    ...exchange,
    peer: async (node) => {
      const peer = await exchange.peer(node);
      const isFirst = rounds++ === 0;
      const audited = async (questions: readonly LeafQuestion[]): Promise<AuditVerdict[]> => {
        const verdicts = await peer.audit(questions);
        return verdicts.map((verdict, i) =>
          isFirst && ids.includes(questions[i]?.id as FragmentId) ? "kept" : verdict,
        );
      };
      return Object.assign(Object.create(peer) as FragmentPeer, {
        audit: audited,
        fetch: async function* (fragment: FragmentRef) {
          if (isFirst) yield new Uint8Array(fragment.bytes);
          else yield* peer.fetch(fragment);
        },
      });
    },
  };
}

test("the attack: a node that answers every audit and gives nothing away is found by its downloads", async () => {
  const { mesh, time, locator } = world(500_000, 5, 10);
  const [refuser] = mesh.nodes as [TestNode];
  refuser.refusesDownloads = true;
  const report = await audit(mesh, [locator], time);
  assert.equal(
    of(report, refuser).verdicts.wrong + of(report, refuser).verdicts.missing,
    0,
    "audits alone say nothing",
  );
  assert.ok(of(report, refuser).refusals >= 2);
  assert.equal(report.lost.size, 1);
  assert.ok(report.lost.has(refuser.id, idsAt(locator, refuser)[0] as FragmentId));
});

test("one download that fails is not held against a node that gives the next ones", async () => {
  const { mesh, time, locator } = world(500_000, 5, 10);
  const [flaky] = mesh.nodes as [TestNode];
  flaky.refusesDownloads = true;
  const auditing = auditNode(flaky.id, heldOf([locator]).get(flaky.id) as FragmentRef[], {
    exchange: {
      ...mesh.exchange,
      peer: async (node) => {
        if (flaky.downloads > 0) flaky.refusesDownloads = false;
        return mesh.exchange.peer(node);
      },
    },
    timers: time,
    signal: NEVER,
    share: 1,
  });
  const { lost, kept, refusals } = await auditing;
  assert.deepEqual([lost, kept, refusals], [[], false, 1]);
});

test("who is silent, or answers late, has not answered, and loses nothing", async () => {
  const { mesh, time, locator } = world(500_000, 5, 10);
  const [silent, late] = mesh.nodes as [TestNode, TestNode];
  silent.isSilent = true;
  late.hangs = true;
  const before = time.nowMs();
  time.stall(5_000);
  const auditing = audit(mesh, [locator], time);
  let isDone = false;
  void auditing.then(() => (isDone = true));
  // Every node has its turn before time goes on.
  for (let i = 0; i < 50; i++) await time.advance(1);
  await time.advance(auditMs - 1_000);
  assert.ok(!isDone, "it has its time");
  await time.advance(2_000);
  const report = await auditing;
  for (const node of [silent, late]) {
    assert.deepEqual([of(report, node).answered, of(report, node).leaves], [false, 0]);
    assert.equal(node.record.answeredAtMs, before);
  }
  assert.equal(report.lost.size, 0);
});

test("an audit that is broken off ends, whoever hangs", async () => {
  const { mesh, time, locator } = world(500_000, 5, 10);
  for (const node of mesh.nodes) node.hangs = true;
  const stop = new AbortController();
  const auditing = auditObjects([locator], { ...mesh, signal: stop.signal, timers: time });
  setImmediate(() => stop.abort(new Error("enough")));
  await assert.rejects(auditing, /enough/);
});

test("a faulty program is not taken for a faulty node", async () => {
  const { mesh, time, locator } = world(50_000, 2, 6);
  const roster: Roster = { ...mesh.roster, heard: () => assert.fail("nothing was heard") };
  const exchange: Exchange = { ...mesh.exchange, peer: () => Promise.reject(new TypeError("a bug")) };
  await assert.rejects(auditObjects([locator], { exchange, roster, signal: NEVER, timers: time }), /a bug/);
});

test("only some nodes are asked at a time", async () => {
  let [now, most] = [0, 0];
  await abreast(Array.from({ length: 40 }), auditNodes, async () => {
    most = Math.max(most, ++now);
    await new Promise(setImmediate);
    now--;
  });
  assert.equal(most, auditNodes);
  await assert.rejects(
    abreast([1, 2, 3], 2, async (item) => (item === 2 ? Promise.reject(new Error("second")) : item)),
    /second/,
  );
});

test("of very many objects each gets few questions", async () => {
  const { mesh, time, locator } = world(4_194_304, 4, 6);
  await auditObjects([locator], { ...mesh, signal: NEVER, timers: time, share: 1e-6 });
  for (const node of mesh.nodes) assert.deepEqual([node.questions, node.downloads], [auditLeast, 0]);
});

/** A node that holds 40 fragments of 52 leaves, as far as questions are concerned, and lost some. */
function forgetful(isLost: (fragment: number, leaf: number) => boolean, refuses: () => boolean): Exchange {
  const peer = {
    audit: async (questions: readonly LeafQuestion[]): Promise<AuditVerdict[]> =>
      questions.map(({ id, leaves }) => (leaves.some((leaf) => isLost(Number(id), leaf)) ? "wrong" : "kept")),
    fetch: async function* ({ bytes }: FragmentRef) {
      if (!refuses()) yield new Uint8Array(bytes);
    },
  };
  return { peer: async () => peer as unknown as FragmentPeer, [Symbol.asyncDispose]: async () => {} };
}

/** Rounds until the node was found, at most `most`. */
async function roundsUntilFound(exchange: Exchange, most: number): Promise<number> {
  const held = Array.from({ length: 40 }, (_, i) => ({ id: `${i}` as FragmentId, bytes: 52 * 4_096 }));
  const timers = { schedule: () => () => {} };
  for (let round = 1; round <= most; round++) {
    const { kept } = await auditNode("" as NodeId, held, { exchange, timers, signal: NEVER, share: 1 });
    if (!kept) return round;
  }
  return most + 1;
}

test("retention: a loss is found as soon as the law says, 95 times in 100", async () => {
  const random = seeded(20_261);
  const trials = 120;
  for (const [share, rounds] of [
    [0.01, 1],
    [0.002, 5],
  ] as const) {
    let found = 0;
    for (let trial = 0; trial < trials; trial++) {
      const all = Array.from({ length: 40 * 52 }, (_, i) => ({ i, key: random() })).sort((a, b) => a.key - b.key);
      const lost = new Set(all.slice(0, Math.round(share * 40 * 52)).map(({ i }) => i));
      const exchange = forgetful(
        (fragment, leaf) => lost.has(fragment * 52 + leaf),
        () => false,
      );
      if ((await roundsUntilFound(exchange, rounds)) <= rounds) found++;
    }
    // The standard deviation of the share that is found is sqrt(0.05 * 0.95 / 120) = 2 %; sampling without replacement finds more.
    assert.ok(found / trials > 0.95 - 4 * 0.02, `${share}: ${found} of ${trials}`);
  }
});

test("retention: who refuses half of all downloads is found within 5 rounds, 95 times in 100", async () => {
  const random = seeded(7);
  const trials = 150;
  let found = 0;
  for (let trial = 0; trial < trials; trial++) {
    const exchange = forgetful(
      () => false,
      () => random() < 0.5,
    );
    if ((await roundsUntilFound(exchange, 5)) <= 5) found++;
  }
  assert.ok(found / trials > 0.96875 - 4 * 0.015 && found / trials <= 1, `${found} of ${trials}`);
});
