/**
 * Files on their way in and out, with kill -9 of either side, a network that cuts, and many at once. Whatever happens, they
 * come out byte for byte as they went in, and nothing that was there is sent twice.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { atEnd, temporaryFolder } from "../support/cleanup.ts";
import { runCli, type RunningCommand, startCommand, startNocturne } from "../support/nocturne-process.ts";

interface FileView {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly path: string;
}

const MIB = 1_048_576;
const BYTES = 48 * MIB;
const MANY = 300;

function makeFile(folder: string, bytes: number): { path: string; sha256: string } {
  const path = join(folder, "film.mkv");
  const content = randomBytes(bytes);
  writeFileSync(path, content);
  return { path, sha256: sha256Of(path) };
}

function sha256Of(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** Waits until something in the folder holds so many bytes; throws when the command ends before. */
async function untilWritten(folder: string, bytes: number, command: RunningCommand): Promise<void> {
  const sizeOf = (name: string): number => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  for (;;) {
    if (existsSync(folder) && readdirSync(folder).some((name) => sizeOf(name) >= bytes)) return;
    assert.ok(command.isRunning(), `it ended too early: ${command.log()}`);
    await sleep(2);
  }
}

async function ask<T>(dataDir: string, args: readonly string[]): Promise<T> {
  const { code, json, stderr } = await runCli<T>([...args, "--json"], { dataDir });
  assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
  return json;
}

/** Gets the only file out and compares it. */
async function assertInside(t: TestContext, dataDir: string, sha256: string): Promise<void> {
  const files = await ask<FileView[]>(dataDir, ["files", "ls"]);
  assert.equal(files.length, 1);
  const output = join(temporaryFolder(t), "out");
  await ask(dataDir, ["files", "get", files[0]?.id ?? "", "-o", output]);
  assert.equal(sha256Of(output), sha256);
  assert.equal(readdirSync(join(dataDir, "blobs")).length, 1);
}

for (const hasNode of [true, false]) {
  test(`a put that is killed goes on where it was, ${hasNode ? "with" : "without"} a node`, async (t) => {
    const dataDir = hasNode ? (await startNocturne(t)).dataDir : temporaryFolder(t);
    const file = makeFile(temporaryFolder(t), hasNode ? BYTES : BYTES / 2);
    for (const share of hasNode ? [0.2, 0.5] : [0.5]) {
      const put = startCommand(t, ["files", "put", file.path], { dataDir });
      await untilWritten(join(dataDir, "blobs"), share * statSync(file.path).size, put);
      await put.end("SIGKILL");
    }
    const [waiting] = await ask<{ id: string; offset: number }[]>(dataDir, ["files", "uploads"]);
    assert.ok((waiting?.offset ?? 0) > 0.4 * statSync(file.path).size);
    const { code, stderr } = await runCli(["files", "put", file.path], { dataDir });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Continuing film\.mkv at [4-9]\d %\./);
    assert.deepEqual(await ask(dataDir, ["files", "uploads"]), []);
    await assertInside(t, dataDir, file.sha256);
  });
}

test("another file under the same name starts over; what is given up is gone", async (t) => {
  const { dataDir } = await startNocturne(t);
  const folder = temporaryFolder(t);
  const first = makeFile(folder, BYTES);
  const put = startCommand(t, ["files", "put", first.path], { dataDir });
  await untilWritten(join(dataDir, "blobs"), BYTES / 2, put);
  await put.end("SIGKILL");
  const second = makeFile(folder, BYTES);
  const again = await runCli(["files", "put", second.path], { dataDir });
  assert.deepEqual([again.code, again.stderr.includes("Continuing")], [0, false]);
  const [waiting] = await ask<{ id: string }[]>(dataDir, ["files", "uploads"]);
  assert.deepEqual(await ask(dataDir, ["files", "uploads", "--rm", waiting?.id ?? ""]), []);
  await assertInside(t, dataDir, second.sha256);
});

test("a put and a get wait for a node that was killed under them, and go on", async (t) => {
  const node = await startNocturne(t);
  const { dataDir, ports } = node;
  const file = makeFile(temporaryFolder(t), BYTES);
  const put = startCommand(t, ["files", "put", file.path, "--json"], { dataDir });
  await untilWritten(join(dataDir, "blobs"), BYTES / 2, put);
  await node.end("SIGKILL");
  const second = await startNocturne(t, { dataDir, ports });
  assert.equal(await put.exited, 0, put.log());
  assert.match(put.log(), /waiting until it is back/);
  const { id, bytes } = JSON.parse(put.stdout()) as FileView;
  assert.equal(bytes, BYTES);

  const outputs = temporaryFolder(t);
  const get = startCommand(t, ["files", "get", id, "-o", join(outputs, "out")], { dataDir });
  await untilWritten(outputs, BYTES / 2, get);
  await second.end("SIGKILL");
  const third = await startNocturne(t, { dataDir, ports });
  assert.equal(await get.exited, 0, get.log());
  assert.deepEqual(readdirSync(outputs), ["out"]);
  assert.equal(sha256Of(join(outputs, "out")), file.sha256);
  await third.end();
});

test("a network that cuts again and again holds up a put, and does not spoil it", async (t) => {
  const { dataDir } = await startNocturne(t);
  const file = makeFile(temporaryFolder(t), BYTES / 2);
  const cuts = cutConnections(t, join(dataDir, "nocturne.sock"), 5 * MIB);
  const { code, stderr } = await runCli(["files", "put", file.path], { dataDir });
  assert.equal(code, 0, stderr);
  assert.ok(cuts() >= 3, `${cuts()} cuts`);
  await assertInside(t, dataDir, file.sha256);
});

