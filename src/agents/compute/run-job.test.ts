/** Programs of strangers, and what they try. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import process from "node:process";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { JobRun, Outcome } from "./outcome.ts";
import { runJob } from "./run-job.ts";
import { runInSandbox } from "./sandbox.ts";

const never = new AbortController().signal;

function jobOf(program: string, more: Partial<JobRun> = {}): JobRun {
  return { program, input: "null", fuel: 1_000, seed: "0123456789abcdef".repeat(4), ...more };
}

/** The body of the program's function. */
function doing(body: string, more: Partial<JobRun> = {}): Promise<Outcome> {
  return runInSandbox(jobOf(`export default function (input) { ${body} }`, more));
}

/** A little of everything whose result might depend on the machine. */
const WORK = `
const memo = new Map();
const fib = (n) => n < 2 ? n : (memo.get(n) ?? (memo.set(n, fib(n - 1) + fib(n - 2)), memo.get(n)));
export default async function ({ names, most }) {
  let sum = 0;
  for (let i = 0; i < most; i++) sum += Math.sin(i) * Math.random() + Math.pow(i, 0.3);
  await null;
  const sorted = names.toSorted((a, b) => a.length - b.length).map((name) => name.replace(/(.)\\1/g, "<$1>"));
  const bytes = Array.from(new Uint8Array(new Float64Array([sum, NaN, 0 / 0]).buffer));
  let depth = 0;
  const dive = () => { depth++; dive(); };
  try { dive(); } catch { }
  return { sum, sorted, bytes, depth, fib: fib(60), big: String(2n ** 100n), keys: Object.keys({ b: 1, a: 2, 7: 3 }) };
}`;
const WORK_INPUT = JSON.stringify({ names: ["aabb", "c", "dd", "e"], most: 20_000 });

test("input and answer are JSON, written in one way", async () => {
  const program = "export default ({ a }) => ({ z: a, b: [1.50, 'é', -0, undefined], a: true })";
  const { outcome, ms } = await runJob(jobOf(program, { input: '{"a":{"n":1e3}}' }), never);
  assert.deepEqual(outcome, {
    failure: null,
    output: String.raw`{"a":true,"b":[1.5,"\u00e9",0,null],"z":{"n":1000}}`,
    fuel: outcome?.fuel,
  });
  assert.ok(ms > 0);
  assert.equal((await runInSandbox(jobOf("export default async () => 5"))).output, "5");
  assert.equal((await runInSandbox(jobOf("const x = await 5; export default () => x"))).output, "5");
});

test("twenty runs and another process give the same output by the same fuel", async () => {
  const job = jobOf(WORK, { input: WORK_INPUT });
  const { outcome } = await runJob(job, never);
  assert.equal(outcome?.failure, null);
  assert.ok(outcome.fuel > 1, `${outcome.fuel}`);
  for (let i = 0; i < 20; i++) assert.deepEqual(await runInSandbox(job), outcome);
  const script = `
    import { runJob } from ${JSON.stringify(new URL("./run-job.ts", import.meta.url).href)};
    const { outcome } = await runJob(${JSON.stringify(job)}, new AbortController().signal);
    process.stdout.write(JSON.stringify(outcome));`;
  const flags = ["--disable-warning=ExperimentalWarning", "--liftoff-only", "--input-type=module"];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, "-e", script]);
  assert.deepEqual(JSON.parse(stdout), outcome, "another compiler of the same WebAssembly");
});

test("random numbers are those of the seed", async () => {
  const draw = (seed: string): Promise<Outcome> => doing("return [Math.random(), Math.random()]", { seed });
  const [one, same, other] = await Promise.all([draw("00".repeat(32)), draw("00".repeat(32)), draw("11".repeat(32))]);
  assert.deepEqual(one, same);
  assert.notEqual(one.output, other.output);
  for (const number of JSON.parse(one.output)) assert.ok(number >= 0 && number < 1);
});

test("there is no clock, and nothing of the host", async () => {
  const names = [
    "Date",
    "performance",
    "process",
    "require",
    "fetch",
    "setTimeout",
    "console",
    "WebAssembly",
    "Atomics",
  ];
  const { output } = await doing(`return [${names.map((name) => `typeof ${name}`).join()}]`);
  assert.deepEqual(new Set(JSON.parse(output)), new Set(["undefined"]));
  const ways = [
    "return this.constructor.constructor('return process')()",
    "return (() => {}).constructor('return globalThis.process.env')()",
    "return Object.getPrototypeOf(async () => {}).constructor('return require')()()",
    "return input.constructor.constructor('return process.mainModule')()",
    "Error.prepareStackTrace = (e, frames) => frames; return new Error().stack[0].getThis().process.pid",
    "return import.meta.url.length",
  ];
  for (const way of ways) assert.equal((await doing(way, { input: "{}" })).failure, "threw", way);
  assert.equal((await runInSandbox(jobOf("import fs from 'node:fs'; export default () => 1"))).failure, "threw");
  assert.equal((await runInSandbox(jobOf("export default () => import('node:fs')"))).failure, "threw");
});

