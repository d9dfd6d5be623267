/**
 * An account out of the storage mesh, by its recovery key alone, onto a machine that has nothing.
 *
 *   key -> mesh keys -> nodes (addresses, local network) -> newest copy -> data directory        -> files lie in the mesh still
 *
 * This machine is a node of its own from then on: the lost one's node key, and what it shared, stay with it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../core/clock.ts";
import { toHex, wipeBytes } from "../core/bytes.ts";
import { NetworkError } from "../core/errors.ts";
import { createLogger } from "../core/log.ts";
import { MESH_LIMITS } from "../core/mesh-limits.ts";
import { randomBytes } from "../core/random.ts";
import { deriveKey } from "../crypto/key-derivation.ts";
import { ed25519 } from "../crypto/signing.ts";
import { findAccount, type FoundAccount } from "../mesh/keeper/account-search.ts";
import { deriveMeshKeys, type MeshKeys, wipeMeshKeys } from "../mesh/mesh-keys.ts";
import type { MeshNodeOptions } from "../mesh/mesh-node.ts";
import { routeFetch } from "../route/route-fetch.ts";
import type { Routes } from "../route/routes.ts";
import { restoreBackup } from "../vault/restore.ts";
import type { Config } from "./config.ts";
import { openLoneRoutes } from "./lone-routes.ts";
import { dialNode, loadAndStart, MESH_SECRET, needsDirect, type RunningMesh, type StartMesh } from "./mesh.ts";
import { readRecoveryKey } from "./recovery-input.ts";
import { openServices } from "./services.ts";

export interface MeshRestoreOptions {
  readonly bootstrap: readonly string[];
  /** 32 bytes, of a private network. */
  readonly networkKey: Uint8Array | null;
  /** Another engine, for tests. */
  readonly start?: StartMesh;
  /** Other than the limit only for tests. */
  readonly searchMs?: number;
}

const RETRY_MS = 1_000;

/**
 * Fills the empty data directory of `config` with the account of this key (hex, words or shares), as the mesh has it. Resolves to when that copy
 * was made. Throws what `readRecoveryKey`, `startMeshNode` and `restoreBackup` throw; PolicyError `mesh_needs_direct`; NetworkError `no_account_in_mesh`.
 */
export async function restoreFromMesh(
  config: Config,
  text: string,
  asShares: boolean,
  options: MeshRestoreOptions,
): Promise<{ readonly madeAtMs: number }> {
  if (config.route !== null && config.route !== "direct") throw needsDirect();
  const recoveryKey = await readRecoveryKey(text, asShares);
  const secret = deriveKey(recoveryKey, MESH_SECRET);
  const keys = deriveMeshKeys(secret);
  const folder = mkdtempSync(join(tmpdir(), "nocturne-mesh-"));
  try {
    await using lone = openLoneRoutes({ config, folder: null, usual: "direct", log: createLogger(config.logLevel) });
    const engine = await (options.start ?? loadAndStart)(engineOptions(config, folder, lone.routes, secret, options));
    try {
      const found = await search(engine, keys, options.searchMs ?? MESH_LIMITS.restoreMs);
      await restore(config, recoveryKey, found, options);
      return { madeAtMs: found.madeAtMs };
    } finally {
      await engine.close();
    }
  } finally {
    wipeBytes(recoveryKey, secret);
    wipeMeshKeys(keys);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Nodes are found one after the other: what the first ones do not know others may. */
async function search(engine: RunningMesh, keys: MeshKeys, searchMs: number): Promise<FoundAccount> {
  const endMs = performance.now() + searchMs;
  for (;;) {
    try {
      const found = await findAccount(engine, keys);
      if (found) return found;
    } catch (error) {
      if (!(error instanceof NetworkError) || performance.now() > endMs) throw error;
    }
    if (performance.now() > endMs) throw noAccount();
    await sleep(RETRY_MS);
  }
}

async function restore(
  config: Config,
  recoveryKey: Uint8Array,
  { backup, entries }: FoundAccount,
  { bootstrap, networkKey }: MeshRestoreOptions,
): Promise<void> {
  const { dataDir, secret, logLevel } = config;
  const log = createLogger(logLevel);
  const passphrase = secret === null ? {} : { secret };
  await restoreBackup({ source: backup, dataDir, recoveryKey, ...passphrase, clock: systemClock, log });
  const services = await openServices(config, { online: false });
  try {
    const { settings, keeper } = services.mesh;
    keeper.adopt(entries);
    settings.forgetNode();
    if (networkKey) settings.setNetworkKey(toHex(networkKey));
    const known = settings.read().bootstrap;
    const addresses = [...new Set([...bootstrap, ...known])].slice(0, MESH_LIMITS.bootstrapAddresses);
    settings.change({ on: true, bootstrap: addresses, share: null });
  } finally {
    await services.close();
  }
}

function engineOptions(
  { tracker, logLevel }: Config,
  folder: string,
  routes: Routes,
  secret: Uint8Array,
  { bootstrap, networkKey }: MeshRestoreOptions,
): MeshNodeOptions {
  return {
    folder,
    nodeKey: ed25519.createKeyPair(randomBytes(32)),
    owner: { secret },
    listen: null,
    bootstrap,
    lan: true,
    tracker,
    privateKey: networkKey,
    maxBytes: null,
    care: false,
    relay: false,
    dial: (address, signal) => dialNode(routes, address, signal),
    fetch: routeFetch(routes, "mesh-tracker"),
    clock: systemClock,
    log: createLogger(logLevel),
  };
}

function noAccount(): NetworkError {
  return new NetworkError(
    "no_account_in_mesh",
    "The mesh has no copy of the account of this key, as far as it was found.",
    {
      hint: "Give addresses of nodes with --node, or use a backup file: nocturne restore PATH",
    },
  );
}
