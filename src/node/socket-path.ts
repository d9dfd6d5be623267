/** Where a running node listens for its own user: `<dataDir>/nocturne.sock`, mode 0600. */
import { join } from "node:path";

export function socketPath(dataDir: string): string {
  return join(dataDir, "nocturne.sock");
}

/**
 * Where one command without a running node talks to services of its own. Not the name above: whoever looks for a node
 * there would meet one that sends nothing and is gone in a moment.
 */
export function offlineSocketPath(dataDir: string): string {
  return join(dataDir, "offline.sock");
}
