/** Changes settings: shown at once, set back if the node refuses. */
import type { Settings } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { queryClient } from "../../api/queries.ts";

export type SettingsChange = Partial<
  Pick<
    Settings,
    | "displayName"
    | "relays"
    | "readReceipts"
    | "typingIndicators"
    | "invitedOnly"
    | "cover"
    | "readingMegabytesPerHour"
    | "strangerWork"
  >
>;

/** Throws ApiFailure. */
export async function changeSettings(change: SettingsChange): Promise<void> {
  const before = queryClient.getQueryData<Settings>(keys.settings);
  queryClient.setQueryData<Settings>(keys.settings, (settings) => settings && { ...settings, ...change });
  try {
    queryClient.setQueryData(keys.settings, await call<Settings>("PATCH", "/settings", change));
    void queryClient.invalidateQueries({ queryKey: keys.status });
  } catch (error) {
    queryClient.setQueryData(keys.settings, before);
    throw error;
  }
}
