/** What may be demanded of strangers, and how long this machine would compute for it. */

import { measureHashRate } from "../messaging/pass/mining.ts";
import type { WorkCost } from "./views.ts";

/** Bits of work to choose from. Each step takes eight times as long. */
export const WORK_CHOICES = [0, 22, 25, 28] as const;

/** Measures for a tenth of a second. */
export async function measureWorkCosts(): Promise<WorkCost[]> {
  const rate = await measureHashRate();
  return WORK_CHOICES.map((bits) => ({ bits, seconds: bits === 0 ? 0 : 2 ** bits / rate }));
}
