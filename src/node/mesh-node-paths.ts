/** Where a node of the mesh keeps its things, in the data directory. It has no vault: nothing of a person is in there. */
import { join } from "node:path";

export function meshNodeFolder(dataDir: string): string {
  return join(dataDir, "mesh-node");
}

/** Where it listens for whoever runs it, 0600. */
export function meshNodeSocket(dataDir: string): string {
  return join(meshNodeFolder(dataDir), "node.sock");
}

/** What it says while it runs in the background. */
export function meshNodeLog(dataDir: string): string {
  return join(meshNodeFolder(dataDir), "node.log");
}
