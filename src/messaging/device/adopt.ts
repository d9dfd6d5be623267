/** Becoming a linked device: what the main device granted takes the place of an identity of one's own. */

import { fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { MESSAGE_LIMITS } from "../../core/limits.ts";
import type { Account } from "../../vault/account.ts";
import type { LinkedAccount } from "../../vault/identity.ts";
import { keepCertificate } from "../session/own-device.ts";
import { DeviceBook, MAIN_NAME } from "./device-book.ts";
import type { LinkGrant } from "./pairing.ts";

/** The vault speaks for the account afterwards. Nothing of the messenger may run: its keys are wiped. Throws CryptoError. */
export function adoptGrant(
  vault: Account,
  linkTo: (account: LinkedAccount) => void,
  grant: LinkGrant,
  ownRelays: readonly string[],
  nowMs: number,
): void {
  const { card, certificate, name, hybridPublicKey, relays } = grant;
  const { publicKey, signatureKey } = card;
  if (signatureKey === null) throw new CryptoError();
  const { device, hybrid } = vault.identity();
  const known = { addedAtMs: nowMs, revoked: false };
  const self = {
    ...known,
    device,
    name: name === "" ? "Linked device" : name,
    hybridPublicKey: toBase64Url(hybrid.publicKey),
    relays: ownRelays.slice(0, MESSAGE_LIMITS.inviteRelays),
  };
  vault.transaction(() => {
    keepCertificate(vault, fromBase64Url(certificate));
    const devices = new DeviceBook(vault, { publicKey, device });
    devices.removeAllOwn();
    devices.putOwn({ ...known, device: publicKey, name: MAIN_NAME, hybridPublicKey, relays });
    devices.putOwn(self);
    linkTo({ publicKey, hybridPublicKey: card.hybridPublicKey, signatureKey });
  });
}
