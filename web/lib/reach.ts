/** Who can reach this node, in a few words: "Only this machine", "2 of 3 relays". */
import type { Status } from "../../src/api/contract.ts";

export function reachWords({ reachable, relays }: Status): string {
  if (reachable === "this-machine") return "Only this machine";
  const others = relays.filter(({ embedded }) => !embedded);
  const connected = others.filter(({ state }) => state === "connected").length;
  if (others.length === 0) return "Own relay";
  return `${connected} of ${others.length} ${others.length === 1 ? "relay" : "relays"}`;
}
