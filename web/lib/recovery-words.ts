/** The account's summary at relays, and what a restore found, in plain words. */
import type { RestoreResult, ShareKeeper, SharesView, SummaryView } from "../../src/api/contract.ts";
import { countOf, formatMoment } from "./format.ts";

const WHAT =
  "At your relays lies a sealed summary of your account: your contacts, groups, channels and settings. Only your recovery key finds and opens it; messages and files are in backups only.";

/** Where the summary is, and what is wrong with it. */
export function summaryWords({ possible, madeAt, relays, leftOut }: SummaryView): string {
  if (!possible) {
    return "You use no relay of others, so if this machine is lost your recovery key brings back your identity alone. At a relay it also finds your contacts, groups and channels.";
  }
  if (madeAt === null) return `${WHAT} The first one is made within minutes.`;
  const where = relays.length === 0 ? "It is on its way." : `It lies at ${relays.join(", ")}.`;
  const missing = leftOut > 0 ? ` ${leftOut} people did not fit: keep a backup, too.` : "";
  return `${WHAT} The newest is of ${formatMoment(madeAt)}. ${where}${missing}`;
}

/** What came back, as one sentence. */
export function restoredWords({ contacts, summary }: RestoreResult): string {
  if (!summary?.madeAt) return "Your identity is back.";
  const parts = [countOf(contacts, "contact"), countOf(summary.groups, "group"), countOf(summary.channels, "channel")];
  return `Your identity is back, with ${parts.join(", ")}, as they were on ${formatMoment(summary.madeAt)}.`;
}

export const OLD_SHARES_STAY =
  "Giving them anew does not take earlier ones back: the key stays the same, so people who kept enough of an earlier splitting can still put it together.";

/** Who keeps shares of the key. */
export function givenWords({ given }: SharesView): string {
  if (!given) return "You gave nobody a share yet.";
  const people = given.people.map((one) => one.name + shareState(one)).join(", ");
  return `Since ${formatMoment(given.at)}, any ${given.need} of these can give your key back: ${people}.`;
}

function shareState({ arrived, underWay }: ShareKeeper): string {
  if (arrived) return "";
  return underWay ? " (on its way)" : " (not sent: give it again)";
}
