import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleNodes } from "../../test/support/sample-mesh.ts";
import { drawMesh, type MapNode, type MeshMap, stepTo } from "./mesh-map.ts";

function dots({ domains }: MeshMap): MapNode[] {
  return domains.flatMap(({ nodes }) => nodes);
}

const SIZES = [0, 1, 2, 8, 40, 119, 400];

test("no two dots touch, none lies over this machine, and all are in sight", () => {
  for (const size of SIZES) {
    const map = drawMesh(sampleNodes(size));
    const { x, y, width, height } = map.view;
    const all = dots(map);
    for (const [i, one] of all.entries()) {
      assert.ok(Math.hypot(one.x, one.y) > 20 + one.r, `${size}: ${one.node.id} lies over the middle`);
      assert.ok(one.x - one.r > x && one.x + one.r < x + width, `${size}: out of sight`);
      assert.ok(one.y - one.r > y && one.y + one.r < y + height, `${size}: out of sight`);
      for (const other of all.slice(i + 1)) {
        assert.ok(Math.hypot(one.x - other.x, one.y - other.y) > one.r + other.r, `${size}: two dots touch`);
      }
    }
  }
});

test("nodes that may fail together stand in one circle, and circles stand apart", () => {
  const { domains } = drawMesh(sampleNodes(100));
  assert.equal(new Set(domains.map(({ name }) => name)).size, domains.length);
  for (const [i, domain] of domains.entries()) {
    for (const { node, x, y, r } of domain.nodes) {
      assert.equal(node.domain, domain.name);
      assert.ok(Math.hypot(x - domain.x, y - domain.y) + r <= domain.r);
    }
    for (const other of domains.slice(i + 1)) {
      assert.ok(Math.hypot(domain.x - other.x, domain.y - other.y) >= domain.r + other.r);
    }
  }
});

test("of very many nodes those with something of yours are drawn, and the others counted", () => {
  const map = drawMesh(sampleNodes(400, 30));
  assert.equal(dots(map).length, 120);
  assert.equal(map.left, 280);
  assert.equal(dots(map).filter(({ node }) => node.fragments > 0).length, 30);
  assert.equal(drawMesh(sampleNodes(120)).left, 0);
});

test("the same nodes stand in the same places, in whichever order they are told", () => {
  const nodes = sampleNodes(60);
  assert.deepEqual(drawMesh(nodes.toReversed()), drawMesh(nodes));
});

test("arrow keys reach every node, and stop at both ends", () => {
  const map = drawMesh(sampleNodes(9));
  const ids = dots(map).map(({ node }) => node.id);
  const seen: string[] = [];
  for (let at = stepTo(map, null, "Home"); at !== null && at !== seen.at(-1); at = stepTo(map, at, "ArrowRight"))
    seen.push(at);
  assert.deepEqual(seen, ids);
  assert.equal(stepTo(map, ids[0] ?? null, "ArrowUp"), ids[0]);
  assert.equal(stepTo(map, ids[4] ?? null, "ArrowLeft"), ids[3]);
  assert.equal(stepTo(map, ids[4] ?? null, "End"), ids[8]);
  assert.equal(stepTo(map, ids[4] ?? null, "a"), null);
  assert.equal(stepTo(drawMesh([]), null, "Home"), null);
});
