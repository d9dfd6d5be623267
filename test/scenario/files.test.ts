/** Files from the command line: in, out, shared, lost and found, with a node and without. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { atEnd, temporaryFolder } from "../support/cleanup.ts";
import { type CliResult, runCli, startCommand, startNocturne } from "../support/nocturne-process.ts";
import { until } from "../support/acquaintance.ts";
import { peakBytes } from "../support/peak-memory.ts";

interface FileView {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly cipher: string;
  readonly storage: string;
}

interface LinkView {
  readonly slug: string;
  readonly url: string;
  readonly mode: string;
  readonly expiresAt: string | null;
  readonly left: number | null;
}

const MIB = 1_048_576;
const LARGE_BYTES = 300 * MIB;
const PEAK_BYTES = 300 * MIB;
/** Nothing at all, a whole chunk, and many chunks with a rest. */
const CASES = [
  ["aes-256-gcm", 0],
  ["aes-256-gcm", 16_384],
  ["aes-256-gcm", 1_000_003],
  ["noctis-256", 1],
  ["noctis-256", 1_000_003],
] as const;

/** Runs commands on one data folder. */
function shell(dataDir: string) {
  const run = <T>(command: string, stdin = "", cwd?: string): Promise<CliResult<T>> =>
    runCli<T>(command.split(" "), { dataDir, stdin, ...(cwd === undefined ? {} : { cwd }) });
  /** stdout as JSON of a command that must succeed. */
  const ask = async <T>(command: string, stdin = "", cwd?: string): Promise<T> => {
    const result = await run<T>(`${command} --json`, stdin, cwd);
    assert.equal(result.code, 0, `${command}: ${result.stderr}`);
    return result.json;
  };
  /** The exit code of a command that must fail, after a look at what it says. */
  const refusal = async (command: string, words: RegExp, stdin = ""): Promise<number | null> => {
    const { code, stderr } = await run(command, stdin);
    assert.match(stderr, words, command);
    assert.doesNotMatch(stderr, /\n\s+at /);
    return code;
  };
  return { run, ask, refusal };
}

/** The same life of files for both: `node` runs, or every command works by itself. */
for (const hasNode of [true, false]) {
  test(`both ciphers come out as they went in, ${hasNode ? "with" : "without"} a node`, async (t) => {
    const dataDir = hasNode ? (await startNocturne(t)).dataDir : temporaryFolder(t);
    const folder = temporaryFolder(t);
    const { ask } = shell(dataDir);
    const output = join(folder, "out.bin");
    const cases = hasNode ? CASES : CASES.slice(2, 4);
    for (const [i, [cipher, bytes]] of cases.entries()) {
      const input = join(folder, `plan-${i}.bin`);
      const content = randomBytes(bytes);
      writeFileSync(input, content);
      const file = await ask<FileView>(`files put ${input} --cipher ${cipher}`);
      const { name, storage } = file;
      assert.deepEqual(
        { name, bytes: file.bytes, cipher: file.cipher, storage },
        { name: `plan-${i}.bin`, bytes, cipher, storage: "local" },
      );
      await ask(`files get ${file.id} -o ${output}`);
      assert.ok(readFileSync(output).equals(content), `${cipher}, ${bytes} bytes`);
    }
    const list = await ask<FileView[]>("files ls");
    assert.equal(list.length, cases.length);
    for (const { id } of list) await ask(`files rm ${id}`);
    assert.deepEqual(await ask<FileView[]>("files ls"), []);
    assert.equal(readdirSync(join(dataDir, "blobs")).length, cases.length, "the trash holds what was deleted");
    await ask("files trash --empty");
    assert.deepEqual(readdirSync(join(dataDir, "blobs")), [], "what was deleted for good is gone from the disk");
  });

  test(`a file's password: needed, recovered, ${hasNode ? "with" : "without"} a node`, async (t) => {
    const dataDir = hasNode ? (await startNocturne(t)).dataDir : temporaryFolder(t);
    const folder = temporaryFolder(t);
    const { ask, refusal } = shell(dataDir);
    const input = join(folder, "will.txt");
    const output = join(folder, "out.txt");
    writeFileSync(input, "all to the cat");
    const { id } = await ask<FileView>(`files put ${input} --password-stdin`, "walnut umbrella\n");
    assert.equal(await refusal(`files get ${id} -o ${output}`, /--password-stdin/), 1);
    assert.equal(await refusal(`files get ${id} -o ${output} --password-stdin`, /wrong/, "walnut\n"), 1);
    assert.ok(!existsSync(output));
    const { words } = await ask<{ words: string }>("recovery show");
    assert.equal(await refusal(`files recover ${id} --recovery-key-stdin`, /wrong/, "11".repeat(32)), 1);
    for (const [command, stdin] of [
      [`files recover ${id}`, ""],
      [`files recover ${id} --recovery-key-stdin`, words],
    ] as const) {
      assert.deepEqual(await ask(command, stdin), { password: "walnut umbrella" });
    }
    await ask(`files get ${id} -o ${output} --password-stdin`, "walnut umbrella\n");
    assert.equal(readFileSync(output, "utf8"), "all to the cat");
  });
}

