/** Folders, versions and the trash from the command line, and what a backup brings back of them. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../support/cleanup.ts";
import { runCli } from "../support/nocturne-process.ts";

interface Entry {
  readonly kind: "file" | "folder";
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly versions: number;
}

/** Every command works by itself here: no node runs. */
function shell(dataDir: string) {
  const run = (command: string, stdin = "") => runCli(command.split(" "), { dataDir, stdin });
  const ask = async <T>(command: string, stdin = ""): Promise<T> => {
    const result = await run(`${command} --json`, stdin);
    assert.equal(result.code, 0, `${command}: ${result.stderr}`);
    return result.json as T;
  };
  return { run, ask };
}

test("files lie in folders, keep versions, come back from the trash, and all of it from a backup", async (t) => {
  const dataDir = join(temporaryFolder(t), "data");
  const folder = temporaryFolder(t);
  const { run, ask } = shell(dataDir);
  const input = join(folder, "plan.txt");
  const put = async (text: string, more = "--to Plans/2026"): Promise<Entry> => {
    writeFileSync(input, text);
    return ask<Entry>(`files put ${input} ${more}`);
  };
  await ask("files mkdir Plans");
  assert.equal((await ask<Entry>("files mkdir /Plans/2026/")).path, "/Plans/2026");
  const { id } = await put("one");
  const second = await put("two", "--to Plans/2026 --replace");
  assert.deepEqual([second.id, second.path, second.versions], [id, "/Plans/2026/plan.txt", 1]);
  assert.equal((await run("files get /Plans/2026/plan.txt -o -")).stdout, "two");
  const [version] = await ask<{ id: string }[]>(`files versions ${id}`);
  assert.ok(version);
  assert.equal((await run(`files get ${id} --version ${version.id} -o -`)).stdout, "one");

  assert.equal((await ask<Entry>(`files mv ${id} /Plans`)).path, "/Plans/plan.txt");
  assert.equal((await ask<Entry>(`files mv /Plans/plan.txt /Plans/2026/new.txt`)).path, "/Plans/2026/new.txt");
  assert.equal((await ask<Entry>("files mv /Plans/2026 /2026")).path, "/2026");
  assert.match((await run("files mv /Plans /Plans/in")).stderr, /into itself/);
  assert.match((await run("files put none --to /None")).stderr, /does not exist/);
  assert.match((await run(`files put ${input} --to /None`)).stderr, /no such folder/);
  const top = await ask<Entry[]>("files ls");
  assert.deepEqual(
    top.map(({ kind, name }) => [kind, name]),
    [
      ["folder", "2026"],
      ["folder", "Plans"],
    ],
  );
  assert.deepEqual(
    (await ask<Entry[]>("files search NEW")).map(({ path }) => path),
    ["/2026/new.txt"],
  );

  const gone = await put("gone", "--to /");
  await ask("files rm /plan.txt");
  await ask("files rm /Plans");
  assert.equal((await run(`files get ${gone.id}`)).code, 1);
  const backup = join(folder, "backup");
  await ask(`backup ${backup}`);
  const { hex } = await ask<{ hex: string }>("recovery show");

  const other = shell(join(temporaryFolder(t), "data"));
  assert.equal((await other.run(`restore ${backup}`, hex)).code, 0);
  assert.equal((await other.run("files get /2026/new.txt -o -")).stdout, "two");
  await other.ask(`files versions ${id} --restore ${version.id}`);
  assert.equal((await other.run(`files get ${id} -o -`)).stdout, "one");
  const trash = await other.ask<Entry[]>("files trash");
  assert.deepEqual(
    trash.map(({ kind, name }) => [kind, name]),
    [
      ["folder", "Plans"],
      ["file", "plan.txt"],
    ],
  );
  await other.ask(`files restore ${gone.id}`);
  assert.equal((await other.run("files get /plan.txt -o -")).stdout, "gone");
  assert.deepEqual(await other.ask("files trash --empty"), []);
  await other.ask("files rm /2026 --forever");
  assert.deepEqual(
    (await other.ask<Entry[]>("files ls")).map(({ name }) => name),
    ["plan.txt"],
  );
});

test("a version put without a password where there was one is said to have none", async (t) => {
  const dataDir = join(temporaryFolder(t), "data");
  const input = join(temporaryFolder(t), "a.txt");
  const { run } = shell(dataDir);
  writeFileSync(input, "x");
  await run(`files put ${input} --password-stdin`, "secret");
  const { stderr } = await run(`files put ${input} --replace`);
  assert.match(stderr, /newest version[\s\S]*this one has none/);
});
