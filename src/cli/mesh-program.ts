/**
 * `nocturne-mesh`: the agent mesh as tools for assistants (MCP). It talks to the `nocturne-agent` of the data directory, and starts it
 * where none runs.
 *
 *   (nothing)     over stdin and stdout, as hosts start it
 *   --http        over HTTP, on this machine
 *   setup         makes the agent that it needs
 *   config        what a host is told of it
 */
import { extname, join } from "node:path";
import { Argument, type Command } from "commander";
import { NocturneError } from "../core/errors.ts";
import { healthAnswer } from "../mcp/agent-answers.ts";
import type { Mesh } from "../mcp/mesh-server.ts";
import { VERSION } from "../node/version.ts";
import { runAgentCommand, startAgent } from "./agent-starter.ts";
import type { Context } from "./context.ts";
import { newProgram } from "./global-options.ts";
import { HOST_NAMES, type HostName, hostFile, hostText, ownCommand, writeHostFile } from "./mesh-hosts.ts";
import { parsePort } from "./options.ts";
import { signalled } from "./signals.ts";

const DEFAULT_PORT = 9_092;
/** How `nocturne-agent setup` says that there is nothing to do. */
const THERE_ALREADY = "agent_exists";
const SCRIPT = join(import.meta.dirname, `nocturne-mesh${extname(import.meta.filename)}`);

export function createMeshProgram(context: Context): Command {
  const program = newProgram(
    "nocturne-mesh",
    "Gives assistants the agent mesh as tools (MCP), over stdin and stdout.",
    context,
  )
    .option("--http", "over HTTP instead, for programs of this machine that have the token")
    .option("--port <n>", "port for --http (0 for any)", parsePort, DEFAULT_PORT)
    .action(({ http, port }: { http?: boolean; port: number }) => (http ? serveHttp(context, port) : serve(context)));
  program
    .command("setup")
    .description("make the agent that the tools need, if there is none yet")
    .requiredOption("--label <name>", "how others shall know you")
    .action(({ label }: { label: string }) => setUp(context, label));
  program
    .command("config")
    .description("print what a host is told of this program")
    .addArgument(new Argument("[host]").choices(HOST_NAMES).default("claude-code"))
    .option("--write", "write it into the host's usual file; the old one stays beside it")
    .action((host: HostName, { write }: { write?: boolean }) => tellHost(context, host, write ?? false));
  program.helpCommand("help [command]", "tell more of a command");
  return program;
}

/** Until the host has closed its end. */
async function serve(context: Context): Promise<void> {
  const { serveOnStdio } = await import("../mcp/stdio.ts");
  await serveOnStdio(await makeMesh(context.config().dataDir));
}

/** Until a signal. */
async function serveHttp(context: Context, port: number): Promise<void> {
  const ended = signalled();
  const { dataDir } = context.config();
  const [{ serveOverHttp }, { httpToken, httpTokenPath }] = await Promise.all([
    import("../mcp/http.ts"),
    import("../mcp/http-token.ts"),
  ]);
  await using service = await serveOverHttp(await makeMesh(dataDir), port, await httpToken(dataDir));
  const tokenFile = httpTokenPath(dataDir);
  const text = `The tools are at ${service.url}, for whoever shows the bearer token in ${tokenFile}`;
  context.output.result({ event: "ready", url: service.url, tokenFile }, text);
  await ended;
}

/** The agent is looked for, and started, at once: the first call then finds it. */
async function makeMesh(dataDir: string): Promise<Mesh> {
  const [{ AgentCalls }, { Snapshots }, { TakenTasks }] = await Promise.all([
    import("../mcp/agent-calls.ts"),
    import("../mcp/snapshots.ts"),
    import("../mcp/taken-tasks.ts"),
  ]);
  const calls = new AgentCalls(dataDir, () => startAgent(dataDir));
  calls.read("/local/health", healthAnswer).catch(() => {}); // the call that needs it says why there is none
  return { version: VERSION, calls, taken: new TakenTasks(), snapshots: new Snapshots(dataDir) };
}

async function setUp(context: Context, label: string): Promise<void> {
  const { dataDir } = context.config();
  const made = await makeAgent(dataDir, label);
  context.output.result(
    { dataDir, made },
    made ? `Made an agent in ${dataDir}.` : `There is an agent in ${dataDir} already.`,
  );
  context.output.say("Tell your assistant with: nocturne-mesh config claude-code --write");
}

/** False where there was one before. */
async function makeAgent(dataDir: string, label: string): Promise<boolean> {
  try {
    await runAgentCommand(dataDir, ["setup", "--label", label]);
    return true;
  } catch (error) {
    if (error instanceof NocturneError && error.code === THERE_ALREADY) return false;
    throw error;
  }
}

function tellHost(context: Context, host: HostName, isWritten: boolean): void {
  const own = ownCommand(SCRIPT, context.config().dataDir, VERSION);
  if (!isWritten) {
    context.output.result({ host, file: hostFile(host), text: hostText(host, own) }, hostText(host, own));
    context.output.say(`It belongs into ${hostFile(host)}; --write puts it there.`);
    return;
  }
  const backup = writeHostFile(host, own);
  const kept = backup === null ? "" : ` What was there is in ${backup}.`;
  context.output.result({ host, file: hostFile(host), backup }, `Wrote ${hostFile(host)}.${kept}`);
}
