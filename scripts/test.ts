/**
 * `npm test`: installs what the tests need, runs all checks and all groups of tests, and sums up.
 * `node scripts/test.ts GROUP...` runs only those groups, without the checks.
 * Exit 1 if anything failed, or if a group that has test files ran none of their tests.
 */
import { randomUUID } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { buildPages } from "../test/support/web-app.ts";
import { formatDuration, run } from "./processes.ts";
import { installInterop, installTools } from "./setup.ts";
import { makeTestFolder } from "./test-folder.ts";
import type { Outcome } from "./test-outcomes.ts";
import { verify } from "./verify.ts";

interface Group {
  readonly name: string;
  readonly files: readonly string[];
  /** A group that hangs is killed and counted as failed. */
  readonly limitMs: number;
  /** Files that run at the same time; those that start Tor or I2P mostly wait for them. */
  readonly atOnce?: number;
  /** Its longest files, which would else run at its end, with nothing left to run beside them. */
  readonly first?: readonly string[];
  /**
   * Those that mostly wait: for the disk, whose doings are their subject, or for time. They run on the disk, one at a
   * time, beside the others.
   */
  readonly aside?: readonly string[];
  /** So many of its files may fail and be run once more, alone (decision 22). */
  readonly again?: number;
}

interface GroupResult {
  readonly name: string;
  readonly ok: boolean;
  readonly outcomes: readonly Outcome[];
  readonly elapsedMs: number;
  /** What failed at first and passed alone. */
  readonly unsteady?: readonly Outcome[];
}

const MINUTE_MS = 60_000;

const GROUPS: readonly Group[] = [
  {
    name: "unit",
    files: ["{src,web,bench}/**/*.test.ts", "test/*.test.ts"],
    limitMs: 8 * MINUTE_MS,
    aside: [
      "src/agents/agent.test.ts",
      "src/agents/faults.test.ts",
      "src/mesh/ledger/member.test.ts",
      "src/cli/commands/routes.test.ts",
      "src/mesh/objects/object.test.ts",
      "src/messaging/cover/emitter.test.ts",
      "src/messaging/dispatcher.test.ts",
      "src/**/*-crash.test.ts",
      "src/files/blob-store.test.ts",
      "src/mesh/store/*.test.ts",
      "src/relay/event-store.test.ts",
      "src/vault/{database,vault-damage,vault-leak}.test.ts",
    ],
  },
  {
    name: "scenario",
    files: ["test/scenario/**/*.test.ts"],
    limitMs: 15 * MINUTE_MS,
    again: 1,
    atOnce: 3,
    // Those of routes wait, the others work: one of the former at a time leaves both cores busy.
    first: ["over-onions", "account", "conversation", "tor-bridge", "files", "transfers", "tor-healing"].map(
      (name) => `test/scenario/${name}.test.ts`,
    ),
  },
  { name: "fuzz", files: ["test/fuzz/**/*.test.ts"], limitMs: 15 * MINUTE_MS },
  {
    name: "browser",
    files: ["test/browser/**/*.test.ts"],
    limitMs: 15 * MINUTE_MS,
    again: 2,
    atOnce: 3,
    first: ["download-page", "settings", "group-messenger"].map((name) => `test/browser/${name}.test.ts`),
  },
  { name: "interop", files: ["test/interop/*.test.ts"], limitMs: 15 * MINUTE_MS },
];

/**
 * Each file runs in a process of its own, on ports and folders that nobody else uses; so many at a time. Those that start
 * nodes and browsers wait about half of their time for each other, so two of them fill two cores.
 */
const FILES_AT_ONCE = 2;

/** Where `nocturne` keeps it too: what one file has compiled, the others need not strip and compile again. */
const COMPILE_CACHE = join(tmpdir(), "node-compile-cache");

const TEST_FOLDER = makeTestFolder();

async function runGroup(group: Group): Promise<GroupResult | null> {
  const found = group.files.flatMap((pattern) => globSync(pattern)).sort();
  const aside = (group.aside ?? []).flatMap((pattern) => globSync(pattern));
  const files = [...(group.first ?? []), ...found.filter((path) => !group.first?.includes(path))];
  if (files.length === 0) return null;
  console.log(`\n== ${group.name}: ${files.length} files`);
  const first = await runBoth(group, files, aside);
  const failed = first.outcomes.filter(({ outcome }) => outcome === "failed");
  const failedFiles = [...new Set(failed.map(({ file }) => file))];
  if (failed.length === 0 || failedFiles.length > (group.again ?? 0)) return first;
  console.log(`\n== ${group.name}: once more, alone: ${failedFiles.join(", ")}`);
  const second = await runFiles(group, failedFiles, 1);
  return {
    ...second,
    outcomes: [...first.outcomes.filter(({ file }) => !failedFiles.includes(file)), ...second.outcomes],
    elapsedMs: first.elapsedMs + second.elapsedMs,
    unsteady: failed,
  };
}

