/** The thread in which one program runs. Started by `run-job.ts` with a JobRun; says one Outcome, or ends without. */
/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */

import { parentPort, workerData } from "node:worker_threads";
import type { JobRun } from "./outcome.ts";
import { runInSandbox } from "./sandbox.ts";

parentPort?.postMessage(await runInSandbox(workerData as JobRun));
