/** Words about personas that stand in several places. */
import type { Persona } from "../../src/api/contract.ts";
import { formatUntil } from "./format.ts";

/** What a persona does not hide; said wherever one is made. */
export const ADDRESS_WORDS: string =
  "Nothing in a persona leads to you, but relays that are not reached by Tor see this machine’s network address. Relays " +
  "that compare notes can link it to you by address and time.";

/** In the place of a link to a file that somebody sent to a persona. */
export const NO_FILES_WORDS = "not opened by a persona: its sender would see your address";

/** "Ends in 6 days", "Ends when you remove it". */
export function endWords({ expiresAt }: Pick<Persona, "expiresAt">): string {
  return expiresAt === null ? "Ends when you remove it" : `Ends ${formatUntil(expiresAt)}`;
}

/** How many messages and requests wait for all of these. */
export function waitingFor(personas: readonly Pick<Persona, "unread" | "requests">[]): number {
  return personas.reduce((sum, { unread, requests }) => sum + unread + requests, 0);
}
