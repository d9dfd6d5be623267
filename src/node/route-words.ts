/** What who watches learns, in plain words, by the way something goes. */
import type { Decision, Way } from "../route/policy.ts";
import type { RouteName } from "../route/route.ts";

export const USUAL_SEES: Record<Way, string> = {
  direct:
    "Each relay and whoever gives you a file sees the network address of this machine, and so about where you are. Who watches your line sees which of them you talk to, and when.",
  tor: "Relays and who gives you files see an exit of Tor, or nothing but that somebody came by Tor. Who watches your line sees that you use Tor, unless you take a bridge, and when and how much. Who watches both ends at once can compare times.",
};

export const ROUTE_SEES: Record<RouteName, string> = {
  direct: USUAL_SEES.direct,
  tor: USUAL_SEES.tor,
  i2p: "The other side sees an I2P address made for this, never yours. Who watches your line sees that you use I2P, when and how much.",
};

const LOCAL = "Nobody: this does not leave your machine.";
const UNKNOWN = "Nobody: nothing leaves before the vault is open, because only it knows what may.";

/** Of one relay or other place. `isOnion`: it has an address inside Tor. */
export function seesOf(route: Decision, isOnion: boolean): string {
  if (route === "local") return LOCAL;
  if (route === "unknown") return UNKNOWN;
  if (route === "direct")
    return "It sees your network address. Who watches your line sees that you talk to it, and when.";
  if (route === "i2p") return "It sees an I2P address made for this. Who watches your line sees only that you use I2P.";
  return isOnion
    ? "It sees that somebody came by Tor, not who or from where. No exit is involved. Who watches your line sees only that you use Tor."
    : "It sees the address of an exit of Tor. Who watches your line sees only that you use Tor.";
}
