/**
 * Browser notifications: asked for on a click only, shown only while the page is hidden, and without
 * the text, which has no business on a lock screen or in a notification log.
 */
import type { Conversation, Message } from "../../src/api/contract.ts";
import { keys } from "../api/keys.ts";
import { onMessage } from "../api/push.ts";
import { queryClient } from "../api/queries.ts";
import { isMuted } from "./spans.ts";
import { preferencesStore, setPreferences } from "../stores/preferences.ts";

export type Permission = "granted" | "denied" | "default" | "unsupported";

/** "unsupported" where the browser has none, as on plain http to another machine. */
export function notificationPermission(): Permission {
  return "Notification" in globalThis ? Notification.permission : "unsupported";
}

/** Asks the browser; call it from a click. */
export async function askForNotifications(): Promise<Permission> {
  const answer = await Notification.requestPermission();
  setPreferences({ notifications: answer === "granted" });
  return answer;
}

/** Call once at start; `open` shows the conversation of this npub. */
export function startNotifications(open: (npub: string) => void): void {
  onMessage((message) => {
    if (wanted(message)) show(message, open);
  });
}

/** A notice, and a message that was read elsewhere, is our own, or is of a silenced conversation, is no news. */
function wanted({ kind, mine, state, conversation }: Message): boolean {
  const allowed = preferencesStore.get().notifications && notificationPermission() === "granted";
  return allowed && document.hidden && kind === "text" && !mine && state !== "read" && !silenced(conversation);
}

function silenced(who: string): boolean {
  const list = queryClient.getQueryData<readonly Conversation[]>(keys.conversations);
  return list?.some((conversation) => conversation.id === who && isMuted(conversation)) ?? false;
}

function show({ from, conversation }: Message, open: (npub: string) => void): void {
  const notice = new Notification("Nocturne", { body: `New message from ${from.name}`, tag: conversation });
  notice.addEventListener("click", () => {
    window.focus();
    open(conversation);
    notice.close();
  });
}
