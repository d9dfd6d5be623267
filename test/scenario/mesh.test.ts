/** The storage mesh with real programs: nodes that keep fragments, a person who keeps files there, and loses everything but the recovery key. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { DoctorReport, FileView, MeshView, OperatorStatus, Status } from "../../src/api/contract.ts";
import type { WrittenReceipts } from "../../src/cli/commands/mesh-receipts.ts";
import { randomBytes } from "../../src/core/random.ts";
import { temporaryFolder } from "../support/cleanup.ts";
import { type CliResult, runCli, startCommand, startNocturne } from "../support/nocturne-process.ts";
import { ask } from "../support/people.ts";
import { askUntil } from "../support/wait.ts";

const NODES = 7;

interface Daemon {
  readonly dataDir: string;
  readonly status: () => Promise<OperatorStatus>;
  readonly run: <T = unknown>(args: readonly string[], stdin?: string) => Promise<CliResult<T>>;
  readonly kill: () => Promise<unknown>;
}

/** `number`: of its house. */
async function startDaemon(
  t: TestContext,
  number: number,
  bootstrap: readonly string[],
  more: readonly string[] = [],
): Promise<Daemon> {
  const options = { program: "nocturne-node", dataDir: temporaryFolder(t) } as const;
  const begin = bootstrap.flatMap((address) => ["--bootstrap", address]);
  const where = ["--host", `127.77.${number}.1`, "--port", "0", "--no-lan"];
  const child = startCommand(t, ["--json", "connect", "--foreground", ...where, ...begin, ...more], options);
  const run = <T>(args: readonly string[], stdin = ""): Promise<CliResult<T>> =>
    runCli<T>(["--json", ...args], { ...options, stdin });
  const status = async (): Promise<OperatorStatus> => {
    const { code, json, stderr } = await run<OperatorStatus>(["status"]);
    assert.equal(code, 0, stderr);
    return json;
  };
  await askUntil(
    "the node is there",
    async () => child.stdout(),
    (text) => text.includes('"ready"'),
  );
  return { dataDir: options.dataDir, status, run, kill: () => child.end("SIGKILL") };
}

