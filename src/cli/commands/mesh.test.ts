/** `nocturne mesh`, `files put --mesh` and the commands of files in the mesh, against a node that answers with samples. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../../test/support/cleanup.ts";
import { runCli } from "../../../test/support/nocturne-process.ts";
import { answerJson, readBody, startScriptedNode } from "../../../test/support/scripted-node.ts";
import type { FileInMesh, FileView, MeshView } from "../../api/contract.ts";

const KEPT = { state: "kept", progress: 1, needed: 4, total: 12, survives: 8, problem: null, here: true } as const;
const WAITING: FileInMesh = {
  ...KEPT,
  state: "waiting",
  progress: 0,
  needed: null,
  total: null,
  survives: null,
  problem: "Only 2 of 12 found a node.",
};

function sampleFile(mesh: FileInMesh | null): FileView {
  const storage = mesh?.state === "kept" ? "mesh" : "local";
  const where = { folder: null, path: "/a.txt", versions: 0, versionBytes: 0, preview: null };
  const id = "0123456789abcdef";
  return {
    id,
    name: "a.txt",
    bytes: 5,
    cipher: "aes-256-gcm",
    storage,
    mesh,
    hasPassword: false,
    addedAt: new Date(0).toISOString(),
    ...where,
  };
}

function sampleMesh(change: Partial<MeshView> = {}): MeshView {
  return {
    on: true,
    bootstrap: [],
    lan: true,
    share: null,
    state: "up",
    problem: null,
    isPrivate: false,
    tracker: null,
    owner: "ab".repeat(32),
    nodes: [
      {
        id: "0011223344556677",
        domain: "192.0.2.0/24",
        state: "up",
        uptime: 0.93,
        roomBytes: 1_073_741_824,
        cares: true,
        fragments: 7,
      },
    ],
    coding: { needed: 1, total: 1, holds: false },
    kept: { files: 3, waiting: 1, bytes: 2_048, objects: 2, due: 0, unreadable: 0, leaving: 0, problem: null },
    account: { copiedAt: null, bytes: 0, isCurrent: false, problem: null },
    vouchers: [],
    own: null,
    ...change,
  };
}

interface Node {
  readonly dataDir: string;
  readonly calls: string[];
}

/** `looks`: how the file is at each look, the last one from then on. */
async function start(t: TestContext, mesh: MeshView, looks: readonly (FileInMesh | null)[] = [KEPT]): Promise<Node> {
  const dataDir = temporaryFolder(t);
  const calls: string[] = [];
  let look = 0;
  await startScriptedNode(t, dataDir, async (request, response) => {
    const { method, url = "" } = request;
    calls.push(`${method} ${url} ${await readBody(request)}`.trim());
    if (url.startsWith("/api/mesh")) return answerJson(response, mesh);
    const now = method === "GET" ? (looks[look++] ?? looks.at(-1) ?? null) : WAITING;
    answerJson(response, sampleFile(now));
  });
  return { dataDir, calls };
}

test("put --mesh waits until the mesh keeps the file, says once why it waits, and tells where it is", async (t) => {
  const { dataDir, calls } = await start(t, sampleMesh(), [
    WAITING,
    WAITING,
    { ...WAITING, state: "sending", progress: 0.5, problem: null },
    KEPT,
  ]);
  const path = join(dataDir, "a.txt");
  writeFileSync(path, "hello");
  const put = await runCli<FileView>(["files", "put", path, "--mesh", "--json"], { dataDir });
  assert.deepEqual([put.code, put.json?.storage], [0, "mesh"]);
  assert.equal(put.stderr.match(/Only 2 of 12 found a node/g)?.length, 1);
  assert.ok(calls.some((call) => call.startsWith("PUT /api/files?") && call.includes("storage=mesh")));
  const words = await runCli(["files", "put", path, "--mesh"], { dataDir });
  assert.match(
    words.stdout,
    /^0123456789abcdef {2}5 B {2}a\.txt {2}in the mesh \(4 of 12; survives the loss of 8 nodes\)$/m,
  );
});

