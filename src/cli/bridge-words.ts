/** What a bridge is for, and which kind to take, in plain words. */

import type { BridgeKind } from "../api/contract.ts";

export const BRIDGE_HELP: string =
  "A bridge is a way into the Tor network that is in no public list. Take one where Tor is blocked, or where an observer " +
  "of your line should not see at once that you use Tor. It is no guarantee: who knows the bridge, or studies the " +
  "traffic, may still tell.";

export const BRIDGE_KINDS: Record<BridgeKind, string> = {
  none: "no bridge: the fastest; an observer sees that you use Tor",
  obfs4: "lines of obfs4 bridges: traffic looks like random bytes; works where Tor is blocked by its addresses",
  snowflake:
    "browsers of volunteers, which change all the time: slower, for where bridges get blocked, too; needs its line and snowflake-client",
  custom: "lines that somebody gave you, of any kind that Tor on this machine understands",
};

export const WHERE_LINES: string =
  "Lines come from https://bridges.torproject.org, by mail from bridges@torproject.org, from @GetBridgesBot " +
  "on Telegram, or from somebody whom you trust.";
