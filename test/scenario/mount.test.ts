/**
 * The mount as other people's programs use it: litmus finds nothing wrong with the protocol, rclone copies a tree there and
 * back and mounts it, large uploads take little memory, and a node that is killed while one comes keeps the old file.
 */
import assert from "node:assert/strict";
import { createHash, randomFillSync } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import type { FileView, Status, TrashView } from "../../src/api/contract.ts";
import { temporaryFolder } from "../support/cleanup.ts";
import { type MountAccess, mountOn, rcloneFor, rcloneMount, runLitmus } from "../support/dav-clients.ts";
import { startNocturne } from "../support/nocturne-process.ts";
import { ask } from "../support/people.ts";
import { requireTool } from "../support/tools.ts";
import { askUntil, waitUntil } from "../support/wait.ts";

/** litmus 0.13. */
const SUITES = { basic: 16, copymove: 13, props: 30, locks: 41, http: 4 };
const MIB = 1_048_576;
const LARGE_MIB = 200;
/** As the design demands of every upload (RSS, with Node itself). */
const MOST_RSS_MIB = 300;

test("litmus passes every test of every suite, without a warning", async (t) => {
  const litmus = requireTool(t, "litmus");
  if (litmus === null) return;
  const node = await startNocturne(t);
  const { suites, output } = await runLitmus(t, litmus, await mountOn(node));
  const wanted = Object.entries(SUITES).map(([name, run]) => ({ name, run, passed: run }));
  assert.deepEqual(suites, wanted, output);
  assert.doesNotMatch(output, /FAIL|WARNING/);
});

test("rclone copies a tree there and back, and a mount shows and takes the same files", async (t) => {
  const program = requireTool(t, "rclone");
  if (program === null) return;
  const node = await startNocturne(t);
  const rclone = await rcloneFor(t, program, node);
  const [source, back] = [temporaryFolder(t), join(temporaryFolder(t), "back")];
  makeTree(source);
  const run = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await rclone(...args);
    assert.equal(code, 0, stderr);
  };
  await run("sync", source, "nocturne:tree");
  await run("sync", "nocturne:tree", back);
  const hashes = hashesOf(source);
  assert.equal(hashes.size, TREE_FILES);
  assert.deepEqual(hashesOf(back), hashes);
  await run("moveto", "nocturne:tree/folder 1", "nocturne:tree/moved");
  await run("deletefile", "nocturne:tree/moved/1.bin");
  assert.equal((await ask<TrashView>(node, "GET", "/trash")).entries[0]?.from, "/tree/moved/1.bin");

  if (requireTool(t, "fusermount3") === null) return;
  const mounted = await rcloneMount(t, rclone);
  if (mounted === null) return;
  await waitUntil("the mount shows the tree", () => readdirSync(mounted).includes("tree"));
  const moved = [...hashes].filter(([path]) => path.startsWith("folder 1/") && path !== "folder 1/1.bin");
  assert.deepEqual(
    hashesOf(join(mounted, "tree/moved")),
    new Map(moved.map(([path, hash]) => [path.slice("folder 1/".length), hash])),
  );
  writeFileSync(join(mounted, "tree/written.txt"), "through the mount");
  const all = await askUntil(
    "the file that was written through the mount",
    () => ask<FileView[]>(node, "GET", "/files"),
    (files) => files.some(({ path, bytes }) => path === "/tree/written.txt" && bytes === 17),
  );
  assert.equal(all.length, TREE_FILES);
});

