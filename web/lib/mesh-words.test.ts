import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileInMesh, FileView } from "../../src/api/contract.ts";
import { sampleInMesh, sampleMesh, sampleNodes, sampleOff } from "../../test/support/sample-mesh.ts";
import {
  codingWords,
  countStates,
  fileStanding,
  fileWords,
  leadWords,
  meshFiles,
  needsAttention,
  nodeWords,
  refusalWords,
  sharedBytes,
  signWords,
  spanWords,
  typedGigabytes,
} from "./mesh-words.ts";

const PROBLEM = "Too few nodes are there.";

test("the page begins with how the mesh is", () => {
  const up = sampleNodes(2).map((node) => ({ ...node, state: "up" as const }));
  const leads = [
    [sampleOff(), "Your files are on this machine alone."],
    [sampleMesh({ state: "starting" }), "You are joining the mesh."],
    [sampleMesh({ state: "waiting" }), "The mesh cannot be used now. It comes back by itself."],
    [sampleMesh({ nodes: [] }), "You are in the mesh, and no other node is known yet."],
    [sampleMesh({ nodes: up.slice(1) }), "You are in the mesh: 1 node is there now."],
    [sampleMesh({ nodes: up }), "You are in the mesh: 2 nodes are there now."],
    [sampleMesh(), "You are in the mesh: 24 of 40 nodes are there now."],
  ] as const;
  for (const [mesh, words] of leads) assert.equal(leadWords(mesh), words);
});

test("how a file is, and whether somebody should look at it", () => {
  const cases: readonly (readonly [Partial<FileInMesh>, string, boolean, string])[] = [
    [{}, "kept", false, "Kept, survives the loss of 20 more nodes"],
    [{ survives: 1 }, "kept", false, "Kept, survives the loss of 1 more node"],
    [{ survives: null }, "kept", false, "Kept; how safe it is, is being looked at"],
    [{ survives: 0 }, "weak", true, "Kept, but the loss of one more node would put it out of reach"],
    [{ survives: 0, problem: PROBLEM, here: false }, "unreadable", true, `Cannot be read now: ${PROBLEM}`],
    [
      { survives: 0, problem: PROBLEM },
      "unreadable",
      true,
      "Cannot be read from the mesh now; it is on this disk, too",
    ],
    [
      { survives: null, problem: PROBLEM, here: false },
      "unreachable",
      true,
      "Kept; it can be read when the mesh is back",
    ],
    [{ state: "waiting", survives: null }, "waiting", false, "Waits for its turn"],
    [{ state: "waiting", survives: null, problem: PROBLEM }, "waiting", true, `Waits: ${PROBLEM}`],
    [{ state: "sending", survives: null, progress: 0.456 }, "sending", false, "On its way, 45 %"],
  ];
  for (const [change, standing, worries, words] of cases) {
    const mesh = sampleInMesh(change);
    assert.equal(fileStanding(mesh), standing);
    assert.equal(needsAttention(mesh), worries, words);
    assert.equal(fileWords(mesh), words);
    assert.notEqual(signWords(mesh), "");
  }
});

test("of the library only what is in the mesh is listed, what needs attention first", () => {
  const file = (name: string, mesh: FileInMesh | null): FileView => ({ name, mesh }) as FileView;
  const files = [
    file("c", sampleInMesh()),
    file("a", sampleInMesh()),
    file("here", null),
    file("way", sampleInMesh({ state: "sending" })),
    file("risk", sampleInMesh({ survives: 0 })),
  ];
  const names = (only: boolean): string[] => meshFiles(files, only).map(({ name }) => name);
  assert.deepEqual(names(false), ["risk", "way", "a", "c"]);
  assert.deepEqual(names(true), ["risk"]);
});

test("a node in one sentence, and nodes by their states", () => {
  const node = { ...sampleMesh().nodes[0], id: "3f2a91bc00000000", domain: "203.0.113.0/24", state: "late" as const };
  const whole = { ...node, uptime: 0.984, roomBytes: 12e9, fragments: 1, cares: true };
  assert.equal(
    nodeWords(whole),
    "Node 3f2a 91bc in 203.0.113.0/24: late, 98 % uptime, room for 12 GB, 1 fragment of yours, repairs files of others",
  );
  assert.match(nodeWords({ ...whole, fragments: 0, cares: false }), /nothing of yours$/);
  assert.deepEqual(countStates([{ state: "lost" }, { state: "up" }, { state: "lost" }]), [
    { state: "up", count: 1 },
    { state: "lost", count: 2 },
  ]);
});

test("how files are cut, and how good that is", () => {
  assert.match(codingWords(null), /waits/);
  assert.match(codingWords({ needed: 10, total: 30, holds: true }), /any 10 of 30 fragments give it back\.$/);
  assert.match(codingWords({ needed: 1, total: 2, holds: false }), /out of reach now and then\.$/);
});

test("sizes are typed in gigabytes, and nothing else is taken for one", () => {
  assert.equal(sharedBytes("10"), 10e9);
  assert.equal(sharedBytes(" 0,5 "), 5e8);
  assert.equal(typedGigabytes(5e8), "0.5");
  for (const text of ["", "0", "-1", "ten", "1e3", "1.2345", "99999999"]) assert.equal(sharedBytes(text), null, text);
});

test("spans and refusals in words", () => {
  assert.equal(spanWords(59), "less than a minute");
  assert.equal(spanWords(3_600), "1 hour");
  assert.equal(spanWords(200_000), "2 days");
  assert.deepEqual(refusalWords({ owner_full: 1, a_new_code: 5 }), [
    { words: "a_new_code", count: 5 },
    { words: "Somebody wanted more than strangers get", count: 1 },
  ]);
});
