/** The Tor of a data directory: one process for a node, and for the commands that run beside it. */
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { Tor, type TorOptions } from "../route/tor/tor.ts";
import type { Config } from "./config.ts";

export interface TorOfOptions {
  readonly config: Pick<Config, "searchPath" | "torrc">;
  /** Where it keeps what it remembers, in a folder `tor`. */
  readonly folder: string;
  readonly bridges: TorOptions["bridges"];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Nothing is started yet. */
export function torOf({ config, folder, bridges, clock, log }: TorOfOptions): Tor {
  const { searchPath, torrc } = config;
  const place = { folder: join(folder, "tor"), searchPath, extraTorrc: torrc };
  return new Tor({ ...place, bridges, clock, log: log.child({ component: "tor" }) });
}
