/** Runs other programs beside ours and measures the processor time they take. */

import { spawn, spawnSync } from "node:child_process";

export interface Measurement {
  readonly wallS: number;
  /** User and system time of the process and its children. */
  readonly cpuS: number;
  readonly peakRssMb: number;
}

/** Where a program is, or null. */
export function findProgram(name: string): string | null {
  const found = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
  return found.status === 0 ? found.stdout.trim() : null;
}

/** First line of what the program says of its version. */
export function versionOf(program: string, argument: string): string {
  const said = spawnSync(program, [argument], { encoding: "utf8" });
  return (said.stdout || said.stderr).split("\n")[0]?.trim() ?? program;
}

const TIME_FORMAT = "%e %U %S %M";

/** Runs a program to its end under GNU time. Throws when it fails. */
export async function measure(program: string, args: readonly string[]): Promise<Measurement> {
  const child = spawn("/usr/bin/time", ["-f", TIME_FORMAT, program, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  const said = Buffer.concat(await child.stderr.toArray()).toString();
  const code = child.exitCode ?? (await new Promise<number | null>((resolve) => child.once("close", resolve)));
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${said}`);
  const [wallS = 0, user = 0, system = 0, kib = 0] = (said.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
  return { wallS, cpuS: user + system, peakRssMb: kib / 1024 };
}