test("a large upload takes little memory, and one that kill -9 ends leaves the old file", async (t) => {
  const node = await startNocturne(t);
  const access = await mountOn(node);
  const written = createHash("sha256");
  assert.equal(await upload(access, "large.bin", pieces(LARGE_MIB, written)), 201);
  const { hash, bytes } = await download(access, "large.bin");
  assert.deepEqual([bytes, hash], [LARGE_MIB * MIB, written.digest("hex")]);
  const highest = highestRssMib(node.pid);
  t.diagnostic(`${LARGE_MIB} MiB up and down: at most ${highest ?? "?"} MiB of memory`);
  assert.ok(highest === null || highest < MOST_RSS_MIB, `${highest} MiB`);

  const { ports, dataDir } = node;
  const uploading = upload(access, "large.bin", pieces(LARGE_MIB, createHash("sha256"))).catch(() => null);
  const parts = (): string[] => readdirSync(join(dataDir, "blobs")).filter((name) => name.endsWith(".part"));
  await waitUntil("half of it is on the disk", () =>
    parts().some((name) => statSync(join(dataDir, "blobs", name)).size > 20 * MIB),
  );
  await node.end("SIGKILL");
  assert.equal(await uploading, null);
  assert.equal(parts().length, 1);
  const again = await startNocturne(t, { dataDir, ports });
  assert.equal((await download(access, "large.bin")).hash, hash);
  await waitUntil("the half is swept away", () => parts().length === 0);
  assert.deepEqual(
    (await ask<FileView[]>(again, "GET", "/files")).map(({ versions }) => versions),
    [0],
  );
  assert.equal((await ask<Status>(again, "GET", "/status")).locked, false);
});

test("the command line tells how to mount, renews the password, and turns it off", async (t) => {
  const node = await startNocturne(t);
  const first = await mountOn(node);
  assert.deepEqual([first.url, first.user], [`http://localhost:${node.ports.app}/dav/`, "nocturne"]);
  const words = await node.run(["files", "mount"]);
  for (const word of [first.url, first.password, "Finder", "BasicAuthLevel", "rclone", "davfs", "dav://nocturne@"])
    assert.ok(words.stdout.includes(word), word);
  assert.match(words.stderr, /unsealed/);
  assert.equal((await download(first, "")).status, 200);
  const next = await mountOn(node, ["--new-password"]);
  assert.deepEqual([(await download(first, "")).status, (await download(next, "")).status], [401, 200]);
  assert.deepEqual((await node.run(["files", "mount", "--off", "--json"])).json, { on: false });
  assert.equal((await download(next, "")).status, 404);
  await node.end();
  assert.equal((await node.run(["files", "mount"])).code, 3);
});

const NAMES = [
  "plain.txt",
  "with space & %25 #hash.txt",
  "Zürich ‒ Ä́.txt".normalize("NFC"),
  "日本語 🌙.bin",
  "._x",
  ".DS_Store",
  "it's (1)+[2];,=.txt",
];
const SIZES = [0, 1, 16_383, 16_384, 16_385, 100_000];
const FOLDERS = 24;
const TREE_FILES = FOLDERS * SIZES.length + NAMES.length * 8;

/** 200 files of many sizes and names, some eight folders deep. */
function makeTree(root: string): void {
  const put = (path: string, bytes: number): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), randomFillSync(Buffer.alloc(bytes)));
  };
  for (let i = 0; i < FOLDERS; i++) for (const [n, bytes] of SIZES.entries()) put(`folder ${i}/${n}.bin`, bytes);
  for (let depth = 1; depth <= 8; depth++)
    for (const name of NAMES)
      put(`${Array.from({ length: depth }, (_, i) => `Ebene ${i}`).join("/")}/${name}`, 100 * depth);
}

function hashesOf(root: string): Map<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(
    paths.map((path) => [
      path.slice(root.length + 1).normalize("NFC"),
      createHash("sha256").update(readFileSync(path)).digest("hex"),
    ]),
  );
}

function* pieces(mib: number, hash: ReturnType<typeof createHash>): Generator<Buffer> {
  for (let i = 0; i < mib; i++) {
    const piece = randomFillSync(Buffer.alloc(MIB));
    hash.update(piece);
    yield piece;
  }
}

/** The status; rejects when the connection breaks. */
async function upload({ url, user, password }: MountAccess, name: string, source: Iterable<Buffer>): Promise<number> {
  const outgoing = request(url + name, { method: "PUT", auth: `${user}:${password}` });
  const answered = once(outgoing, "response") as Promise<[IncomingMessage]>;
  const [[answer]] = await Promise.all([answered, pipeline(source, outgoing)]);
  answer.resume();
  return answer.statusCode ?? 0;
}

async function download(
  { url, user, password }: MountAccess,
  name: string,
): Promise<{ status: number; hash: string; bytes: number }> {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const answer = await fetch(url + name, { headers: { authorization } });
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { status: answer.status, hash: hash.digest("hex"), bytes };
}

/** null where the system does not tell. */
function highestRssMib(pid: number): number | null {
  try {
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024);
  } catch {
    return null;
  }
}
