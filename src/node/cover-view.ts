/** What cover there is now, what it costs, and what somebody at a relay can see, in plain words. */

import { CELL_EVENT_BYTES } from "../messaging/cell/cell.ts";
import { coverCost, type CoverProfile, expectedWaitSeconds } from "../messaging/cover/cover-law.ts";
import type { Services } from "./services.ts";
import type { CoverView } from "./views.ts";

const STREAM =
  "Relays see a steady stream of cells, the same whether you write or not, and when you are connected. The times do not tell which cells are real, and no cell says for whom it is.";
const SEES: Record<CoverProfile, string> = {
  stealth: STREAM,
  balanced: STREAM,
  fast: "Relays see when you send and how much, but no cell says to whom. Who watches both sides can guess who answers whom by the times.",
};

export function readCover({ law, ownRelays }: Services): CoverView {
  const { profile } = law;
  const { kilobytesPerHour } = coverCost(profile, CELL_EVENT_BYTES, Math.max(1, ownRelays().length));
  return {
    profile,
    kilobytesPerHour: Math.round(kilobytesPerHour),
    secondsPerCell: expectedWaitSeconds(profile),
    sees: SEES[profile],
  };
}
