/**
 * A new installation becomes a device of an account. The relays on which the two meet become its own, too, unless others
 * were chosen here: with none, only programs on this machine could reach it, and not even the main device could answer.
 */

import type { Clock } from "../core/clock.ts";
import { parseDeviceLink } from "../messaging/device/device-link.ts";
import type { JoinAccount } from "../messaging/views.ts";
import type { Gate } from "./gate.ts";
import { isLoopbackRelay } from "./relay-url.ts";
import type { Settings } from "./views.ts";

export interface JoiningRooms {
  readonly gate: Pick<Gate, "joinAccount">;
  readonly settings: { read(): Pick<Settings, "relays"> };
  readonly changeSettings: (patch: { readonly relays: readonly string[] }) => unknown;
  readonly clock: Clock;
}

/** Throws CodecError `bad_device_link`, and what `Gate.joinAccount` throws: then no relay stays chosen that was not before. */
export async function joinAccount(rooms: JoiningRooms, request: JoinAccount, signal: AbortSignal): Promise<void> {
  const { gate, settings, changeSettings, clock } = rooms;
  const relays = settings.read().relays.length > 0 ? [] : meetingRelays(request, clock.nowMs());
  if (relays.length > 0) changeSettings({ relays });
  try {
    await gate.joinAccount(request, signal);
  } catch (error) {
    if (relays.length > 0) changeSettings({ relays: [] });
    throw error;
  }
}

/** A relay of the main device's own machine says nothing to another machine. */
function meetingRelays({ link, relay }: JoinAccount, nowMs: number): string[] {
  const { relays } = parseDeviceLink(link, relay === undefined ? [] : [relay], nowMs);
  return relays.filter((url) => !isLoopbackRelay(url));
}