async function runBoth(group: Group, files: readonly string[], aside: readonly string[]): Promise<GroupResult> {
  const others = files.filter((path) => !aside.includes(path));
  const results = await Promise.all([
    runFiles(group, others, group.atOnce ?? FILES_AT_ONCE),
    ...(aside.length > 0 ? [runFiles(group, aside, 1, tmpdir())] : []),
  ]);
  return {
    name: group.name,
    ok: results.every(({ ok }) => ok),
    outcomes: results.flatMap(({ outcomes }) => outcomes),
    elapsedMs: Math.max(...results.map(({ elapsedMs }) => elapsedMs)),
  };
}

async function runFiles(
  group: Group,
  files: readonly string[],
  atOnce: number,
  place: string = TEST_FOLDER,
): Promise<GroupResult> {
  const outcomesPath = join(TEST_FOLDER, `outcomes-${randomUUID()}.jsonl`);
  const result = await run("node", ["scripts/run-files.ts", outcomesPath, `${atOnce}`, ...files], {
    show: true,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, TMPDIR: place },
    limitMs: group.limitMs,
  });
  return { name: group.name, ok: result.ok, outcomes: readOutcomes(outcomesPath), elapsedMs: result.elapsedMs };
}

function readOutcomes(path: string): Outcome[] {
  const text = readFileSync(path, { encoding: "utf8", flag: "a+" });
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Outcome);
}

/** Prints one line for each group, and each skipped or failed test by name. Returns whether the group is good. */
function printResult({ name, ok, outcomes, elapsedMs, unsteady = [] }: GroupResult): boolean {
  const of = (outcome: Outcome["outcome"]) => outcomes.filter((test) => test.outcome === outcome);
  const passed = of("passed").length;
  const failed = of("failed");
  const skipped = of("skipped");
  const todo = of("todo");
  const good = ok && failed.length === 0 && passed + skipped.length > 0;
  console.log(
    `${good ? "ok    " : "FAILED"} ${name}: ${passed} passed, ${failed.length} failed, ${skipped.length} skipped, ` +
      `${todo.length} to do (${formatDuration(elapsedMs)})`,
  );
  for (const test of unsteady)
    console.log(`         UNSTEADY, failed at first: ${test.name} (${test.file}) ${test.reason}`);
  for (const test of failed) console.log(`         failed: ${test.name} (${test.file}) ${test.reason}`);
  for (const test of skipped) console.log(`         skipped: ${test.name}: ${test.reason}`);
  if (outcomes.length === 0) console.log("         no test ran, although the group has test files");
  return good;
}

async function main(names: readonly string[]): Promise<boolean> {
  const startMs = Date.now();
  const unknown = names.filter((name) => !GROUPS.some((group) => group.name === name));
  if (unknown.length > 0) {
    console.error(`Unknown group: ${unknown.join(", ")}. There are: ${GROUPS.map((group) => group.name).join(", ")}`);
    return false;
  }
  const chosen = names.length === 0 ? GROUPS : GROUPS.filter((group) => names.includes(group.name));
  // Installing waits for the network and the disk, checking for the cores.
  const tools = chosen.some((group) => group.name !== "unit") ? installTools() : null;
  const checked = names.length > 0 || (await verify());
  const interopReady = await installInterop();
  await tools;
  buildPages(); // not by each file that needs them: another one would find them half built
  const results: GroupResult[] = [];
  for (const group of chosen) {
    const result = await runGroup(group);
    if (result !== null) results.push(result);
  }

  console.log("\n== summary");
  if (names.length === 0) console.log(checked ? "ok     checks" : "FAILED checks (see above)");
  const good = results.map(printResult);
  const all = checked && interopReady && results.length > 0 && good.every(Boolean);
  console.log(`${all ? "ok    " : "FAILED"} everything (${formatDuration(Date.now() - startMs)})`);
  return all;
}

if (!(await main(process.argv.slice(2)))) process.exitCode = 1;
