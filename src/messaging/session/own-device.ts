/**
 * This installation's keys as a leaf of sessions. They are in no backup: a restored vault is another device.
 *
 * The main device certifies itself at each start. A linked one was given its certificate when it was linked; without it
 * (restored from a backup) it can be in no session until it is linked again.
 */

import { fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import { randomBytes } from "../../core/random.ts";
import { ed25519 } from "../../crypto/signing.ts";
import type { Identity } from "../../vault/identity.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";
import type { Account } from "../../vault/account.ts";
import { certifyDevice, isCertificate, type OwnDevice } from "./device.ts";

interface OwnDeviceRow {
  readonly name: "own";
  /** Seed of the signature key. */
  readonly seed: string;
  /** base64url, of a linked device. */
  readonly certificate?: string;
}

const SEED_BYTES = 32;
const NONE = new Uint8Array(64);

export function openOwnDevice(vault: Account, identity: Identity): OwnDevice {
  const table = openTable(vault);
  const known = table.get("own");
  const seed = known ? fromBase64Url(known.seed) : randomBytes(SEED_BYTES);
  if (!known) table.put({ name: "own", seed: toBase64Url(seed) });
  const signature = ed25519.createKeyPair(seed);
  const { publicKey: account, device, nostrSecretKey } = identity;
  const given = known?.certificate === undefined ? NONE : fromBase64Url(known.certificate);
  const certificate = account === device ? certifyDevice(nostrSecretKey, device, signature.publicKey) : given;
  return { account, device, signature, certificate };
}

/** Keeps what the account said of this device (64 bytes); call inside the transaction that links it. */
export function keepCertificate(vault: Account, certificate: Uint8Array): void {
  const table = openTable(vault);
  const row = table.get("own");
  if (row) table.put({ ...row, certificate: toBase64Url(certificate) });
}

/** False for a linked device whose certificate was lost with its keys. */
export function isCertifiedDevice({ account, device, signature, certificate }: OwnDevice): boolean {
  return isCertificate(certificate, account, device, signature.publicKey);
}

function openTable(vault: Account): SealedTable<OwnDeviceRow> {
  return vault.table<OwnDeviceRow>({ name: "own_device", key: (row) => row.name, indexes: { unsaved: () => "yes" } });
}
