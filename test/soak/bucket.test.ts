/**
 * An operator's node whose sealed files lie in a bucket: in and out, shared, with a new password, over a kill and a bucket
 * that is away, from a backup; and what somebody at the bucket can do to them.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { DoctorReport, FileSpace, FileView, LinkView, Status } from "../../src/api/contract.ts";
import { NodeClient } from "../../src/cli/node-client.ts";
import { socketPath } from "../../src/node/socket-path.ts";
import { temporaryFolder } from "../support/cleanup.ts";
import { type NocturneProcess, runCli, startCommand, startNocturne } from "../support/nocturne-process.ts";
import { type S3Server, startS3 } from "../support/s3-server.ts";
import { askUntil, waitUntil } from "../support/wait.ts";

const MIB = 1_048_576;

async function ask<T>(node: NocturneProcess, ...args: readonly string[]): Promise<T> {
  const { code, json, stderr } = await node.run<T>([...args, "--json"]);
  assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
  return json;
}

function blobsOf({ dataDir }: NocturneProcess): string[] {
  return readdirSync(join(dataDir, "blobs")).sort();
}

/** Everything that was put lies in the bucket, and here are only pointers. */
function hasMoved(node: NocturneProcess, s3: S3Server, files: number): boolean {
  const names = blobsOf(node);
  return s3.objects().length === files && names.length === files && names.every((name) => name.endsWith(".remote"));
}

function put(node: NocturneProcess, folder: string, name: string, content: Uint8Array): Promise<FileView> {
  const path = join(folder, name);
  writeFileSync(path, content);
  return ask<FileView>(node, "files", "put", path);
}

async function get(t: TestContext, node: NocturneProcess, id: string): Promise<Buffer> {
  const path = join(temporaryFolder(t), "out");
  await ask(node, "files", "get", id, "-o", path);
  return readFileSync(path);
}

