/** Who you are, and with which devices; also while no messenger runs. */

import { DeviceBook } from "../messaging/device/device-book.ts";
import type { Vault } from "../vault/vault.ts";
import type { IdentityView } from "./contract.ts";

/** Throws LockedError. */
export function identityView(vault: Vault): IdentityView {
  const identity = vault.identity();
  const { npub, publicKey, fingerprint, devices } = identity;
  const linked = new DeviceBook(vault, identity).own().filter(({ revoked }) => !revoked);
  const views = linked.map(({ device, name, addedAtMs }) => ({
    id: device,
    name,
    addedAt: new Date(addedAtMs).toISOString(),
  }));
  return { npub, hex: publicKey, fingerprint, devices: views.length > 0 ? views : devices };
}
