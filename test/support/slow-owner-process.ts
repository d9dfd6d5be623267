/** Starts `slow-owner.ts`, has it do one thing, and tells how much memory that took. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { Locator } from "../../src/mesh/manifest/locator.ts";
import type { MeshWorld } from "./mesh-world.ts";
import { peakBytes } from "./peak-memory.ts";

export interface SlowOwnerPlan {
  readonly folder: string;
  readonly bootstrap: readonly string[];
  /** It begins when it knows of so many nodes. */
  readonly known: number;
}

export type SlowTask = { readonly store: number } | { readonly read: Locator };

export interface SlowDone {
  readonly locator: Locator;
  /** SHA-256 of the object, as hex. */
  readonly digest: string;
}

const PROGRAM = join(import.meta.dirname, "slow-owner.ts");

export async function doSlowly(world: MeshWorld, task: SlowTask): Promise<SlowDone & { readonly peakBytes: number }> {
  const folder = mkdtempSync(join(world.folder, "slow-owner-"));
  const plan: SlowOwnerPlan = { folder, bootstrap: world.bootstrap, known: world.nodes.length };
  const child = fork(PROGRAM, [JSON.stringify(plan)], {
    execArgv: ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=2"],
  });
  const ended = once(child, "exit").then(() => Promise.reject(new Error("a slow owner ended")));
  ended.catch(() => {});
  try {
    child.send(task);
    const [done] = (await Promise.race([once(child, "message"), ended])) as [SlowDone];
    return { ...done, peakBytes: peakBytes(child.pid) };
  } finally {
    child.kill("SIGKILL");
    await ended.catch(() => {});
  }
}
