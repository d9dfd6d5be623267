/** Commands of `nocturne-agent`, run by another program: in a process of their own, with their errors as ours. */
import { execFile } from "node:child_process";
import { extname, join } from "node:path";
import process from "node:process";
import { InternalError } from "../core/errors.ts";

const PROGRAM = join(import.meta.dirname, `nocturne-agent${extname(import.meta.filename)}`);
const COMMAND_MS = 60_000;

interface Ended {
  readonly isGood: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** What it printed. Throws InternalError with the code and words of its own error. */
export async function runAgentCommand(dataDir: string, words: readonly string[]): Promise<string> {
  const ended = await execute([...words, "--data-dir", dataDir, "--json", "--no-input"]);
  if (ended.isGood) return ended.stdout;
  throw errorOf(ended.stderr);
}

/** Resolves when an agent runs in the data directory, also if one did before. */
export async function startAgent(dataDir: string): Promise<void> {
  try {
    await runAgentCommand(dataDir, ["start"]);
  } catch (error) {
    if (!(error instanceof InternalError) || error.code !== "agent_in_use") throw error;
  }
}

function execute(words: readonly string[]): Promise<Ended> {
  const argv = [...process.execArgv, PROGRAM, ...words];
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { timeout: COMMAND_MS }, (error, stdout, stderr) =>
      resolve({ isGood: error === null, stdout, stderr }),
    );
  });
}

/** The last line of what it wrote with --json. */
function errorOf(stderr: string): InternalError {
  try {
    const { error } = JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as {
      error: { code: string; message: string; hint?: string };
    };
    return new InternalError(error.code, error.message, error.hint === undefined ? {} : { hint: error.hint });
  } catch (cause) {
    const hint = "Try it in a terminal: nocturne-agent start --foreground";
    return new InternalError("agent_not_started", "The agent did not start.", { hint, cause });
  }
}
