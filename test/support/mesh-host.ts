/**
 * A process with several nodes of the mesh, for tests and benches that need many: each has its own key, folder, address and
 * failure domain. It is started by `mesh-world.ts` and talks to it over the channel of `fork`.
 *
 *   argv[2]   JSON of HostPlan
 *   ->        {ready: [{id, address}]}       it ends by itself when its parent has gone
 *   <-        "status", "stop", {advanceMs}: so much time passes for it, in a moment
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fromHex } from "../../src/core/bytes.ts";
import { createLogger } from "../../src/core/log.ts";
import { ed25519 } from "../../src/crypto/signing.ts";
import { type MeshNode, startMeshNode } from "../../src/mesh/mesh-node.ts";
import { dialDirectly } from "../../src/route/direct-route.ts";
import type { HostMessage, HostPlan } from "./mesh-world.ts";
import { lie } from "./mesh-lies.ts";
import { SteppedTime } from "./stepped-time.ts";

const plan = JSON.parse(process.argv[2] as string) as HostPlan;
const nodes: MeshNode[] = [];
if (plan.lie) lie(plan.lie);
const time = new SteppedTime(plan.aheadMs, () => nodes.length);

for (const { folder, host, seed } of plan.nodes) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  nodes.push(
    await startMeshNode({
      folder: join(folder, "mesh-node"),
      nodeKey: ed25519.createKeyPair(fromHex(seed)),
      owner: null,
      listen: { host, port: 0 },
      // The first process has nobody else to begin with.
      bootstrap: [...plan.bootstrap, ...nodes.slice(0, 1).map(firstAddress)],
      lan: plan.lan,
      tracker: null,
      privateKey: null,
      maxBytes: plan.maxBytes,
      care: true,
      relay: false,
      dial: (address, signal) => dialDirectly(address, signal),
      fetch: () => Promise.reject(new Error("no web here")),
      clock: time,
      timers: time,
      // Hours that pass in a moment leave no time for much; what went wrong with it shows in what is asked.
      log: createLogger("error"),
    }),
  );
}

function firstAddress(node: MeshNode): string {
  return node.network.addresses()[0] as string;
}

function tell(message: HostMessage): void {
  process.send?.(message);
}

process.on("disconnect", () => process.exit());
type Order = "status" | "stop" | { readonly advanceMs: number };

async function obey(message: Order): Promise<void> {
  if (typeof message === "object") {
    await time.advance(message.advanceMs);
    tell({ advanced: true });
  }
  if (message === "status") tell({ status: nodes.map((node) => node.status()), rss: process.memoryUsage.rss() });
  if (message !== "stop") return;
  await Promise.all(nodes.map((node) => node.close()));
  process.exit();
}

process.on("message", (message: Order) => void obey(message));
tell({ ready: nodes.map((node) => ({ id: node.id, address: firstAddress(node) })) });
