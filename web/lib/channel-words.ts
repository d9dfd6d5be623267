/** What is said of channels in several places, in the words of NEP-07. */
import type { Channel } from "../../src/api/contract.ts";

export const RELAY_SEES: string =
  "Relays cannot read it, but they see that somebody reads it, when, and from which network address. A relay where you " +
  "collect your messages also sees that it is you.";

export const LINK_OPENS: string =
  "Whoever has it reads all posts of the present epoch (up to 100 posts or a day of them) and everything after. It can be " +
  "passed on and cannot be called back, except by a fresh start.";

/** Until its card arrives a channel has no name. */
export function channelName({ name }: Channel): string {
  return name === "" ? "A channel without a name yet" : name;
}

/** One line below the name. */
export function channelStanding({ mine, state, forked }: Channel): string {
  if (forked) return "Its posts contradict each other";
  if (state === "waiting") return "Waiting for its first word";
  if (state === "moved") return "Its owner started afresh";
  return mine ? "Your channel" : "You read this channel";
}
