/** What is said of the devices of one's account. All functions are pure. */
import type { DeviceView } from "../../src/api/contract.ts";

/** What a linked device may do and what not, told before one is let in. */
export const LINKED_MAY =
  "It gets your contacts, groups and messages, reads and writes as you, also while this device is off. It does not get your account’s keys: only this device can invite people, add contacts, and link or revoke devices. Your files, channels and the disappearing messages of until now stay here.";

/** Said wherever only the main device can do something. */
export const MAIN_ONLY =
  "This is a linked device. Your account’s keys are on your main device alone, so that a lost or stolen device cannot act in your name for ever.";

/** This device; undefined for a list that does not hold it. */
export function thisDevice(devices: readonly DeviceView[]): DeviceView | undefined {
  return devices.find(({ me }) => me);
}

/** True on a device that does not hold the account's keys, whether it still belongs to the account or not. */
export function isLinked(devices: readonly DeviceView[]): boolean {
  const own = thisDevice(devices);
  return own !== undefined && !own.main;
}

/** True once this device was taken out of its account. */
export function isUnlinked(devices: readonly DeviceView[]): boolean {
  return thisDevice(devices)?.state === "unlinked";
}

/** The device that came since the list was `before`, so that it can be greeted by name. */
export function newcomer(before: readonly DeviceView[], now: readonly DeviceView[]): DeviceView | undefined {
  return now.find(({ id, state }) => state !== "revoked" && !before.some((known) => known.id === id));
}

/** "Active", "Coming in, 40 % of the history", "Removed". */
export function stateWords({ state, history }: Pick<DeviceView, "state" | "history">): string {
  if (state === "revoked") return "Removed";
  if (state === "unlinked") return "Does not belong to your account any more";
  if (history !== null && history > 0) return `Getting the history, ${Math.floor(history * 100)} %`;
  return state === "joining" ? "Coming in" : "Active";
}

/** A device link, as opposed to its words, for which a relay has to be named. */
export function isDeviceLink(text: string): boolean {
  return text.trim().startsWith("nocturne:");
}

/** Time left as "9:05"; "0:00" once it is over. */
export function countdown(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
