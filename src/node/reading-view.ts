/** How cells are fetched from our relays now, what that costs, and what each relay learns by it, in plain words. */

import { FETCH_LIMITS } from "../core/cell-limits.ts";
import type { RelayReading } from "../messaging/fetch/fetching.ts";
import type { Services } from "./services.ts";
import type { ReadingView, RelayReadingView } from "./views.ts";

const { freshBodies, olderBodies, batchMs } = FETCH_LIMITS;
const SEES: Record<RelayReadingView["way"], string> = {
  crowd: "You fetch every cell, so which ones are yours does not show.",
  private:
    "You fetch what names each cell, and bodies by questions to two relays of which neither learns the answer. Only both together could tell which cells are yours.",
  headers:
    `You fetch what names each cell, and every ${batchMs / 1_000} seconds ${freshBodies + olderBodies} bodies, whether there is mail or not: yours, if there are any, among others drawn by chance. ` +
    "One body in a few may be yours; over days, or for a relay that knows what your contacts sent, this tells more.",
};
const WHOLE_ONLY = "This relay does not tell headers apart from bodies, so it can only be read whole.";
const LOCKED = "Nothing is read while the vault is locked.";
/** What tells most comes last. */
const BY_PRIVACY: readonly RelayReadingView["way"][] = ["crowd", "private", "headers"];

export function readReading({ gate, messenger, settings, vault }: Services): ReadingView {
  const { relays, fits } = gate.working ? messenger.readings() : { relays: [], fits: true };
  const weakest = BY_PRIVACY.findLast((way) => relays.some((one) => one.way === way)) ?? "crowd";
  return {
    budgetMegabytesPerHour: vault.locked ? 0 : settings.read().readingMegabytesPerHour,
    fits,
    sees: gate.working ? SEES[weakest] : LOCKED,
    relays: relays.map(view),
  };
}

function view({ url, way, bytesPerHour, cellsPerHour, isWholeOnly }: RelayReading): RelayReadingView {
  return {
    url,
    way,
    kilobytesPerHour: Math.round(bytesPerHour / 1_000),
    cellsPerHour: Math.round(cellsPerHour),
    sees: isWholeOnly ? `${SEES[way]} ${WHOLE_ONLY}` : SEES[way],
  };
}
