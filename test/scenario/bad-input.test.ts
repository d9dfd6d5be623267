/** Whatever a person does wrong: one clear sentence, the right exit code, nothing lost, no stack trace. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Status } from "../../src/api/contract.ts";
import { atEnd, temporaryFolder } from "../support/cleanup.ts";
import { type CliResult, freePort, runCli, startNocturne } from "../support/nocturne-process.ts";

/** One sentence (or two) for people, and no trace of the inside. */
function assertClear(result: CliResult, code: number, words: RegExp): void {
  assert.equal(result.code, code, `${result.stdout}${result.stderr}`);
  assert.match(result.stderr, words);
  assert.doesNotMatch(result.stderr, /\n\s+at |node:internal|Error:/);
}

test("wrong usage: exit 2 and a suggestion", async () => {
  assertClear(await runCli(["snd"]), 2, /Did you mean send/);
  assertClear(await runCli(["send"]), 2, /missing required argument/);
  assertClear(await runCli(["start", "--port", "99999"]), 2, /--port/);
  assertClear(await runCli(["files", "put", "x", "--cipher", "rot13"]), 2, /aes-256-gcm/);
});

test("no node: exit 3", async (t) => {
  assertClear(await runCli(["status"], { dataDir: temporaryFolder(t) }), 3, /No Nocturne is running/);
});

test("a protection that does not exist yet is refused, never replaced: exit 5", async (t) => {
  const dataDir = temporaryFolder(t);
  assertClear(await runCli(["start", "--no-open", "--route", "mix"], { dataDir }), 5, /not available/);
  assertClear(await runCli(["browse", "--route", "mix"], { dataDir }), 5, /not available/);
});

test("cover is what was asked for, and says what it costs and shows", async (t) => {
  const covered = await startNocturne(t, { args: ["--cover", "stealth"] });
  const { json } = await covered.run<Status>(["status", "--json"]);
  assert.equal(json.cover.profile, "stealth");
  assert.equal(json.cover.secondsPerCell, 30);
  assert.ok(json.cover.kilobytesPerHour > 300);
  assert.match((await covered.run(["status"])).stdout, /Cover: stealth \(\d+ KB an hour, 30 s a cell\)\. Relays see/);
  const plain = await startNocturne(t);
  assert.match((await plain.run(["status"])).stdout, /Cover: fast \(no stream\)\. Relays see when you send/);
});

test("a locked vault: exit 4, and the passphrase opens it again", async (t) => {
  const node = await startNocturne(t);
  assert.equal((await node.run(["passphrase"], { stdin: "correct horse battery" })).code, 0);
  assert.equal((await node.run(["lock"])).code, 0);
  assertClear(await node.run(["inbox"]), 4, /locked/);
  assertClear(await node.run(["unlock"], { stdin: "wrong horse battery" }), 1, /wrong/);
  assert.equal((await node.run(["unlock"], { stdin: "correct horse battery" })).code, 0);
  assert.equal((await node.run(["inbox"])).code, 0);
});

test("malformed invite, unknown contact, empty and oversized message: exit 1", async (t) => {
  const node = await startNocturne(t);
  assertClear(await node.run(["contact", "add", "nocturne:invite/AAAA"]), 1, /not an invite/);
  assertClear(await node.run(["contact", "add", "npub1oops"]), 1, /key|npub/);
  assertClear(await node.run(["send", "nobody", "hi"]), 1, /no contact/);
  assertClear(await node.run(["send", "nobody", "-"], { stdin: "x".repeat(20_000) }), 1, /at most/);
  assertClear(await node.run(["files", "get", "ffff"]), 1, /no file/);
});

test("a port in use names the port and the way out", async (t) => {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  atEnd(t, () => server.close());
  const dataDir = temporaryFolder(t);
  const args = ["start", "--no-open", "--port", String(port), "--relay-port", "0"];
  assertClear(await runCli(args, { dataDir }), 1, new RegExp(`${port}.*--port`));
});

test("a second node in the same data directory is refused", async (t) => {
  const node = await startNocturne(t);
  const args = ["start", "--no-open", "--port", "0", "--relay-port", "0"];
  assertClear(await runCli(args, { dataDir: node.dataDir }), 1, /Another Nocturne/);
});

