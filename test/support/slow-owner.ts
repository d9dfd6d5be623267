/**
 * Somebody who stores one object in the mesh, or reads one, with many rests, in a process whose only job this is: its memory is
 * that of this alone. Started by `slow-owner-process.ts`.
 *
 *   argv[2]  JSON of SlowOwnerPlan      <- SlowTask -> SlowDone      it ends by itself when its parent has gone
 */
import { createHash } from "node:crypto";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { randomBytes } from "../../src/core/random.ts";
import type { Locator } from "../../src/mesh/manifest/locator.ts";
import { startMeshClient } from "./mesh-client.ts";
import { numberedBytes } from "./numbered-bytes.ts";
import type { SlowDone, SlowOwnerPlan, SlowTask } from "./slow-owner-process.ts";

/** After each piece that the source gives. */
const REST_MS = 50;
const LONG_REST_MS = 5_000;
const LONG_REST_BYTES = 33_554_432;
const POLL_MS = 100;

const { folder, bootstrap, known } = JSON.parse(process.argv[2] as string) as SlowOwnerPlan;
const node = await startMeshClient({ folder, secret: randomBytes(32), bootstrap });

async function answer(task: SlowTask): Promise<void> {
  process.send?.(await work(task));
}

async function work(task: SlowTask): Promise<SlowDone> {
  while (node.roster.nodes().filter(({ state }) => state === "up").length < known) await sleep(POLL_MS);
  return "store" in task ? store(task.store) : read(task.read);
}

async function store(bytes: number): Promise<SlowDone> {
  const hash = createHash("sha256");
  const { locator } = await node.writer.write(slowly(numberedBytes(bytes).pieces(), hash, REST_MS), bytes);
  return { locator, digest: hash.digest("hex") };
}

async function read(locator: Locator): Promise<SlowDone> {
  const hash = createHash("sha256");
  for await (const _ of slowly(node.reader.read(locator), hash, 0));
  return { locator, digest: hash.digest("hex") };
}

async function* slowly(
  pieces: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
  restMs: number,
): AsyncGenerator<Uint8Array> {
  let sinceRest = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
    sinceRest += piece.length;
    const isLong = sinceRest >= LONG_REST_BYTES;
    if (isLong) sinceRest = 0;
    await sleep(isLong ? LONG_REST_MS : restMs);
  }
}

process.on("disconnect", () => process.exit());
process.on("message", (task) => void answer(task as SlowTask));
