/** `nocturne-agent tasks`, `claim`, `finish`, `check`; `run` and `jobs`, for programs that several operators run. */
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import type { CheckInput, JobInput, ResultInput } from "../api/agent-contract.ts";
import { jobViewSchema, jobViewsSchema, taskViewSchema, taskViewsSchema } from "../api/schemas-agents.ts";
import { UsageError } from "../core/errors.ts";
import { AgentClient } from "./agent-client.ts";
import { parseId } from "./agent-marks.ts";
import { jobText, taskText } from "./agent-work-text.ts";
import type { Context } from "./context.ts";
import { collect, parseCount } from "./options.ts";
import { plainLine } from "./plain-text.ts";

interface TasksOptions {
  readonly type?: readonly string[];
  readonly domain?: readonly string[];
}

interface RunOptions {
  /** Parsed. */
  readonly input?: unknown;
  readonly inputFile?: string;
  readonly replicas?: number;
  readonly agree?: number;
  readonly fuel?: number;
}

const TYPES = ["synthesize", "verify", "consolidate", "reflect", "fill_gap", "compute"];

export function addWorkCommands(program: Command, context: Context): void {
  addTaskCommands(program, context);
  program
    .command("run <file>")
    .description("have a program run by several operators: JavaScript, export default function (input)")
    .addOption(new Option("--input <json>", "what the function is given (else null)").argParser(parseJson))
    .addOption(new Option("--input-file <file>", "JSON, from a file").conflicts("input"))
    .option("--replicas <n>", "so many operators run it (else 3)", parseCount)
    .option("--agree <n>", "so many must find the same (else more than half)", parseCount)
    .option("--fuel <steps>", "so long at most (else 10000)", parseCount)
    .action((file: string, options: RunOptions) => run(context, file, options));
  program
    .command("jobs")
    .description("programs that somebody wants run, and what came of them")
    .action(() => jobs(context));
}

function addTaskCommands(program: Command, context: Context): void {
  program
    .command("tasks")
    .description("what there is to do")
    .option("--type <type>", `${TYPES.join(", ")} (may be repeated)`, collectType)
    .option("--domain <name>", "in this domain (may be repeated)", collect)
    .action((options: TasksOptions) => tasks(context, options));
  program
    .command("claim")
    .description("take a task on, for an hour; it locks nothing, others see it")
    .argument("<id>", "of a task", parseId)
    .action((id: string) => about(context, "/compute/claim", { task: id }));
  program
    .command("finish")
    .description("say that a task is done: by an entry, or by words why there is nothing to do")
    .argument("<id>", "of a task", parseId)
    .option("--entry <id>", "that does it", parseId)
    .option("--note <words>", "for all to read")
    .action((id: string, result: ResultInput) => about(context, `/compute/${id}/result`, result));
  program
    .command("check")
    .description("say whether what another operator did about a task is right")
    .argument("<id>", "of a task", parseId)
    .addArgument(new Argument("<finding>").choices(["right", "wrong"]))
    .option("--note <words>", "why, for all to read")
    .action((id: string, finding: string, { note }: { note?: string }) => {
      const body: CheckInput = { isRight: finding === "right", note };
      return about(context, `/compute/${id}/check`, body);
    });
}

async function tasks(context: Context, { type = [], domain = [] }: TasksOptions): Promise<void> {
  const wanted = new URLSearchParams();
  for (const one of type) wanted.append("types", one);
  for (const one of domain) wanted.append("domains", one);
  const found = await clientOf(context).call("GET", `/compute?${wanted.toString()}`, taskViewsSchema);
  if (found.length === 0 && !context.output.json) context.output.say("There is nothing to do.");
  else context.output.result(found, found.map(taskText).join("\n\n"));
}

/** Says something about a task, and shows how it stands now. */
async function about(context: Context, path: string, body: unknown): Promise<void> {
  const task = await clientOf(context).call("POST", path, taskViewSchema, body);
  context.output.result(task, taskText(task));
}

async function run(context: Context, file: string, options: RunOptions): Promise<void> {
  const { input = null, inputFile, ...bounds } = options;
  const body: JobInput = {
    program: readText(file),
    input: inputFile === undefined ? input : readJson(inputFile),
    ...bounds,
  };
  const job = await clientOf(context).call("POST", "/compute/jobs", jobViewSchema, body);
  context.output.result(job, jobText(job));
  context.output.say("Agents that were started with --compute run it. See what came of it: nocturne-agent jobs");
}

async function jobs(context: Context): Promise<void> {
  const found = await clientOf(context).call("GET", "/compute/jobs", jobViewsSchema);
  if (found.length === 0 && !context.output.json) context.output.say("Nobody wants a program run.");
  else context.output.result(found, found.map(jobText).join("\n\n"));
}

function clientOf(context: Context): AgentClient {
  return new AgentClient(context.config().dataDir);
}

/** Strictly: with a replaced byte another program would run. */
function readText(path: string): string {
  const bytes = readFileSync(path);
  if (isUtf8(bytes)) return bytes.toString("utf8");
  throw new UsageError("file_not_text", `${plainLine(path)} is not UTF-8 text.`, {
    hint: "A program and its input are text.",
  });
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readText(path));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new UsageError("job_input", `${plainLine(path)} holds no JSON.`, { hint: "An input is one value.", cause });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('Use a value of JSON, such as 7, "words" or {"n": 7}.');
  }
}

function collectType(type: string, before: readonly string[] = []): string[] {
  if (TYPES.includes(type)) return [...before, type];
  throw new InvalidArgumentError(`Use ${TYPES.join(", ")}.`);
}