test("without a mesh, or while the route hides this machine, put --mesh is refused before anything is sent", async (t) => {
  const off = await start(t, sampleMesh({ on: false, state: "off" }));
  const path = join(off.dataDir, "a.txt");
  writeFileSync(path, "hello");
  const refused = await runCli(["files", "put", path, "--mesh"], { dataDir: off.dataDir });
  assert.equal(refused.code, 5);
  assert.match(refused.stderr, /No storage mesh is joined.*nocturne mesh join/);
  assert.deepEqual(off.calls, ["GET /api/mesh"]);
  const problem = { code: "mesh_needs_direct", message: "You chose to hide yours.", hint: null };
  const hidden = await start(t, sampleMesh({ state: "waiting", problem }));
  const waits = await runCli(["files", "put", path, "--mesh"], { dataDir: hidden.dataDir });
  assert.deepEqual([waits.code, hidden.calls], [5, ["GET /api/mesh"]]);
  assert.equal(
    (await runCli(["files", "put", path, "--mesh"], { dataDir: temporaryFolder(t) })).code,
    3,
    "only a node can",
  );
});

test("each command asks the node for what it says", async (t) => {
  const { dataDir, calls } = await start(t, sampleMesh());
  const id = "0123456789abcdef";
  const asked: readonly (readonly [readonly string[], string, string?])[] = [
    [["mesh", "join"], "POST /api/mesh/join {}"],
    [
      ["mesh", "join", "/ip4/192.0.2.1/tcp/1", "--no-lan"],
      'POST /api/mesh/join {"bootstrap":["/ip4/192.0.2.1/tcp/1"],"lan":false}',
    ],
    [
      ["mesh", "join", "--share", "10GB", "--port", "0"],
      'POST /api/mesh/join {"share":{"maxBytes":10000000000,"host":"0.0.0.0","port":0,"care":true}}',
    ],
    [["mesh", "join", "--share", "none"], 'POST /api/mesh/join {"share":null}'],
    [["mesh", "leave"], "POST /api/mesh/leave"],
    [["mesh", "voucher", "add"], 'POST /api/mesh/vouchers {"voucher":"abc"}', "abc\n"],
    [["files", "mesh", id, "--off"], `DELETE /api/files/${id}/mesh`],
    [["files", "free", id], `DELETE /api/files/${id}/local`],
    [["files", "keep", id], `POST /api/files/${id}/local`],
  ];
  for (const [words, call, input] of asked) {
    const { code, stderr } = await runCli(words, { dataDir, ...(input === undefined ? {} : { stdin: input }) });
    assert.equal(code, 0, stderr);
    assert.equal(calls.at(-1), call);
  }
});

test("the status says who is there, what is kept and what is wrong; with --json the view itself", async (t) => {
  const problem = { code: "mesh_too_small", message: "Only 2 of 12 found a node.", hint: "Wait." };
  const view = sampleMesh({ kept: { ...sampleMesh().kept, problem } });
  const { dataDir } = await start(t, view);
  const { stdout, stderr } = await runCli(["mesh", "status"], { dataDir });
  assert.match(stdout, /^The mesh is up: 1 of 1 known nodes are there\.$/m);
  assert.match(stdout, /any 1 of 1 pieces give it back; with so few nodes/);
  assert.match(stdout, /^You keep 3 files there \(2\.0 KiB\), 1 wait\.$/m);
  assert.match(stdout, /^0011223344556677 +192\.0\.2\.0\/24 +up +93 % +1\.0 GiB +7$/m);
  assert.match(stderr, /Only 2 of 12 found a node\. Wait\./);
  assert.deepEqual((await runCli<MeshView>(["mesh", "status", "--json"], { dataDir })).json, view);
});
