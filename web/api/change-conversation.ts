/** Changes how a conversation stands in the list, or its timer: shown once the node has taken it. */
import type { ChangeConversation, Conversation } from "../../src/api/contract.ts";
import { call } from "./client.ts";
import { keys } from "./keys.ts";
import { editConversation, refetchSoon } from "./push.ts";

/** Throws ApiFailure. */
export async function changeConversation(who: string, change: ChangeConversation): Promise<void> {
  const changed = await call<Conversation>("PATCH", `/conversations/${who}`, change);
  editConversation(changed.id, () => changed);
  refetchSoon(keys.conversations, keys.status);
}
