/**
 * A power cut at every step, for tests. The calls of `node:fs` that change the disk are counted; from number N
 * on they fail, so that not even clean-up code changes anything, as if the machine had stopped before call N.
 */

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

class PowerCut extends Error {}

const CHANGING = [
  "openSync",
  "writeSync",
  "fsyncSync",
  "renameSync",
  "unlinkSync",
  "rmSync",
  "chmodSync",
  "fchmodSync",
  "mkdirSync",
] as const;

type AnyFunction = (...parameters: unknown[]) => unknown;

/**
 * Runs `work` with the power cut before changing call `cutAt` (0 is the first), or with `error` thrown by that
 * call and all later ones. Returns whether the cut was reached.
 */
export async function cutPower(cutAt: number, work: () => Promise<unknown>, error?: Error): Promise<boolean> {
  const functions = fs as unknown as Record<string, AnyFunction>;
  const originals = CHANGING.map((name) => [name, functions[name] as AnyFunction] as const);
  let calls = 0;
  for (const [name, original] of originals) {
    functions[name] = (...parameters) => {
      if (calls++ >= cutAt) throw error ?? new PowerCut("the power was cut");
      return original(...parameters);
    };
  }
  syncBuiltinESMExports();
  try {
    await work();
  } catch (failure) {
    if (calls <= cutAt) throw failure;
  } finally {
    for (const [name, original] of originals) functions[name] = original;
    syncBuiltinESMExports();
  }
  return calls > cutAt;
}