test("to stdout comes the file and nothing else; a name that is taken stays untouched", async (t) => {
  const { ask, run, refusal } = shell((await startNocturne(t)).dataDir);
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "note.txt"), "first\n");
  const { id } = await ask<FileView>("files put note.txt", "", folder);
  for (const more of ["", " --json"]) {
    const { code, stdout } = await run(`files get ${id} -o -${more}`);
    assert.deepEqual([code, stdout], [0, "first\n"]);
  }
  writeFileSync(join(folder, "note.txt"), "second\n");
  assert.equal((await ask<{ path: string }>(`files get ${id}`, "", folder)).path, "note (1).txt");
  assert.equal(readFileSync(join(folder, "note.txt"), "utf8"), "second\n");
  assert.equal(readFileSync(join(folder, "note (1).txt"), "utf8"), "first\n");
  await ask(`files get ${id.slice(0, 6)} -o note.txt`, "", folder);
  assert.equal(readFileSync(join(folder, "note.txt"), "utf8"), "first\n", "a name that was given is written to");
  assert.equal(await refusal(`files get ${id} -o ${folder}`, /is a folder/), 1);
  assert.equal(await refusal(`files put ${folder}/none`, /does not exist/), 1);
  assert.equal(await refusal(`files put ${folder}/note.txt --mesh`, /No storage mesh is joined/), 5);
});

test("an id that is too short or unset deletes nothing", async (t) => {
  const { ask, refusal } = shell((await startNocturne(t)).dataDir);
  const input = join(temporaryFolder(t), "only.txt");
  writeFileSync(input, "the only file");
  const { id } = await ask<FileView>(`files put ${input}`);
  for (const wrong of ["", id.slice(0, 3), `${id}0`, "0000", "../../x"]) {
    assert.equal(await refusal(`files rm ${wrong}`, /no (such )?file/), 1, wrong);
  }
  assert.equal((await ask<FileView[]>("files ls")).length, 1);
});

test("links: each kind is made, listed, counted and ended", async (t) => {
  const node = await startNocturne(t);
  const { ask, refusal } = shell(node.dataDir);
  const input = join(temporaryFolder(t), "map.txt");
  writeFileSync(input, "here be dragons");
  const { id } = await ask<FileView>(`files put ${input}`);
  const make = (options: string, stdin = "") => ask<LinkView>(`files link ${id} ${options}`, stdin);
  const persistent = await make("--mode persistent");
  assert.deepEqual([persistent.mode, persistent.expiresAt, persistent.left], ["persistent", null, null]);
  const timed = await make("--mode timed --expires 24h");
  assert.ok(Math.abs(Date.parse(timed.expiresAt ?? "") - Date.now() - 86_400_000) < 60_000);
  const once = await make("--mode one-time");
  assert.equal(once.left, 1);
  const guarded = await make("--mode persistent --downloads 3 --password-stdin", "walnut\n");
  assert.equal(guarded.left, 3);
  assert.equal(await refusal(`files link ${id} --mode soon`, /persistent, timed, one-time/), 2);
  assert.equal(await refusal(`files link ${id} --mode timed --expires soon`, /duration/), 1);

  const made = [persistent, timed, once, guarded];
  for (const { url, slug } of made) {
    assert.match(url, new RegExp(`^http://localhost:${node.ports.app}/s/${slug}#[\\w-]{22}$`));
    assert.equal(await stateOf(url), "active");
  }
  assert.deepEqual(
    new Set((await ask<LinkView[]>("files links")).map(({ slug }) => slug)),
    new Set(made.map(({ slug }) => slug)),
  );
  await ask(`files unlink ${timed.slug}`);
  assert.equal(await stateOf(timed.url), "ended");
  assert.equal(await refusal(`files unlink ${timed.slug}`, /no such link/), 1);
  await ask(`files rm ${id}`);
  assert.deepEqual(await ask<LinkView[]>("files links"), [], "a file takes its links with it");
  assert.equal(await stateOf(once.url), "ended");

  const secret = await ask<FileView>(`files put ${input} --password-stdin`, "of the file");
  assert.equal(await refusal(`files link ${secret.id}`, /--file-password-stdin/), 1);
  assert.equal(await refusal(`files link ${secret.id} --file-password-stdin`, /wrong/, "of another"), 1);
  await ask(`files link ${secret.id} --file-password-stdin --password-stdin`, "of the file\nof the link");
});

/** What a visitor without the key is told of a link. */
async function stateOf(url: string): Promise<string> {
  const { origin, pathname } = new URL(url);
  const response = await fetch(`${origin}${pathname}/info`);
  return ((await response.json()) as { state: string }).state;
}

