import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/cleanup.ts";
import { statReadable, writeWholeFile } from "./whole-file.ts";

const { signal } = new AbortController();

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("half");
  throw new Error("cut");
}

test("a file appears whole, for its owner alone, and nothing beside it", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "out.txt");
  assert.equal(await writeWholeFile(pieces("ab", "c"), path, signal), 3);
  assert.equal(readFileSync(path, "utf8"), "abc");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ["out.txt"]);
});

test("a cut stream leaves what was there", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "out.txt");
  await assert.rejects(writeWholeFile(failing(), path, signal), /cut/);
  assert.deepEqual(readdirSync(folder), []);
  writeFileSync(path, "before");
  await assert.rejects(writeWholeFile(failing(), path, signal), /cut/);
  assert.deepEqual(readdirSync(folder), ["out.txt"]);
  assert.equal(readFileSync(path, "utf8"), "before");
});

test("an interruption in the middle leaves nothing", async (t) => {
  const folder = temporaryFolder(t);
  const controller = new AbortController();
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (let i = 0; ; i++) {
      if (i === 3) controller.abort();
      yield Buffer.alloc(65_536);
    }
  }
  await assert.rejects(writeWholeFile(endless(), join(folder, "out"), controller.signal));
  assert.deepEqual(readdirSync(folder), []);
});

test("a link is followed, not replaced", async (t) => {
  const folder = temporaryFolder(t);
  const target = join(folder, "target");
  const link = join(folder, "link");
  writeFileSync(target, "before");
  symlinkSync(target, link);
  await writeWholeFile(pieces("after"), link, signal);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.equal(readFileSync(target, "utf8"), "after");
});

test("a pipe or device is written to and stays what it is", async (t) => {
  const folder = temporaryFolder(t);
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const read = import("node:fs/promises").then(({ readFile }) => readFile(pipe, "utf8"));
  await writeWholeFile(pieces("through"), pipe, signal);
  assert.equal(await read, "through");
  assert.ok(statSync(pipe).isFIFO());
  await writeWholeFile(pieces("away"), "/dev/null", signal);
  assert.ok(statSync("/dev/null").isCharacterDevice());
});

test("a folder is named as such", async (t) => {
  const folder = join(temporaryFolder(t), "sub");
  mkdirSync(folder);
  await assert.rejects(writeWholeFile(pieces("x"), folder, signal), { code: "is_a_folder" });
  await assert.rejects(statReadable(folder), { code: "is_a_folder" });
  await assert.rejects(statReadable(join(folder, "none")), { code: "ENOENT" });
});
