/** Waiting until the node has brought a file into the storage mesh; the node goes on whether anybody waits or not. */
import { setTimeout as sleep } from "node:timers/promises";
import type { FileView, MeshView } from "../api/contract.ts";
import { PolicyError } from "../core/errors.ts";
import { meshOff } from "../files/mesh-files.ts";
import type { NodeClient } from "./node-client.ts";
import { plainLine } from "./plain-text.ts";
import type { Progress } from "./progress.ts";

const POLL_MS = 200;

export interface Waiting {
  readonly progress: Progress;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Throws PolicyError `mesh_off`, and `mesh_needs_direct` while the chosen route keeps everything waiting. */
export async function requireMesh(client: NodeClient): Promise<void> {
  const { on, problem } = await client.call<MeshView>("GET", "/api/mesh");
  if (!on) throw meshOff();
  if (problem?.code !== "mesh_needs_direct") return;
  throw new PolicyError(problem.code, problem.message, problem.hint === null ? {} : { hint: problem.hint });
}

/** The file once the mesh keeps it. Why it waits is said once. Throws the signal's reason, and ValidationError when the file goes meanwhile. */
export async function untilKept(
  client: NodeClient,
  file: FileView,
  { progress, say, signal }: Waiting,
): Promise<FileView> {
  const meter = progress.open(`${file.name} into the mesh`, file.bytes);
  let told: string | null = null;
  let done = 0;
  try {
    for (;;) {
      const now = await client.call<FileView>("GET", `/api/files/${file.id}`, { signal });
      // Given up from elsewhere, it never will be.
      if (now.storage === "mesh" || now.mesh === null) return now;
      const { problem } = now.mesh;
      if (problem !== null && problem !== told) say(`${plainLine(file.name)} waits: ${plainLine(problem)}`);
      told = problem ?? told;
      const reached = Math.floor(now.mesh.progress * file.bytes);
      meter.advance(Math.max(0, reached - done));
      done = Math.max(done, reached);
      await sleep(POLL_MS, undefined, { signal });
    }
  } finally {
    meter.close();
  }
}

/** What follows a file's name where it is told; nothing for one that is only here. */
export function keptWords({ storage, mesh }: FileView): string {
  if (storage !== "mesh" || !mesh) return "";
  const losses = mesh.survives === null ? "" : `; survives the loss of ${mesh.survives} nodes`;
  return `  in the mesh (${mesh.needed} of ${mesh.total}${losses})`;
}
