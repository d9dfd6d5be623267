/**
 * A thread that joins a group, for which none of its members' certificates is known yet: the first time is the cold
 * one. Answers with both times in milliseconds.
 */
/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */

import { parentPort, workerData } from "node:worker_threads";
import { assemble, joined, type Group } from "./conversation.ts";

const group = workerData as Group;
await joined(await assemble(2), 1); // warm, with other people
const times: number[] = [];
for (let i = 0; i < 4; i++) {
  const startedMs = performance.now();
  await joined(group, 1);
  times.push(performance.now() - startedMs);
}
parentPort?.postMessage(times);
