import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleMesh, sampleOff } from "../../test/support/sample-mesh.ts";
import { fieldOf, joinOf, type JoinTyped, typedOf, wrongField } from "./join-form.ts";

const SHARE = { maxBytes: 5e8, host: "127.9.9.1", port: 0, care: false };

function typed(change: Partial<JoinTyped>): JoinTyped {
  return { ...typedOf(sampleOff()), ...change };
}

test("what was chosen comes back as it was when nothing is typed", () => {
  const { bootstrap, lan } = sampleMesh();
  const before = sampleMesh({ share: SHARE, isPrivate: true });
  assert.deepEqual(joinOf(typedOf(before), before), { bootstrap, lan, share: SHARE });
});

test("addresses are lines, and empty ones are none", () => {
  assert.deepEqual(joinOf(typed({ addresses: "\n one \n\ntwo" }), sampleOff()).bootstrap, ["one", "two"]);
});

test("a share listens for everybody, unless another address was chosen before", () => {
  const sharing = typed({ isSharing: true, gigabytes: "2", port: "0" });
  assert.deepEqual(joinOf(sharing, sampleOff()).share, { maxBytes: 2e9, host: "0.0.0.0", port: 0, care: true });
  assert.equal(joinOf(sharing, sampleMesh({ share: SHARE })).share?.host, SHARE.host);
  assert.equal(joinOf(typed({}), sampleMesh({ share: SHARE })).share, null);
});

test("the key of a private mesh is told when it is another, and taken back for the mesh of everybody", () => {
  const key = "ab".repeat(32);
  assert.equal(joinOf(typed({ isPrivate: true, networkKey: ` ${key} ` }), sampleOff()).networkKey, key);
  assert.equal(joinOf(typed({ isPrivate: false }), sampleMesh({ isPrivate: true })).networkKey, null);
  assert.ok(!("networkKey" in joinOf(typed({}), sampleOff())));
});

test("what cannot be right is said beside its field", () => {
  const wrong = (change: Partial<JoinTyped>): string | undefined => wrongField(typed(change), sampleOff())?.field;
  assert.equal(wrong({}), undefined);
  assert.equal(wrong({ isPrivate: true }), "networkKey");
  assert.equal(wrong({ isSharing: true, gigabytes: "much" }), "gigabytes");
  assert.equal(wrong({ isSharing: true, port: "70000" }), "port");
  assert.equal(wrong({ isSharing: true, port: "" }), "port");
  assert.equal(wrong({ gigabytes: "much", port: "" }), undefined, "of no share nothing is asked");
  assert.equal(wrongField(typed({ isPrivate: true }), sampleMesh({ isPrivate: true })), null);
  assert.equal(fieldOf("bad_mesh_address"), "addresses");
  assert.equal(fieldOf("node_unreachable"), null);
});
