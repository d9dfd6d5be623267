/** What a bridge is for, which kind to take when, and where its lines come from: the one place of these words. */
import type { BridgeChoice } from "./network-views.ts";

export const BRIDGE_HELP: string =
  "A bridge is a way into the Tor network that is in no public list. Take one where Tor is blocked, or where an observer " +
  "of your line should not see at once that you use Tor. It is no guarantee: who knows the bridge, or studies the " +
  "traffic, may still tell.";

const PUBLIC_LINES =
  "https://bridges.torproject.org, by mail from bridges@torproject.org, from @GetBridgesBot on Telegram, or from somebody whom you trust";

/** In the order in which they are to be tried. */
export const BRIDGE_CHOICES: readonly BridgeChoice[] = [
  {
    kind: "none",
    title: "No bridge",
    when: "The fastest. Take it where Tor may be seen and is not blocked.",
    where: null,
  },
  {
    kind: "obfs4",
    title: "obfs4",
    when: "Traffic looks like random bytes. The first to try where Tor is blocked.",
    where: PUBLIC_LINES,
  },
  {
    kind: "snowflake",
    title: "Snowflake",
    when: "By browsers of volunteers, which change all the time. For where bridges get blocked, too. Slower.",
    // It names a broker and fronts that change: a line that came with Nocturne would be a stale one.
    where: "the file pt_config.json in Tor's expert bundle, https://www.torproject.org/download/tor/",
  },
  {
    kind: "custom",
    title: "Your own lines",
    when: "Of any kind that Tor on this machine understands, such as webtunnel.",
    where: PUBLIC_LINES,
  },
];
