/** The most that a process, which still runs, ever had in memory: bytes, as the system counts them. */
import { readFileSync, writeFileSync } from "node:fs";

export function peakBytes(pid: number | undefined): number {
  const [, kibibytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1_024;
}

/** From now on the peak of this process is counted anew (Linux, proc(5): clear_refs). */
export function forgetPeak(): void {
  writeFileSync("/proc/self/clear_refs", "5");
}