/** Puts itself in front of a socket and cuts every connection that has carried so many bytes to it. */
function cutConnections(t: TestContext, path: string, bytes: number): () => number {
  const behind = `${path}.real`;
  renameSync(path, behind);
  let cuts = 0;
  const server = createServer((client) => {
    const node = connect(behind);
    let carried = 0;
    const end = (): void => void (client.destroy(), node.destroy());
    client.on("data", (piece: Buffer) => {
      carried += piece.length;
      if (carried > bytes) cuts += 1;
      if (carried > bytes) return end();
      if (!node.write(piece)) client.pause();
    });
    node.on("drain", () => client.resume());
    node.pipe(client);
    for (const side of [client, node]) side.on("error", end).on("close", end);
  }).listen(path);
  atEnd(t, () => void server.close());
  return () => cuts;
}

test("a get that is killed goes on where it was, unless the content is another one by then", async (t) => {
  const { dataDir } = await startNocturne(t);
  const file = makeFile(temporaryFolder(t), BYTES);
  const { id } = await ask<FileView>(dataDir, ["files", "put", file.path]);
  const outputs = temporaryFolder(t);
  const output = join(outputs, "film.mkv");
  const interrupted = async (signal: NodeJS.Signals): Promise<void> => {
    const get = startCommand(t, ["files", "get", id, "-o", output], { dataDir });
    await untilWritten(outputs, BYTES / 3, get);
    await get.end(signal);
    assert.ok(!existsSync(output));
    assert.equal(readdirSync(outputs).length, 1);
  };
  for (const signal of ["SIGKILL", "SIGINT"] as const) {
    await interrupted(signal);
    const { code, stderr } = await runCli(["files", "get", id, "-o", output], { dataDir });
    assert.deepEqual([code, readdirSync(outputs)], [0, ["film.mkv"]], stderr);
    assert.match(stderr, /Continuing at [3-9]\d %\./);
    assert.equal(sha256Of(output), file.sha256);
    renameSync(output, join(temporaryFolder(t), "done"));
  }

  await interrupted("SIGKILL");
  const [part] = readdirSync(outputs);
  const spoilt = readFileSync(join(outputs, part ?? ""));
  spoilt.fill(0, spoilt.length - 1_000);
  writeFileSync(join(outputs, part ?? ""), spoilt);
  const anew = await runCli(["files", "get", id, "-o", output], { dataDir });
  assert.deepEqual([anew.code, anew.stderr.includes("Continuing")], [0, false], "an end that is not the node's");
  assert.equal(sha256Of(output), file.sha256);
  renameSync(output, join(temporaryFolder(t), "done"));

  await interrupted("SIGKILL");
  const other = makeFile(temporaryFolder(t), BYTES + 1);
  await ask(dataDir, ["files", "put", other.path, "--replace"]);
  const { code, stderr } = await runCli(["files", "get", id, "-o", output], { dataDir });
  assert.deepEqual([code, readdirSync(outputs)], [0, ["film.mkv"]], stderr);
  assert.doesNotMatch(stderr, /Continuing/);
  assert.equal(sha256Of(output), other.sha256);
});

test("a whole folder goes in side by side; what fails is told, the rest is kept, and can be added later", async (t) => {
  const { dataDir } = await startNocturne(t);
  const folder = join(temporaryFolder(t), "Photos");
  mkdirSync(join(folder, "2026/sea"), { recursive: true });
  mkdirSync(join(folder, "empty"));
  symlinkSync("/etc/passwd", join(folder, "link"));
  const places = ["", "2026", "2026/sea"];
  const expected = new Map<string, string>();
  for (let i = 0; i < MANY; i++) {
    const place = join(places[i % 3] ?? "", `${i}.jpg`);
    writeFileSync(join(folder, place), randomBytes(i * 40));
    expected.set(`/Trip/Photos/${place}`, sha256Of(join(folder, place)));
  }
  writeFileSync(join(folder, "2026/\u200b"), "a name of nothing");
  const more = join(temporaryFolder(t), "notes.txt");
  writeFileSync(more, "all of it");
  await ask(dataDir, ["files", "mkdir", "/Trip"]);
  const put = await runCli<FileView[]>(["files", "put", folder, more, "--to", "/Trip", "--json"], { dataDir });
  assert.equal(put.code, 1);
  assert.match(put.stderr, /bad_file_name/);
  assert.match(put.stderr, /Left out 1 links/);
  assert.match(put.stderr, new RegExp(`1 of ${MANY + 2} files failed`));
  assert.deepEqual(
    new Set(put.json.map(({ path }) => path)),
    new Set([...expected.keys(), "/Trip/notes.txt"]),
    "one object a line",
  );
  const folders = await ask<{ kind: string; name: string }[]>(dataDir, ["files", "ls", "/Trip/Photos"]);
  assert.deepEqual(
    folders.filter(({ kind }) => kind === "folder").map(({ name }) => name),
    ["2026", "empty"],
  );
  const output = temporaryFolder(t);
  for (const path of [...expected.keys()].slice(-3)) {
    await ask(dataDir, ["files", "get", path, "-o", join(output, "out")]);
    assert.equal(sha256Of(join(output, "out")), expected.get(path));
  }

  writeFileSync(join(folder, "late.jpg"), "came later");
  renameSync(join(folder, "2026/\u200b"), join(folder, "2026/named"));
  const args = ["files", "put", folder, more, "--to", "/Trip", "--missing", "--json"];
  const later = await runCli<FileView[]>(args, { dataDir });
  assert.equal(later.code, 0, later.stderr);
  assert.deepEqual(later.json.map(({ path }) => path).sort(), ["/Trip/Photos/2026/named", "/Trip/Photos/late.jpg"]);
});
