/** Tells the other side that one types: only if the person switched it on, and not at every key. */
import type { Settings } from "../../src/api/contract.ts";
import { ApiFailure, call } from "../api/client.ts";
import { actingId } from "./acting.ts";
import { keys } from "../api/keys.ts";
import { queryClient } from "../api/queries.ts";

const TELL_MS = 4_000;
const toldAtMs = new Map<string, number>();

/** Call at every key; most calls do nothing. */
export function tellTyping(who: string): void {
  const settings = queryClient.getQueryData<Settings>(keys.settings);
  const due = Date.now() - (toldAtMs.get(who) ?? 0) >= TELL_MS;
  if (!settings?.typingIndicators || !due || actingId() !== null) return;
  toldAtMs.set(who, Date.now());
  void tell(who);
}

/** The next message that is typed is told at once again. */
export function typingEnded(who: string): void {
  toldAtMs.delete(who);
}

/** Nobody misses a hint that was not sent. */
async function tell(who: string): Promise<void> {
  try {
    await call("POST", `/conversations/${who}/typing`, {});
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
  }
}
