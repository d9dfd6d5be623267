/** Locks the vault. The node's answer empties this browser's storage, so what is no secret is put back. */
import { keepPreferences } from "../stores/preferences.ts";
import { call } from "./client.ts";
import { keys } from "./keys.ts";
import { queryClient } from "./queries.ts";

/** Throws ApiFailure `no_passphrase` while nothing could unlock the vault again. */
export async function lockVault(): Promise<void> {
  await call("POST", "/vault/lock");
  keepPreferences();
  await queryClient.invalidateQueries({ queryKey: keys.status });
}
