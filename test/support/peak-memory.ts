/** The most that a process, which still runs, ever had in memory: bytes, as the system counts them. */
import { readFileSync } from "node:fs";

export function peakBytes(pid: number | undefined): number {
  const [, kibibytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1_024;
}
