/** What another head of a session tells of devices: which there are, and which came when we were there. */

import { type HeardBook, placeOf } from "../heard-book.ts";
import { headOf, type Session, sessionInfo, sessionMembers } from "../session/session.ts";
import type { DeviceBook } from "./device-book.ts";

/** Runs in the transaction that stores the head; `before` is null for a session that is new here. */
export function followDevices(
  { devices, heard }: { readonly devices: DeviceBook; readonly heard: HeardBook },
  before: Session | null,
  after: Session,
): void {
  const members = sessionMembers(after);
  for (const { device, account } of members) devices.note(device, account);
  const info = sessionInfo(after);
  if (info === null && before && sessionInfo(before)?.kind === "devices") noteRevoked(devices, after);
  const conversation =
    info?.kind === "group" ? after.id : members.find(({ account }) => account !== devices.account)?.account;
  if (!before || conversation === undefined) return;
  const known = sessionMembers(before).map(({ device }) => device);
  // Who comes when we are there has said nothing yet that we could miss.
  for (const { device } of members) if (!known.includes(device)) heard.greet(placeOf(conversation, device));
}

/** The account's own session goes on without this device: it was revoked. */
function noteRevoked(devices: DeviceBook, after: Session): void {
  const own = devices.ownDevice(devices.device);
  if (own && !devices.isMain && headOf(after).state === null) devices.putOwn({ ...own, revoked: true });
}
