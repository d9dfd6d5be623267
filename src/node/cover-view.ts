/** What cover there is now, what else could be chosen, what it costs, and what a relay can see of it, in plain words. */

import { CELL_EVENT_BYTES } from "../messaging/cell/cell.ts";
import { COVER_PROFILES, coverCost, type CoverProfile, expectedWaitSeconds } from "../messaging/cover/cover-law.ts";
import type { Services } from "./services.ts";
import type { CoverChoiceView, CoverView } from "./views.ts";

const STREAM =
  "Relays see a steady stream of cells, the same whether you write or not, and when you are connected. The times do not tell which cells are real, and no cell says for whom it is.";
const SEES: Record<CoverProfile, string> = {
  stealth: STREAM,
  balanced: STREAM,
  fast: "Relays see when you send and how much, but no cell says to whom. Who watches both sides can guess who answers whom by the times.",
};

export function readCover({ config, gate, law, messenger, ownRelays }: Services): CoverView {
  // Those of contacts, too: what leaves to them costs as much.
  const relays = gate.working ? messenger.readings().streams : Math.max(1, ownRelays().length);
  const choices = COVER_PROFILES.map((profile) => describe(profile, relays));
  return { ...describe(law.profile, relays), changeable: config.cover === null, choices };
}

function describe(profile: CoverProfile, relays: number): CoverChoiceView {
  const { kilobytesPerHour } = coverCost(profile, CELL_EVENT_BYTES, relays);
  return {
    profile,
    kilobytesPerHour: Math.round(kilobytesPerHour),
    secondsPerCell: expectedWaitSeconds(profile),
    sees: SEES[profile],
  };
}
