/**
 * The API for one command when no node runs: the same calls, without a network, on a socket of its own,
 * so that another command does not take it for a running node.
 */
import type { Config } from "../node/config.ts";
import { openServices } from "../node/services.ts";
import { offlineSocketPath } from "../node/socket-path.ts";
import { openTrustedApi } from "./server.ts";

export interface OfflineApi {
  readonly socketPath: string;
  /** True when the first call has to be the unlock. */
  readonly locked: boolean;
  close(): Promise<void>;
}

/** Throws what `openServices` throws. */
export async function startOffline(config: Config): Promise<OfflineApi> {
  await using opened = new AsyncDisposableStack();
  const services = await openServices(config, { online: false });
  opened.defer(() => services.close());
  const socketPath = offlineSocketPath(config.dataDir);
  const api = await openTrustedApi(services, socketPath);
  opened.defer(() => api.close());
  const owned = opened.move();
  return { socketPath, locked: services.vault.locked, close: () => owned.disposeAsync() };
}
