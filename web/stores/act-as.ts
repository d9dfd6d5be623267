/**
 * Changes whom this tab acts as. What was promised is kept for the one who promised it; what was fetched goes, and
 * answers that are still under way are dropped when they come (`api/client.ts`).
 */
import { keys } from "../api/keys.ts";
import { queryClient } from "../api/queries.ts";
import { type Acting, actingId, actingStore } from "./acting.ts";
import { saveDrafts } from "./drafts.ts";
import { carryOutAll } from "./removals.ts";
import { stopPlayback } from "./voice-player.ts";

/** The same for all that this node is. */
const OF_ALL: readonly string[] = [keys.status, keys.settings, keys.identity, keys.personas].map(([name]) => name);

export function actAs(next: Acting): void {
  if ((next?.id ?? null) === actingId()) return;
  carryOutAll();
  saveDrafts();
  stopPlayback();
  actingStore.set(next);
  const predicate = ({ queryKey }: { queryKey: readonly unknown[] }): boolean => !OF_ALL.includes(String(queryKey[0]));
  void queryClient.cancelQueries({ predicate });
  queryClient.removeQueries({ predicate });
}
