import assert from "node:assert/strict";
import { test } from "node:test";
import { samplePeers } from "../../test/support/sample-agents.ts";
import { drawTrust, type PeerDot, stepToPeer, type TrustMap } from "./trust-map.ts";

const SIZES = [1, 3, 7, 40, 119, 400];

function dots({ rings }: TrustMap): PeerDot[] {
  return rings.flatMap((ring) => ring.dots);
}

test("no two dots touch, and all are in sight", () => {
  for (const size of SIZES) {
    const map = drawTrust(samplePeers(size));
    const all = dots(map);
    for (const [i, one] of all.entries()) {
      assert.ok(Math.hypot(one.x, one.y) + one.r < map.reach, `${size}: out of sight`);
      for (const other of all.slice(i + 1))
        assert.ok(Math.hypot(one.x - other.x, one.y - other.y) > one.r + other.r, `${size}: two dots touch`);
    }
  }
});

test("the genesis stands innermost, each further ring is one step more, and threads lead to who holds up", () => {
  const peers = samplePeers(60);
  const map = drawTrust(peers);
  assert.deepEqual(
    map.rings.map(({ depth }) => depth),
    [0, 1, 2, 3],
  );
  for (const [i, ring] of map.rings.entries()) {
    assert.ok(i === 0 || ring.r > (map.rings[i - 1]?.r ?? 0));
    for (const { peer, x, y } of ring.dots) {
      assert.equal(peer.depth, ring.depth);
      assert.ok(Math.abs(Math.hypot(x, y) - ring.r) < 1e-9);
    }
  }
  const told = map.threads.map(({ from, to }) => `${from.peer.operator} ${to.peer.operator}`).toSorted();
  const wanted = peers.flatMap((peer) => peer.endorsers.map((one) => `${one} ${peer.operator}`)).toSorted();
  assert.deepEqual(told, wanted);
});

test("who is held up by one alone stands in the same direction", () => {
  const [a, b, c, ...rest] = samplePeers(5);
  assert.ok(a && b && c && rest.length === 2);
  const held = rest.map((peer, i) => ({ ...peer, depth: 1, endorsers: [[a, b][i]?.operator ?? ""] }));
  const map = drawTrust([a, b, c, ...held]);
  const at = (operator: string): PeerDot => dots(map).find(({ peer }) => peer.operator === operator) as PeerDot;
  for (const { operator, endorsers } of held) {
    const [one, by] = [at(operator), at(endorsers[0] ?? "")];
    assert.ok(one.x * by.x + one.y * by.y > 0);
  }
});

test("of very many the nearest to the genesis are drawn, and you, and the others are counted", () => {
  const peers = samplePeers(400).map((peer, i) => ({ ...peer, isSelf: i === 399 }));
  const map = drawTrust(peers);
  assert.deepEqual([dots(map).length, map.left], [120, 280]);
  assert.ok(dots(map).some(({ peer }) => peer.isSelf));
  const rest = dots(map).filter(({ peer }) => !peer.isSelf);
  const furthest = Math.max(...rest.map(({ peer }) => peer.depth));
  const nearer = peers.filter(({ depth }) => depth < furthest);
  assert.ok(nearer.every(({ operator }) => dots(map).some(({ peer }) => peer.operator === operator)));
});

test("the same operators stand in the same places, in whichever order they are told", () => {
  const peers = samplePeers(60);
  assert.deepEqual(drawTrust(peers.toReversed()), drawTrust(peers));
  assert.deepEqual(drawTrust([]), { reach: 74, rings: [], threads: [], left: 0 });
});

test("arrow keys reach every operator, from the genesis outwards", () => {
  const map = drawTrust(samplePeers(30));
  const seen: string[] = [];
  for (
    let at = stepToPeer(map, null, "Home");
    at !== null && at !== seen.at(-1);
    at = stepToPeer(map, at, "ArrowRight")
  )
    seen.push(at);
  assert.deepEqual(
    seen,
    dots(map).map(({ peer }) => peer.operator),
  );
  assert.equal(stepToPeer(map, seen[3] ?? null, "a"), null);
});
