/**
 * Routes of a command that runs beside the node or without one: what the person chose in the vault, where there is one,
 * counts for it, too.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { NetworkView } from "../api/contract.ts";
import type { LoneRoutes } from "../node/lone-routes.ts";
import type { Way } from "../route/policy.ts";
import { HEADER_FILE } from "../vault/data-directory.ts";
import type { Context } from "./context.ts";

/**
 * `route` as it was said; undefined: as chosen, or `otherwise` where there is no vault. Throws as `Context.anyNode`, and
 * what `bridgeLines` throws.
 */
export async function openRoutes(context: Context, route: string | undefined, otherwise: Way): Promise<LoneRoutes> {
  const config = context.config(route === undefined ? {} : { route });
  const chosen = existsSync(join(config.dataDir, HEADER_FILE)) ? await chosenHere(context) : null;
  const [{ openLoneRoutes }, { createLogger }, { bridgeLines }, { thisMachine }] = await Promise.all([
    import("../node/lone-routes.ts"),
    import("../core/log.ts"),
    import("../route/tor/bridges.ts"),
    import("../route/tor/tor-binary.ts"),
  ]);
  const entered = chosen?.bridges ?? { kind: "none" as const, lines: [] };
  return openLoneRoutes({
    config,
    folder: existsSync(config.dataDir) ? config.dataDir : null,
    usual: chosen?.usual ?? otherwise,
    bridges: () => bridgeLines(entered, thisMachine(config.searchPath)),
    log: createLogger(config.logLevel),
  });
}

/** Without a node the vault is opened for a moment only: a node may be started while the command goes on. */
async function chosenHere(context: Context): Promise<NetworkView> {
  const view = await (await context.anyNode()).call<NetworkView>("GET", "/api/network");
  await context.close();
  return view;
}
