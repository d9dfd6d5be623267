/** What I2P takes and gives, through a private network of real routers, three hops each way out and three in. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { missingForI2p, startI2pNetwork } from "../test/support/i2p-network.ts";

export interface I2pMeasured {
  /** Until a router that has just started has a session; it looks every 20 s. */
  readonly sessionSeconds: number;
  /** 2 KB to the other side and back. */
  readonly messageMs: { readonly p50: number; readonly p95: number };
  /** Of a stream that goes there and comes back at once. */
  readonly megabytesPerSecond: number;
  /** Of the router of the one who dials. */
  readonly rssMegabytes: number;
}

interface Ends {
  readonly sessionSeconds: number;
  readonly messageMs: readonly number[];
  readonly megabytesPerSecond: number;
}

const ENDS = join(import.meta.dirname, "support", "i2p-ends.ts");
const ROUNDS = 100;
const MEGABYTES = 8;
const LIMIT_MS = 180_000;

/** Throws when the network does not carry a stream in three minutes. */
export async function measureI2p(): Promise<I2pMeasured | { readonly skipped: string }> {
  const skipped = missingForI2p();
  if (skipped !== null) return { skipped };
  const network = await startI2pNetwork();
  try {
    const [program = "", ...args] = network.inside([process.execPath, ENDS, network.sam(0), network.sam(1)]);
    const child = spawn(program, [...args, `${ROUNDS}`, `${MEGABYTES}`], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const late = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    await once(child, "close");
    clearTimeout(late);
    const { sessionSeconds, messageMs, megabytesPerSecond } = JSON.parse(text) as Ends;
    const sorted = messageMs.toSorted((a, b) => a - b);
    const at = (part: number): number => sorted[Math.floor(part * sorted.length)] ?? Number.NaN;
    const rssMegabytes = network.rssMegabytes(0);
    return { sessionSeconds, messageMs: { p50: at(0.5), p95: at(0.95) }, megabytesPerSecond, rssMegabytes };
  } finally {
    await network.stop();
  }
}
