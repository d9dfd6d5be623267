/** What a change of conversations leads to once it is committed: what others are told of. */

import type { StoredMessage } from "./message-store.ts";
import type { DeliveryState } from "./views.ts";

export interface Effects {
  readonly shown: StoredMessage[];
  /** Shown before, and now different. */
  readonly changed: StoredMessage[];
  readonly gone: { readonly id: string; readonly conversation: string }[];
  readonly progressed: { readonly id: string; readonly conversation: string; readonly state: DeliveryState }[];
  /** Conversations of which something other than a message changed. */
  readonly conversations: Set<string>;
  readonly typing: { readonly conversation: string; readonly author: string; readonly on: boolean }[];
  contactsChanged: boolean;
  devicesChanged: boolean;
}

export function noEffects(): Effects {
  return {
    shown: [],
    changed: [],
    gone: [],
    progressed: [],
    conversations: new Set(),
    typing: [],
    contactsChanged: false,
    devicesChanged: false,
  };
}