test("sealed files lie in a bucket: in, out, shared, killed, away and back, restored", async (t) => {
  const s3 = await startS3(t);
  const folder = temporaryFolder(t);
  let node = await startNocturne(t, { env: s3.env });
  const again = async (signal: NodeJS.Signals, env: Record<string, string> = s3.env): Promise<void> => {
    await node.end(signal);
    node = await startNocturne(t, { dataDir: node.dataDir, ports: node.ports, env });
  };
  const content = randomBytes(300_000);
  const plan = await put(node, folder, "plan.pdf", content);
  await waitUntil("the file is in the bucket", () => hasMoved(node, s3, 1));
  assert.equal(s3.read(s3.objects()[0] ?? "").includes(content.subarray(0, 32)), false, "sealed");
  assert.deepEqual(await get(t, node, plan.id), content);
  const status = await ask<Status>(node, "status");
  assert.deepEqual(status.store, { place: s3.env.NOCTURNE_STORE, waiting: 0, problem: null });
  const { diskBytes, bucketBytes } = await ask<FileSpace>(node, "files", "space");
  assert.deepEqual([diskBytes, bucketBytes], [0, content.length]);
  assert.equal((await ask<DoctorReport>(node, "doctor")).checks.find(({ name }) => name === "bucket")?.ok, true);

  // A visitor gets it from the node, which gets it from the bucket.
  const { url } = await ask<LinkView>(node, "files", "link", plan.id, "--mode", "one-time");
  const visitor = join(temporaryFolder(t), "visitor");
  const fetched = await runCli(["files", "fetch", url, "-o", visitor]);
  assert.equal(fetched.code, 0, fetched.stderr);
  assert.deepEqual(readFileSync(visitor), content);

  // Killed while a large file comes in; the same command goes on with it.
  const film = randomBytes(40 * MIB);
  writeFileSync(join(folder, "film.mkv"), film);
  const putting = ["files", "put", join(folder, "film.mkv"), "--json"];
  const interrupted = startCommand(t, putting, { dataDir: node.dataDir });
  const partBytes = (): number =>
    Math.max(
      0,
      ...blobsOf(node).map((name) => statSync(join(node.dataDir, "blobs", name), { throwIfNoEntry: false })?.size ?? 0),
    );
  await waitUntil("a part of the film is there", () => partBytes() > 4 * MIB || !interrupted.isRunning());
  await again("SIGKILL");
  await interrupted.exited;
  const { code, stderr } = await node.run(putting);
  assert.equal(code, 0, stderr);
  await waitUntil("the film is in the bucket", () => hasMoved(node, s3, 2));
  const files = await ask<FileView[]>(node, "files", "ls");
  assert.deepEqual(await get(t, node, files.find(({ name }) => name === "film.mkv")?.id ?? ""), film);

  // Without the bucket: what lies there cannot be had, and says so; what comes is kept here until it is back.
  await s3.stop();
  const late = randomBytes(50_000);
  const note = await put(node, folder, "note.txt", late);
  assert.deepEqual(await get(t, node, note.id), late);
  await askUntil(
    "the status tells",
    () => ask<Status>(node, "status"),
    ({ store }) => store?.problem !== null,
  );
  const missed = await node.run(["files", "get", plan.id, "-o", join(folder, "none")]);
  assert.equal(missed.code, 1);
  assert.match(missed.stderr, /bucket/);
  await again("SIGKILL");
  assert.deepEqual(await get(t, node, note.id), late);
  await s3.start();
  await waitUntil("the note is in the bucket", () => hasMoved(node, s3, 3));
  assert.deepEqual(await get(t, node, plan.id), content);

  // A backup tells where the bytes are; without the bucket and its key there is nothing to be had.
  const backup = join(folder, "backup");
  const written = await node.run<{ bucketBytes: number }>(["backup", backup, "--json"]);
  assert.equal(written.json.bucketBytes, content.length + film.length + late.length);
  assert.match(written.stderr, /does not hold the files in the bucket/);
  const { hex } = await ask<{ hex: string }>(node, "recovery", "show");
  const dataDir = join(temporaryFolder(t), "data");
  assert.equal((await runCli(["restore", backup], { dataDir, stdin: hex })).code, 0);
  const restored = join(folder, "restored");
  const without = await runCli(["files", "get", note.id, "-o", restored], { dataDir });
  assert.equal(without.code, 5);
  assert.ok(without.stderr.includes(`NOCTURNE_STORE=${s3.env.NOCTURNE_STORE}`), without.stderr);
  const withIt = await runCli(["files", "get", note.id, "-o", restored], { dataDir, env: s3.env });
  assert.equal(withIt.code, 0, withIt.stderr);
  assert.deepEqual(readFileSync(restored), late);

  await ask(node, "files", "rm", note.id);
  await ask(node, "files", "trash", "--empty");
  await waitUntil("what is deleted leaves the bucket", () => s3.objects().length === 2);

  const wrong = { ...s3.env, NOCTURNE_STORE_KEY: "UNKNOWN:no-such-secret" };
  await again("SIGTERM", wrong);
  const bucket = (await node.run<DoctorReport>(["doctor", "--json"])).json.checks.find(({ name }) => name === "bucket");
  assert.equal(bucket?.ok, false);
  assert.match(bucket?.hint ?? "", /NOCTURNE_STORE_KEY/);
  assert.doesNotMatch(node.log() + JSON.stringify(await ask(node, "status")), /no-such-secret/);
});

