/** A device that was taken out of its account says so in every scene: what is on screen is old, and nothing new comes. */
import { Unlink } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useDevices } from "../../api/queries.ts";
import { isUnlinked } from "../../lib/device-words.ts";

/** Cannot be put away: every other scene looks as if all were well. */
export function UnlinkedBanner(): ReactNode {
  const { data } = useDevices();
  if (!data || !isUnlinked(data)) return null;
  return (
    <aside
      aria-label="Unlinked device"
      className="flex shrink-0 items-center gap-3 border-b border-divider bg-surface px-4"
    >
      <Unlink aria-hidden className="size-5 shrink-0" />
      <p role="alert" className="grow py-2 text-sm">
        This device does not belong to your account any more: nothing new comes, and nothing is sent.{" "}
        <Link href="/settings/wipe" className="font-medium underline underline-offset-4">
          Wipe it
        </Link>
        ; afterwards it can be linked anew.
      </p>
    </aside>
  );
}
