/** Other people's WebDAV clients against a node: litmus, which checks the protocol, and rclone, which copies and mounts. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { MountView } from "../../src/api/contract.ts";
import { atEnd, temporaryFolder } from "./cleanup.ts";
import type { NocturneProcess } from "./nocturne-process.ts";
import { ask } from "./people.ts";
import { waitUntil } from "./wait.ts";

const CLIENT_MS = 120_000;

/** What `nocturne files mount --json` says. */
export interface MountAccess {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Suite {
  readonly name: string;
  readonly run: number;
  readonly passed: number;
}

/** Turns the mount on, by the command line. */
export async function mountOn(node: NocturneProcess, args: readonly string[] = []): Promise<MountAccess> {
  const { json, code, stderr } = await node.run<MountAccess>(["files", "mount", "--json", ...args]);
  if (code !== 0) throw new Error(stderr);
  return json;
}

/** All suites of litmus, each to its end, and all that it printed: failures and warnings say what was wrong. */
export async function runLitmus(
  t: TestContext,
  litmus: string,
  { url, user, password }: MountAccess,
): Promise<{ suites: Suite[]; output: string }> {
  const { stdout, stderr } = await runClient(litmus, ["-k", url, user, password], { cwd: temporaryFolder(t) });
  const summaries = stdout.matchAll(/summary for `(\w+)': of (\d+) tests run: (\d+) passed/g);
  const suites = Array.from(summaries, ([, name = "", run, passed]) => ({
    name,
    run: Number(run),
    passed: Number(passed),
  }));
  return { suites, output: stdout + stderr };
}

export type Rclone = (...args: readonly string[]) => Promise<Ended>;

/** An rclone that knows the node as "nocturne:", by the very command that Nocturne tells people to use. */
export async function rcloneFor(t: TestContext, program: string, node: NocturneProcess): Promise<Rclone> {
  const { password } = await mountOn(node);
  const { ways } = await ask<MountView>(node, "GET", "/mount");
  const command = ways.find(({ system }) => system === "rclone")?.steps[0]?.command ?? "";
  const env = { ...process.env, RCLONE_CONFIG: join(temporaryFolder(t), "rclone.conf") };
  const run: Rclone = (...args) => runClient(program, args, { env });
  const made = await runClient("bash", ["-c", command], { env, stdin: `${password}\n` });
  if (made.code !== 0) throw new Error(made.stderr);
  return run;
}

/** Mounts "nocturne:" in a folder; null, said loudly, where this machine lets nobody mount. */
export async function rcloneMount(t: TestContext, rclone: Rclone): Promise<string | null> {
  if (!existsSync("/dev/fuse")) {
    console.error(`SKIPPED (in part): ${t.name}: no mount, because /dev/fuse is not there`);
    return null;
  }
  const folder = temporaryFolder(t);
  const { code, stderr } = await rclone(
    "mount",
    "nocturne:",
    folder,
    "--daemon",
    "--vfs-cache-mode=writes",
    "--vfs-write-back=0s",
  );
  if (code !== 0) {
    console.error(`SKIPPED (in part): ${t.name}: this machine does not let rclone mount: ${stderr}`);
    return null;
  }
  atEnd(t, () => runClient("fusermount3", ["-u", folder]));
  await waitUntil("the library is mounted", () => existsSync(folder));
  return folder;
}

/** Runs a program to its end, whatever that is. */
export function runClient(
  program: string,
  args: readonly string[],
  { cwd, env, stdin = "" }: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly stdin?: string } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd, env, timeout: CLIENT_MS, maxBuffer: 2 ** 26 };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1) || 1, stdout, stderr });
    });
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(stdin);
  });
}
