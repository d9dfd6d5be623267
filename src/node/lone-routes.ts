/**
 * Routes of a command that has no vault and no node: the way is the one that was said, or straight. Onion addresses need
 * Tor whatever was said.
 *
 *   in a folder: its Tor, with its guards       without one: a Tor in a temporary folder, which goes with the command
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { DirectRoute } from "../route/direct-route.ts";
import type { Way } from "../route/policy.ts";
import { Routes } from "../route/routes.ts";
import type { Tor, TorOptions } from "../route/tor/tor.ts";
import type { Config } from "./config.ts";
import { torOf } from "./tor-of.ts";

export interface LoneRoutes extends AsyncDisposable {
  readonly routes: Routes;
  readonly tor: Tor;
}

export interface LoneRoutesOptions {
  readonly config: Config;
  /** Where Tor keeps what it remembers; null: nowhere. */
  readonly folder: string | null;
  /** What the flags do not say. */
  readonly usual: Way;
  /** Of the vault beside it, if there is one. */
  readonly bridges?: TorOptions["bridges"];
  readonly log: Logger;
}

const NO_BRIDGES: TorOptions["bridges"] = () => ({ lines: [], plugins: [] });

/** Nothing is started before something is dialled. */
export function openLoneRoutes({ config, folder, usual, bridges = NO_BRIDGES, log }: LoneRoutesOptions): LoneRoutes {
  const made = folder === null ? mkdtempSync(join(tmpdir(), "nocturne-")) : null;
  const tor = torOf({ config, folder: folder ?? (made as string), bridges, clock: systemClock, log });
  const policy = { usual: config.route ?? usual, relays: new Map(), demanded: new Set<string>() };
  const routes = new Routes({ routes: [new DirectRoute(), tor], policy: () => policy });
  const close = async (): Promise<void> => {
    await routes.close();
    if (made !== null) rmSync(made, { recursive: true, force: true });
  };
  return { routes, tor, [Symbol.asyncDispose]: close };
}
