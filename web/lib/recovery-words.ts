/** The account's summary at relays, and what a restore found, in plain words. */
import type { RestoreResult, SummaryView } from "../../src/api/contract.ts";
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
