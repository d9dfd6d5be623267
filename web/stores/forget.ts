/** Locking takes everything readable out of this tab: what was fetched, typed and sent. */
import { keys } from "../api/keys.ts";
import { queryClient } from "../api/queries.ts";
import { actingStore } from "./acting.ts";
import { forgetDrafts } from "./drafts.ts";
import { outgoingStore } from "./outgoing.ts";
import { forgetPostDrafts } from "./post-drafts.ts";
import { forgetUploads } from "./uploads.ts";

/** The status stays: it is what says that the vault is locked. */
export function forgetEverything(): void {
  actingStore.set(null);
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== keys.status[0] });
  forgetDrafts();
  forgetPostDrafts();
  outgoingStore.set([]);
  forgetUploads();
}
