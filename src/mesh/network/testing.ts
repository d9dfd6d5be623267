/** For tests: networks of several nodes in one process, each on a loopback address of its own failure domain. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "../../core/log.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { MeshNetwork, type NetworkOptions } from "./mesh-network.ts";

export interface TestFolder extends Disposable {
  readonly path: string;
}

export function testFolder(): TestFolder {
  const path = mkdtempSync(join(tmpdir(), "nocturne-mesh-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Options of node `index`: it serves, listens on 127.1.index.1 at a free port, and has 10 GiB to give. */
export function nodeOptions(
  folder: string,
  index: number,
  key: SignatureKeyPair = ed25519.createKeyPair(),
): NetworkOptions {
  return {
    key,
    folder: join(folder, `node-${index}`),
    log: createLogger("silent"),
    listen: { host: `127.1.${index}.1`, port: 0, announce: [] },
    bootstrap: [],
    findsNeighbours: false,
    networkKey: null,
    relays: false,
    serves: true,
    exchange: { port: 9, cares: true, roomBytes: () => 10 * 2 ** 30, leaving: () => false },
    denied: { nodes: new Set(), domains: new Set() },
  };
}

/** One that only asks. */
export function clientOptions(folder: string, index: number): NetworkOptions {
  return { ...nodeOptions(folder, index), listen: null, serves: false, exchange: null };
}

/** Nodes of one network, the first of which the others are told of. */
export async function startNodes(
  folder: string,
  count: number,
  changes: Partial<NetworkOptions> = {},
): Promise<MeshNetwork[]> {
  const first = await MeshNetwork.start({ ...nodeOptions(folder, 1), ...changes });
  const rest = Array.from({ length: count - 1 }, (_, at) =>
    MeshNetwork.start({ ...nodeOptions(folder, at + 2), ...changes, bootstrap: first.addresses() }),
  );
  return [first, ...(await Promise.all(rest))];
}

/** Throws after `limitMs`. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  const endMs = Date.now() + limitMs;
  while (!(await isSo())) {
    if (Date.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
