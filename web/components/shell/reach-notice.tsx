/** Says that nobody outside this machine can write yet, and where that is changed. Gone once a relay is chosen. */
import { Unplug } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useStatus } from "../../api/queries.ts";
import { actingStore } from "../../stores/acting.ts";
import { useStore } from "../../stores/store.ts";

/** True while only programs on this machine can reach the one who acts; false also while that is unknown. */
export function useOnlyHere(): boolean {
  const { data: status } = useStatus();
  const acting = useStore(actingStore);
  return acting === null && status?.reachable === "this-machine";
}

/** Stands below the chats, where one would wait in vain. */
export function ReachNotice(): ReactNode {
  if (!useOnlyHere()) return null;
  return (
    <div className="flex gap-3 border-t border-divider px-5 py-3 text-sm text-muted">
      <Unplug aria-hidden className="mt-0.5 size-4 shrink-0" />
      <p>
        Only people on this machine can reach you. Others can once you{" "}
        <Link href="/settings/relays" className="text-ink underline underline-offset-4">
          choose a relay
        </Link>
        .
      </p>
    </div>
  );
}
