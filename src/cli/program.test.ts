/** The command line as a script meets it, in processes of its own: usage errors, help, and what needs no node. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/cleanup.ts";
import { runCli } from "../../test/support/nocturne-process.ts";
import { Context } from "./context.ts";
import { createProgram } from "./program.ts";

interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

async function failureOf(args: readonly string[], dataDir?: string): Promise<[number | null, Failure["error"]]> {
  const { code, stderr, stdout } = await runCli([...args, "--json"], dataDir === undefined ? {} : { dataDir });
  assert.equal(stdout, "");
  return [code, (JSON.parse(stderr) as Failure).error];
}

test("a mistyped command never starts the app, wherever it stands", async () => {
  for (const args of [["snd"], ["--data-dir", "x", "snd"], ["-q", "snd"]]) {
    const [code, error] = await failureOf(args);
    assert.deepEqual([code, error.code, error.hint], [2, "usage", "Did you mean send?"], args.join(" "));
  }
});

test("wrong usage says what is wrong, and where the help is", async () => {
  const [code, error] = await failureOf(["files", "put", "x", "--cipher", "rot13"]);
  assert.equal(code, 2);
  assert.match(error.message, /Allowed choices are aes-256-gcm, noctis-256/);
  assert.equal(error.hint, "See: nocturne files put --help");
});

test("text after -- is no option", async (t) => {
  const { code, stderr } = await runCli(["send", "bob", "--", "--json"], { dataDir: temporaryFolder(t) });
  assert.equal(code, 3);
  assert.match(stderr, /^nocturne: No Nocturne is running/);
});

test("every command says what it does", () => {
  const all = (command: ReturnType<typeof createProgram>): string[] =>
    command.commands.flatMap((child) => [...(child.description() ? [] : [child.name()]), ...all(child)]);
  assert.deepEqual(all(createProgram(new Context())), []);
});

test("help exits 0 and groups the commands", async () => {
  const { code, stdout } = await runCli(["--help"]);
  assert.equal(code, 0);
  for (const group of ["The app:", "People and messages:", "Files and links:", "Your vault:"]) {
    assert.ok(stdout.includes(`\n${group}\n`), group);
  }
  assert.match((await runCli(["help", "files"])).stdout, /put .*<path\.\.\.>/);
});

test("commands that need a node say so with 3, and leave no folder behind", async (t) => {
  const dataDir = join(temporaryFolder(t), "none");
  const commands = ["status", "stop", "open", "lock", "unlock", "invite", "inbox", "contact list", "files links"];
  for (const command of commands) {
    const [code, error] = await failureOf(command.split(" "), dataDir);
    assert.deepEqual([code, error.code], [3, "no_node"], command);
  }
  assert.ok(!existsSync(dataDir));
});

test("a data directory that is a file is named as such", async () => {
  const [code, error] = await failureOf(["status"], join(import.meta.dirname, "program.test.ts"));
  assert.deepEqual([code, error.message], [2, "The data directory is not a folder."]);
});

test("doctor looks without touching: no vault is made for it", async (t) => {
  const dataDir = temporaryFolder(t);
  const { code, json } = await runCli<{ ok: boolean; checks: { name: string; ok: boolean; hint: string }[] }>(
    ["doctor", "--json"],
    { dataDir, env: { PORT: "0" } },
  );
  assert.deepEqual([code, json.ok], [0, true]);
  assert.ok(json.checks.every(({ name, hint }) => name !== "" && hint !== ""));
  assert.deepEqual(readdirSync(dataDir), []);
});

test("a closed pipe is no failure", async (t) => {
  const { execFileSync } = await import("node:child_process");
  const entry = join(import.meta.dirname, "nocturne.ts");
  const command = `"${process.execPath}" "${entry}" --help | true; echo "\${PIPESTATUS[0]}"`;
  const env = { ...process.env, NOCTURNE_DATA_DIR: temporaryFolder(t) };
  assert.equal(execFileSync("bash", ["-c", command], { env, encoding: "utf8" }).trim(), "0");
});

test("completion: a script for each shell, and answers to its questions", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, stdout } = await runCli(["completion", shell]);
    assert.equal(code, 0);
    assert.match(stdout, /nocturne complete --/);
  }
  const { stdout } = await runCli(["complete", "--", "files", ""]);
  const values = stdout.split("\n").map((line) => line.split("\t")[0]);
  for (const command of ["put", "ls", "get", "rm", "link"]) assert.ok(values.includes(command), command);
  assert.equal((await runCli(["complete", "--", "files", "put", ""])).stdout, ":0\n");
});
