/**
 * The thread that computes work, so that the app does not freeze meanwhile. Started by `mining.ts` with a MiningJob; says
 * one number: the nonce, or hashes a second. Whoever does not need it any more terminates the thread.
 */
/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */

import { parentPort, workerData } from "node:worker_threads";
import { sha256Hex } from "../../crypto/provider.ts";
import { FIRST_NONCE, type MiningJob } from "./mining.ts";
import { workBytes, zeroBits } from "./work.ts";

const ZERO = "0".charCodeAt(0);
const NINE = "9".charCodeAt(0);
const ROUND = 1_024;

/** The next decimal number, in place: all nonces have as many digits as the first. */
function increment(bytes: Uint8Array, last: number): void {
  let at = last;
  for (; bytes[at] === NINE; at--) bytes[at] = ZERO;
  bytes[at] = (bytes[at] as number) + 1;
}

function mine({ work, pair, measureMs }: MiningJob): number {
  const first = { ...work, nonce: FIRST_NONCE };
  const bytes = workBytes(first, pair);
  const digits = String(FIRST_NONCE);
  const last = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).lastIndexOf(digits) + digits.length - 1;
  // Cheap to look for; what passes is counted exactly.
  const zeros = "0".repeat(work.bits >> 2);
  const startedMs = performance.now();
  for (let tried = 0; ; tried++) {
    const id = sha256Hex(bytes);
    if (id.startsWith(zeros) && zeroBits(id) >= work.bits) return FIRST_NONCE + tried;
    increment(bytes, last);
    if (measureMs === null || tried % ROUND > 0) continue;
    const passedMs = performance.now() - startedMs;
    if (passedMs >= measureMs) return (tried / passedMs) * 1_000;
  }
}

parentPort?.postMessage(mine(workerData as MiningJob));