test("a file is put into the mesh, outlives nodes and its owner's machine, and nodes come and go", async (t) => {
  const first = await startDaemon(t, 1, []);
  const [begin = ""] = (await first.status()).addresses;
  const others = await Promise.all(Array.from({ length: NODES - 1 }, (_, i) => startDaemon(t, i + 2, [begin])));
  const nodes = [first, ...others];

  const ada = await startNocturne(t);
  const lost = await ada.run(["files", "put", "README.md", "--mesh", "--json"]);
  assert.equal(lost.code, 5, "without a mesh it is refused");
  assert.match(lost.stderr, /mesh_off/);
  await ada.run(["mesh", "join", begin, "--no-lan"]);
  await askUntil(
    "all nodes are known",
    () => ask<MeshView>(ada, "GET", "/mesh"),
    ({ nodes: known }) => {
      return known.filter(({ state }) => state === "up").length === NODES;
    },
  );
  const plan = join(temporaryFolder(t), "plan.bin");
  writeFileSync(plan, randomBytes(1_500_000));
  const put = await ada.run<FileView>(["files", "put", plan, "--mesh", "--json"]);
  assert.equal(put.code, 0, put.stderr);
  assert.deepEqual([put.json.storage, put.json.mesh?.state, put.json.mesh?.total], ["mesh", "kept", NODES]);
  const held = await Promise.all(nodes.map(async (node) => (await node.status()).fragments));
  assert.ok(
    held.every((count) => count >= 1),
    `every house has a fragment: ${held.join(", ")}`,
  );

  await t.test(
    "what the nodes signed is written into files, which somebody else checks without asking anybody",
    async () => {
      const folder = join(temporaryFolder(t), "receipts");
      const written = await askUntil(
        "all signed for all that they have",
        () => ada.run<WrittenReceipts>(["mesh", "receipts", folder, "--json"]),
        ({ json }) => json.objects > 0 && json.unsigned === 0 && json.promised === json.fragments,
        60_000,
      );
      assert.deepEqual([written.code, written.json.nodes], [0, NODES], written.stderr);
      const files = written.json.files.map((name) => join(folder, name));
      const checked = await runCli<DoctorReport>(["verify", ...files, "--json"], { dataDir: temporaryFolder(t) });
      assert.deepEqual([checked.code, checked.json.checks.length], [0, files.length], checked.stdout);
      const own = await ada.run<DoctorReport>(["verify", "--json"]);
      const kept = own.json.checks.find(({ name }) => name === "receipts");
      assert.ok(kept?.ok, own.stdout);
      assert.match(kept.hint, /^7 nodes promised (\d+) of \1 fragments of \d objects?; the first promise ends on /);
    },
  );

  await t.test("its bytes leave this disk, and are read from the nodes that are left", async () => {
    assert.equal((await ada.run(["files", "free", put.json.id])).code, 0);
    await others[0]?.kill();
    const back = join(temporaryFolder(t), "back.bin");
    const got = await ada.run(["files", "get", put.json.id, "-o", back]);
    assert.equal(got.code, 0, got.stderr);
    assert.deepEqual(readFileSync(back), readFileSync(plan));
  });

  await t.test("the recovery key alone brings account and file back on another machine", async () => {
    await askUntil(
      "the account's copy is there",
      () => ask<MeshView>(ada, "GET", "/mesh"),
      ({ account }) => account?.isCurrent ?? false,
      60_000,
    );
    const { json: key } = await ada.run<{ words: string }>(["recovery", "show", "--json"]);
    await ada.end();
    const dataDir = join(temporaryFolder(t), "new");
    const restored = await runCli(["recovery", "restore", "--mesh", "--node", begin, "--json"], {
      dataDir,
      stdin: key.words,
      limitMs: 120_000,
    });
    assert.equal(restored.code, 0, restored.stderr);
    const again = await startNocturne(t, { dataDir });
    assert.equal(again.npub, ada.npub);
    await askUntil(
      "the mesh is up",
      () => ask<Status>(again, "GET", "/status"),
      ({ mesh }) => mesh.peers > 0,
    );
    const got = await again.run(["files", "get", put.json.id, "-o", "-"]);
    assert.equal(got.code, 0, got.stderr);
  });

  await t.test("an operator is told what happens, promises room, and leaves", async () => {
    const [node] = others.slice(-1);
    assert.ok(node);
    const { json: voucher } = await node.run<{ voucher: string }>(["voucher", "ab".repeat(32), "1GB"]);
    const added = await runCli(["verify", "-"], { stdin: Buffer.from(voucher.voucher, "base64url") });
    assert.ok(added.stdout.length > 0);
    const left = await node.run<{ disconnected: boolean }>(["disconnect", "--now"]);
    assert.deepEqual([left.code, left.json.disconnected], [0, true], left.stderr);
    assert.equal((await node.run(["status"])).code, 3);
  });
});

test("who has not the key of a private network gets into it by no address", async (t) => {
  const key = join(temporaryFolder(t), "network.key");
  writeFileSync(key, `${"5a".repeat(32)}\n`);
  const inside = await startDaemon(t, 101, [], ["--network-key", key]);
  const [begin = ""] = (await inside.status()).addresses;
  const friend = await startDaemon(t, 102, [begin], ["--network-key", key]);
  const stranger = await startDaemon(t, 103, [begin]);
  await askUntil("those who have it meet", friend.status, ({ peers }) => peers === 1);
  assert.deepEqual([(await stranger.status()).peers, (await inside.status()).peers], [0, 1]);
});

test("wrong words are refused with what to do", async (t) => {
  const dataDir = temporaryFolder(t);
  const run = (...args: string[]): Promise<CliResult> => runCli(args, { program: "nocturne-node", dataDir });
  const none = await run("status");
  assert.deepEqual([none.code, none.stdout], [3, ""]);
  assert.match(none.stderr, /nocturne-node connect/);
  const size = await run("connect", "--max-storage", "lots");
  assert.equal(size.code, 2);
  assert.match(size.stderr, /10GB/);
  const address = await run(
    "connect",
    "--foreground",
    "--no-lan",
    "--host",
    "127.77.9.9",
    "--port",
    "0",
    "--bootstrap",
    "nowhere",
  );
  assert.equal(address.code, 2, address.stderr);
  const mistyped = await run("conect");
  assert.equal(mistyped.code, 2);
  assert.match(mistyped.stderr, /connect/);
});
