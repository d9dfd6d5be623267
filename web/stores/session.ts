/**
 * The session with the node: an unguessable header that lives in this tab's memory and nowhere else.
 *
 *     launch link  http://localhost:8080/#token=...  --POST /api/session-->  x-nocturne-session
 *     no token     another open tab is asked          --BroadcastChannel--->  the same session
 *     neither      the "lost" scene says what to do
 *
 * A token works once and within a minute. It leaves the address bar before anything is sent, so that
 * neither the history nor a bookmark keeps it.
 */
import type { Session } from "../../src/api/contract.ts";
import { tokenOf } from "../lib/launch-token.ts";
import { type Store, createStore } from "./store.ts";

/** Each reason has its own words in the "lost" scene. */
export type LostReason = "no-token" | "token-refused" | "expired" | "unreachable" | "wiped";

export type SessionState =
  | { readonly phase: "starting" }
  | { readonly phase: "open"; readonly session: string }
  | { readonly phase: "lost"; readonly reason: LostReason };

export const sessionStore: Store<SessionState> = createStore<SessionState>({ phase: "starting" });

const TAB_ANSWER_MS = 250;
type TabMessage = { readonly ask: true } | { readonly session: string };
const tabs = new BroadcastChannel("nocturne-session");

/** The header's value; null without a session. */
export function currentSession(): string | null {
  const state = sessionStore.get();
  return state.phase === "open" ? state.session : null;
}

/** Begins the session from the address bar, or from another open tab. Call once at start. */
export async function startSession(): Promise<void> {
  listenToTabs();
  addEventListener("hashchange", () => void redeemFromAddress());
  if (await redeemFromAddress()) return;
  tell({ ask: true });
  setTimeout(() => {
    if (sessionStore.get().phase === "starting") loseSession("no-token");
  }, TAB_ANSWER_MS);
}

/** Trades a one-time token for a session; ends in the "open" or the "lost" phase. */
export async function redeemToken(token: string): Promise<void> {
  try {
    const answer = await fetch("/api/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token }),
    });
    if (!answer.ok) return refuse(answer.status >= 500 ? "unreachable" : "token-refused");
    openSession(((await answer.json()) as Session).session);
  } catch {
    refuse("unreachable");
  }
}

/** A bad link does not end a session that still holds. */
function refuse(reason: LostReason): void {
  if (currentSession() === null) loseSession(reason);
}

/** Every scene disappears behind the one that explains why. */
export function loseSession(reason: LostReason): void {
  sessionStore.set({ phase: "lost", reason });
}

/** True when the address bar held a token, whether or not it was good. */
async function redeemFromAddress(): Promise<boolean> {
  const token = tokenOf(location.hash);
  if (token === null) return false;
  history.replaceState(null, "", "/");
  await redeemToken(token);
  return true;
}

function openSession(session: string): void {
  sessionStore.set({ phase: "open", session });
}

/** Tabs of one origin share their session: a second tab needs no second launch link. */
function listenToTabs(): void {
  tabs.addEventListener("message", ({ data }: MessageEvent<TabMessage>) => {
    const session = currentSession();
    if ("ask" in data && session !== null) tell({ session });
    if ("session" in data && session === null) openSession(data.session);
  });
}

function tell(message: TabMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel reaches its own origin only
  tabs.postMessage(message);
}