test("whoever holds the bucket can withhold a file and cannot change it", async (t) => {
  const s3 = await startS3(t);
  const folder = temporaryFolder(t);
  const node = await startNocturne(t, { env: s3.env });
  const content = randomBytes(500_000);
  const { id } = await put(node, folder, "plan.pdf", content);
  const { url } = await ask<LinkView>(node, "files", "link", id, "--downloads", "20");
  await waitUntil("the file is in the bucket", () => hasMoved(node, s3, 1));
  const [object = ""] = s3.objects();
  const good = s3.read(object);
  const flipped = (at: number): Buffer => {
    const bytes = Buffer.from(good);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  };
  const attacks: [string, Buffer][] = [
    ["a bit in the middle", flipped(250_000)],
    ["the last bit", flipped(good.length - 1)],
    ["a cut", good.subarray(0, 300_000)],
    ["something else", randomBytes(good.length)],
  ];
  for (const [what, bytes] of attacks) {
    s3.overwrite(object, bytes);
    const out = join(temporaryFolder(t), "out");
    const startMs = Date.now();
    const { code, stderr } = await node.run(["files", "get", id, "-o", out]);
    assert.equal(code, 1, what);
    assert.match(stderr, /cannot be opened|not those that were put|not a usable sealed header/, what);
    assert.equal(existsSync(out), false, `${what}: nothing is left that looks whole`);
    assert.ok(Date.now() - startMs < 30_000, `${what}: it ends`);
  }
  // A visitor is told, too, after some tries: it might be the connection.
  s3.overwrite(object, flipped(250_000));
  const visitor = join(temporaryFolder(t), "visitor");
  assert.equal((await runCli(["files", "fetch", url, "-o", visitor])).code, 1);
  assert.equal(existsSync(visitor), false);
  s3.overwrite(object, good);
  assert.deepEqual(await get(t, node, id), content);
});

test("a file in a bucket gets another password, over a kill; a node without its bucket says so", async (t) => {
  const s3 = await startS3(t);
  const folder = temporaryFolder(t);
  let node = await startNocturne(t, { env: s3.env });
  const again = async (env: Record<string, string>): Promise<void> => {
    await node.end("SIGKILL");
    node = await startNocturne(t, { dataDir: node.dataDir, ports: node.ports, env });
  };
  const content = randomBytes(200_000);
  const path = join(folder, "secret.pdf");
  writeFileSync(path, content);
  const stored = await node.run<FileView>(["files", "put", path, "--password-stdin", "--json"], { stdin: "before" });
  assert.equal(stored.code, 0, stored.stderr);
  const { id } = stored.json;
  await waitUntil("the file is in the bucket", () => hasMoved(node, s3, 1));
  const [object = ""] = s3.objects();
  const sealed = s3.read(object);

  await new NodeClient(socketPath(node.dataDir)).call("POST", `/api/files/${id}/password`, {
    json: { current: "before", next: "after" },
  });
  assert.deepEqual(s3.read(object), sealed, "the new header lies here, over the object's");
  const opened = async (password: string): Promise<Buffer | null> => {
    const out = join(temporaryFolder(t), "out");
    const { code } = await node.run(["files", "get", id, "--password-stdin", "-o", out], { stdin: password });
    return code === 0 ? readFileSync(out) : null;
  };
  assert.deepEqual(await opened("after"), content);
  assert.equal(await opened("before"), null, "the old one opens nothing here");
  await again(s3.env);
  assert.deepEqual(await opened("after"), content);
  assert.equal(await opened("before"), null);

  await again({});
  const { warnings, store } = await ask<Status>(node, "status");
  assert.equal(store, null);
  assert.ok(warnings.some((warning) => /NOCTURNE_STORE/.test(warning)));
  const other = `${s3.env.NOCTURNE_STORE}/other`;
  for (const env of [{}, { ...s3.env, NOCTURNE_STORE: other }]) {
    const { json } = await runCli<DoctorReport>(["doctor", "--json"], { dataDir: node.dataDir, env });
    const astray = json.checks.find(({ name }) => name === `bucket ${s3.env.NOCTURNE_STORE}`);
    assert.equal(astray?.ok, false);
    assert.ok(astray?.hint.includes(`NOCTURNE_STORE=${s3.env.NOCTURNE_STORE}`), astray?.hint);
  }
  const missed = await node.run(["files", "get", id, "--password-stdin", "-o", join(folder, "none")], {
    stdin: "after",
  });
  assert.equal(missed.code, 5);
  assert.match(missed.stderr, /which is not used now/);
});