test("what a program does to prototypes stays with it", async () => {
  const { output } = await doing(`
    Object.prototype.polluted = 1; JSON.stringify = () => "no"; JSON.parse = () => "no";
    Array.prototype.join = () => "no"; return { "__proto__x": 1, ["__proto__"]: { polluted: 2 }, ok: input }`);
  assert.deepEqual(JSON.parse(output).ok, null);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
});

test("endless programs run out of fuel, however they go on, and cannot catch that", async () => {
  for (const body of [
    "for (;;);",
    "try { for (;;); } catch { return 1 } finally { return 2 }",
    "return /^(a+)+$/.test('a'.repeat(60) + 'b')",
    "return { toJSON() { for (;;); } }",
    "return new Proxy({}, { ownKeys() { for (;;); } })",
    "return (async () => { for (;;) await null; })()",
    "const f = function* () { for (;;) yield 1 }; for (const x of f()); return 1",
  ])
    assert.deepEqual(await doing(body, { fuel: 100 }), { failure: "fuel", output: "", fuel: 100 }, body);
  assert.equal((await runInSandbox(jobOf("for (;;); export default 1", { fuel: 100 }))).failure, "fuel");
});

/** How far it came, and what ended it. */
function counted(body: string): string {
  return `let n = 0; const a = []; try { ${body} } catch (e) { return [String(e), n] }`;
}

test("memory ends, where it does is the same each time, and all of it is counted", async () => {
  const bombs = ["a.push('x'.repeat(1e5) + n)", "a.push(new Uint8Array(1e5))", "a.push(new ArrayBuffer(1e6))"];
  for (const bomb of bombs) {
    const body = counted(`for (;; n++) ${bomb}`);
    const outcome = await doing(body);
    assert.deepEqual(await doing(body), outcome, bomb);
    const [error, n] = JSON.parse(outcome.output);
    assert.match(error, /out of memory/);
    const most = AGENT_LIMITS.jobMemoryBytes / (bomb.includes("1e6") ? 1e6 : 1e5);
    assert.ok(n > most / 2 && n < most, `${n}`);
  }
  assert.equal((await doing("return 'x'.repeat(2 ** 29)")).failure, "threw");
});

test("the stack ends, and where it does is the same each time, in a thread whose own is larger", async () => {
  const dives = [
    "const f = () => { n++; f() }; f()",
    "const f = () => { n++; [1].map(f) }; f()",
    "JSON.parse('['.repeat(3e6))",
  ];
  for (const dive of dives) {
    const job = jobOf(`export default function () { ${counted(dive)} }`);
    const [one, other] = await Promise.all([runJob(job, never), runJob(job, never)]);
    assert.deepEqual(other.outcome, one.outcome, dive);
    assert.match(one.outcome?.output ?? "", /stack overflow/);
  }
});

test("an answer that is too long, or none, is a failure", async () => {
  const { jobOutputBytes } = AGENT_LIMITS;
  assert.equal((await doing(`return 'x'.repeat(${jobOutputBytes - 2})`)).failure, null);
  for (const body of [
    `return 'x'.repeat(${jobOutputBytes - 1})`,
    `return 'é'.repeat(${Math.ceil(jobOutputBytes / 6)})`,
    "return 'x'.repeat(1e7)",
    "return undefined",
    "return () => 1",
    `let a = []; for (let i = 0; i < ${AGENT_LIMITS.jsonDepth}; i++) a = [a]; return a`,
  ])
    assert.equal((await doing(body)).failure, "answer", body);
  for (const body of ["return 1n", "throw 1", "const a = []; a[0] = a; return a", "return new Promise(() => {})"])
    assert.equal((await doing(body)).failure, "threw", body);
  for (const program of ["export const a = 1", "export default 5", "no javascript", ""])
    assert.equal((await runInSandbox(jobOf(program))).failure, "threw", program);
});

test("a program that needs no fuel to go on for ever is ended with its thread, and has no outcome", async () => {
  const endless = jobOf("export default () => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)");
  const { outcome, ms } = await runJob(endless, never, 400);
  assert.equal(outcome, null);
  assert.ok(ms >= 399 && ms < 5_000, `${ms}`);
});

test("on a stack of the usual size the machine's own ends first, and then there is no outcome", async () => {
  await assert.rejects(runInSandbox(jobOf("export default () => JSON.parse('['.repeat(3e6))")), RangeError);
});

test("whoever wants it no more ends it", async () => {
  const aborting = new AbortController();
  const running = runJob(jobOf("export default () => { for (;;); }", { fuel: AGENT_LIMITS.jobFuel }), aborting.signal);
  setTimeout(() => aborting.abort(new Error("enough")), 50);
  await assert.rejects(running, /enough/);
  await assert.rejects(runJob(jobOf(""), aborting.signal), /enough/);
});
