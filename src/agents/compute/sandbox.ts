/**
 * Runs a program of strangers in QuickJS, an interpreter of JavaScript compiled to WebAssembly: all that it can reach is
 * the memory that it is given here. For a thread of its own (`run-job.ts`), which is thrown away afterwards, whatever
 * happened in it.
 *
 *   no way out     no host function, no module to import, nothing of Node
 *   no clock       there is no Date; random numbers come of the seed
 *   bounds         fuel, memory, stack, length of the answer
 *
 * The interpreter's own limit of memory counts eight bytes a block when it is compiled to WebAssembly, so the bound is the
 * memory itself.
 */
import loaded from "@jitl/quickjs-wasmfile-release-sync";
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type Intrinsics,
  type CustomizeVariantOptions,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSSyncVariant,
} from "quickjs-emscripten-core";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { Memory } from "../../crypto/kernels/web-assembly.ts";
import { canonicalText } from "./canonical-json.ts";
import type { Failure, JobRun, Outcome } from "./outcome.ts";

const PAGE_BYTES = 65_536;
/** With which this build of the interpreter begins. */
const FIRST_PAGES = 256;
const FILE = "job.js";
/** Its types are those of its CommonJS build. */
const VARIANT = loaded as unknown as QuickJSSyncVariant;

/** Everything but Date. */
const INTRINSICS: Intrinsics = {
  BaseObjects: true,
  Eval: true,
  StringNormalize: true,
  RegExp: true,
  JSON: true,
  Proxy: true,
  MapSet: true,
  TypedArrays: true,
  Promise: true,
  BigInt: true,
};

/** sfc32 by Chris Doty-Humphrey. JSON's functions are held before the program can put others in their place. */
const PRELUDE = `((a, b, c, d, most) => {
  const { parse, stringify } = JSON;
  Math.random = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) Math.random();
  return {
    call: (job, input) => job(parse(input)),
    write: (answer) => {
      const text = stringify(answer);
      return text === undefined || text.length > most ? "" : text;
    },
  };
})`;

/** What the program did, or the failure that keeps it from going on. */
class Failed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure);
    this.failure = failure;
  }
}

/** Throws when the interpreter itself breaks, as it may where this machine's stack ends: then there is no outcome. */
export async function runInSandbox(run: JobRun): Promise<Outcome> {
  let fuel = 0;
  const context = await newContext(() => ++fuel > run.fuel);
  const outcome = (failure: Failure | null, output: string): Outcome => ({
    failure,
    output,
    fuel: Math.min(fuel, run.fuel),
  });
  try {
    const text = answerOf(context, run);
    const output = canonicalText(text);
    if (output === null || output.length > AGENT_LIMITS.jobOutputBytes) return outcome("answer", "");
    return outcome(null, output);
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    return outcome(fuel > run.fuel ? "fuel" : error.failure, "");
  }
}

async function newContext(isSpent: () => boolean): Promise<QuickJSContext> {
  const pages = { initial: FIRST_PAGES, maximum: AGENT_LIMITS.jobMemoryBytes / PAGE_BYTES };
  const options = { wasmMemory: new Memory(pages) } as unknown as CustomizeVariantOptions;
  const quickJs = await newQuickJSWASMModuleFromVariant(newVariant(VARIANT, options));
  const runtime = quickJs.newRuntime({ maxStackSizeBytes: AGENT_LIMITS.jobStackBytes, interruptHandler: isSpent });
  return runtime.newContext({ intrinsics: INTRINSICS });
}

/** JSON of the program's answer, empty for one that has none or too much. Throws Failed. */
function answerOf(context: QuickJSContext, { program, input, seed }: JobRun): string {
  const tools = prelude(context, seed);
  const [call, write] = [context.getProp(tools, "call"), context.getProp(tools, "write")];
  const module = settled(context, context.evalCode(program, FILE, { type: "module" }));
  const job = context.getProp(module, "default");
  if (context.typeof(job) !== "function") throw new Failed("threw");
  const none = context.undefined;
  const answer = settled(context, context.callFunction(call, none, job, context.newString(input)));
  return context.getString(settled(context, context.callFunction(write, none, answer)));
}

function prelude(context: QuickJSContext, seed: string): QuickJSHandle {
  const words = [0, 8, 16, 24].map((at) => Number.parseInt(seed.slice(at, at + 8), 16) | 0);
  const make = settled(context, context.evalCode(PRELUDE, "prelude.js"));
  const numbers = [...words, AGENT_LIMITS.jobOutputBytes].map((number) => context.newNumber(number));
  return settled(context, context.callFunction(make, context.undefined, ...numbers));
}

/** The value, or that of the promise, once everything that was put off is done. Throws Failed. */
function settled(context: QuickJSContext, result: ReturnType<QuickJSContext["evalCode"]>): QuickJSHandle {
  if (result.error) throw new Failed("threw");
  if (context.runtime.executePendingJobs().error) throw new Failed("threw");
  const state = context.getPromiseState(result.value);
  if (state.type !== "fulfilled") throw new Failed("threw");
  return state.value;
}