test("a put that is killed midway leaves nothing, whoever is killed, and the next start is clean", async (t) => {
  const node = await startNocturne(t);
  const { dataDir, ports } = node;
  const blobs = join(dataDir, "blobs");
  const { ask } = shell(dataDir);

  const command = await startPut(t, dataDir, blobs);
  await command.end("SIGKILL");
  await until("the node has removed what it had of the file", async () => readdirSync(blobs).length === 0);
  assert.deepEqual(await ask<FileView[]>("files ls"), []);

  const other = await startPut(t, dataDir, blobs);
  await node.end("SIGKILL");
  other.feed.end();
  assert.equal(await other.exited, 1);
  assert.match(other.log(), /ended during this call/);
  const again = await startNocturne(t, { dataDir, ports });
  await until("the next start has removed it", async () => readdirSync(blobs).length === 0);
  assert.deepEqual(await ask<FileView[]>("files ls"), []);
  await again.end();

  const alone = await startPut(t, dataDir, blobs);
  await alone.end("SIGKILL");
  assert.equal(readdirSync(blobs).length, 1);
  const last = await startNocturne(t, { dataDir, ports });
  await until("the next start has removed it", async () => readdirSync(blobs).length === 0);
  assert.deepEqual(await ask<FileView[]>("files ls"), []);
  assert.doesNotMatch(last.log(), /"level":(40|50)/);
});

test("Ctrl-C in a put or get tidies up", async (t) => {
  const dataDir = temporaryFolder(t);
  const blobs = join(dataDir, "blobs");
  const put = await startPut(t, dataDir, blobs);
  const begun = Date.now();
  const code = await put.end("SIGINT");
  // A read of the pipe may still be waiting: then it ends by the signal itself, for which there is no code.
  assert.ok(code === 130 || code === null, String(code));
  assert.ok(Date.now() - begun < 8_000, "nobody had to kill it");
  assert.match(put.log(), /Interrupted/);
  assert.deepEqual(readdirSync(blobs), []);

  const folder = temporaryFolder(t);
  const input = join(folder, "large.bin");
  writeFileSync(input, Buffer.alloc(64 * MIB));
  const { id } = await shell(dataDir).ask<FileView>(`files put ${input}`);
  const outputs = join(folder, "outputs");
  mkdirSync(outputs);
  const get = startCommand(t, ["files", "get", id, "-o", join(outputs, "large.bin")], { dataDir });
  await until("the get has begun", async () => readdirSync(outputs).length > 0);
  assert.equal(await get.end("SIGINT"), 130);
  assert.ok(!existsSync(join(outputs, "large.bin")), "only what the next get goes on with");
  assert.match(get.log(), /goes on where it was/);
});

/** A put whose input is a pipe that this test holds open, once some of it lies sealed on the disk. */
async function startPut(t: TestContext, dataDir: string, blobs: string) {
  const pipe = join(temporaryFolder(t), "pipe");
  execFileSync("mkfifo", [pipe]);
  const command = startCommand(t, ["files", "put", pipe], { dataDir });
  const feed = createWriteStream(pipe);
  feed.on("error", () => {}); // its reader is killed
  atEnd(t, () => feed.destroy());
  feed.write(randomBytes(4 * MIB));
  await until("a part of the file is on the disk", async () => existsSync(blobs) && readdirSync(blobs).length === 1);
  return { ...command, feed };
}

test("300 MiB in and out: the same bytes, and the node's memory stays below 300 MiB", async (t) => {
  const node = await startNocturne(t);
  const folder = temporaryFolder(t);
  const { ask } = shell(node.dataDir);
  const input = join(folder, "large.bin");
  const expected = writePattern(input, LARGE_BYTES);
  const { id, bytes } = await ask<FileView>(`files put ${input}`);
  assert.equal(bytes, LARGE_BYTES);
  const output = join(folder, "out.bin");
  await ask(`files get ${id} -o ${output}`);
  assert.equal(await hashOf(output), expected);
  const peak = peakBytes(node.pid);
  assert.ok(peak < PEAK_BYTES, `the node took ${Math.round(peak / MIB)} MiB`);
});

/** Blocks that all differ, so that a lost, doubled or swapped one shows. Returns the SHA-256. */
function writePattern(path: string, bytes: number): string {
  const block = randomBytes(MIB);
  const hash = createHash("sha256");
  const file = openSync(path, "w");
  for (let at = 0; at < bytes; at += MIB) {
    block.writeUInt32BE(at / MIB);
    writeSync(file, block);
    hash.update(block);
  }
  closeSync(file);
  return hash.digest("hex");
}

async function hashOf(path: string): Promise<string> {
  await using file = await open(path);
  const hash = createHash("sha256");
  for await (const piece of file.createReadStream({ highWaterMark: MIB })) hash.update(piece as Buffer);
  return hash.digest("hex");
}
