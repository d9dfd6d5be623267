/** Destroying the vault, by the node that holds it, or here when none runs. */
import { existsSync, rmSync } from "node:fs";
import { systemClock } from "../core/clock.ts";
import { CodecError, NoNodeError } from "../core/errors.ts";
import { createLogger } from "../core/log.ts";
import { openVault } from "../vault/vault.ts";
import { removeWipeMark, wipeFiles } from "../vault/wipe.ts";
import type { Config } from "./config.ts";
import { offlineSocketPath, socketPath } from "./socket-path.ts";

/** The call that asks a running node; throws NoNodeError when there is none. */
export interface NodeCaller {
  call(method: string, path: string, options: { readonly json: unknown }): Promise<unknown>;
}

/** Keys first, then the rest. Nothing happens when there is nothing. Needs no passphrase: a locked vault can be wiped. */
export async function wipeDataDirectory(config: Config, node: NodeCaller): Promise<void> {
  try {
    await node.call("POST", "/api/vault/wipe", { json: { confirm: "wipe" } });
  } catch (error) {
    if (!(error instanceof NoNodeError)) throw error;
    await wipeOffline(config);
  }
}

async function wipeOffline({ dataDir, logLevel }: Config): Promise<void> {
  if (!existsSync(dataDir)) return;
  try {
    const vault = await openVault({ dataDir, clock: systemClock, log: createLogger(logLevel) });
    await vault.wipe();
  } catch (error) {
    // Damage must not save what is left of the keys.
    if (!(error instanceof CodecError)) throw error;
    wipeFiles(dataDir);
    removeWipeMark(dataDir);
  }
  // Left by a killed process; a restore wants an empty folder.
  for (const path of [socketPath(dataDir), offlineSocketPath(dataDir)]) rmSync(path, { force: true });
}