test("a wrong file password and a cut file give nothing out", async (t) => {
  const node = await startNocturne(t);
  const folder = temporaryFolder(t);
  const input = join(folder, "plan.txt");
  writeFileSync(input, "the plan ".repeat(50_000));
  const put = await node.run<{ id: string }>(["files", "put", input, "--password-stdin", "--json"], {
    stdin: "open sesame",
  });
  assert.equal(put.code, 0, put.stderr);
  const output = join(folder, "out.txt");
  const get = (password: string) =>
    node.run(["files", "get", put.json.id, "-o", output, "--password-stdin"], { stdin: password });
  assertClear(await get("open barley"), 1, /wrong/);
  assert.throws(() => readFileSync(output), /ENOENT/);
  assert.equal((await get("open sesame")).code, 0);
  assert.equal(readFileSync(output, "utf8"), readFileSync(input, "utf8"));

  const plain = await node.run<{ id: string }>(["files", "put", input, "--json"]);
  for (const blob of execFileSync("find", [join(node.dataDir, "blobs"), "-type", "f"], { encoding: "utf8" })
    .trim()
    .split("\n")) {
    truncateSync(blob, 200_000);
  }
  const cut = join(folder, "cut.txt");
  assertClear(await node.run(["files", "get", plain.json.id, "-o", cut]), 1, /cannot be opened/);
  assert.throws(() => readFileSync(cut), /ENOENT/);
});

test("a corrupt vault is named and left untouched", async (t) => {
  const node = await startNocturne(t);
  await node.end();
  const path = join(node.dataDir, "vault.json");
  const broken = readFileSync(path, "utf8").replace(/[A-Za-z]/g, "x");
  writeFileSync(path, broken);
  const started = await runCli(["start", "--no-open", "--port", "0"], { dataDir: node.dataDir });
  assertClear(started, 1, /damaged|corrupt|cannot be (read|opened)/);
  assert.equal(readFileSync(path, "utf8"), broken);
});

test("a full disk: the sentence says so, what was there stays, and it goes on after room is made", async (t) => {
  if (!mountTiny(t)) return;
  const dataDir = join(tinyMount(t), "data");
  const node = await startNocturne(t, { dataDir });
  const folder = temporaryFolder(t);
  const small = join(folder, "small.bin");
  const large = join(folder, "large.bin");
  writeFileSync(small, "x".repeat(100_000));
  writeFileSync(large, Buffer.alloc(64 * 1024 * 1024, 1));
  const kept = await node.run<{ id: string }>(["files", "put", small, "--json"]);
  assert.equal(kept.code, 0, kept.stderr);
  assertClear(await node.run(["files", "put", large]), 1, /no room for this file/);
  const filler = join(tinyMount(t), "filler");
  const { bavail, bsize } = statfsSync(dataDir);
  writeFileSync(filler, Buffer.alloc(bavail * bsize - 3 * 1024 * 1024, 1));
  truncateSync(large, 7 * 1024 * 1024); // in one call, and found out on the way
  assertClear(await node.run(["files", "put", large]), 1, /disk is full/);
  rmSync(filler);
  const list = await node.run<{ id: string }[]>(["files", "ls", "--json"]);
  assert.deepEqual(
    list.json.map((file) => file.id),
    [kept.json.id],
  );
  const again = await node.run(["files", "put", small]);
  assert.equal(again.code, 0, "the cut upload left nothing behind that takes room");
});

const mounts = new WeakMap<TestContext, string>();

function tinyMount(t: TestContext): string {
  return mounts.get(t) as string;
}

/** A file system of 48 MiB that ends with the test; only root may mount one. */
function mountTiny(t: TestContext): boolean {
  const folder = temporaryFolder(t);
  const mount = join(folder, "tiny");
  mkdirSync(mount);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=48m", "tmpfs", mount], { stdio: "pipe" });
  } catch {
    console.error("SKIPPED: the full-disk test needs root, to mount a small file system");
    t.skip("mounting a small file system needs root");
    return false;
  }
  mounts.set(t, mount);
  atEnd(t, () => execFileSync("umount", ["-l", mount]));
  return true;
}
