/**
 * The owner's word that nobody need care for an object any more, because she dropped it: a certificate that ended in 1970.
 *
 *   record of places: certificate until 1 | an object that lies nowhere        said last, and carers end their care when they find it
 *
 * For others it is like any certificate that has ended. Nobody else can sign it, and she signs it for nothing that she wants to keep. NEP-25.
 */
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import { readCareCertificate, signCareCertificate } from "../manifest/care-certificate.ts";
import { createLocator, type LocatedFragment, type Locator } from "../manifest/locator.ts";
import type { OwnerId } from "../node-id.ts";

const ENDED_MS = 1;

/** `carer`: the care signing key of the object that was dropped. 137 bytes. */
export function signCareEnd(carer: Uint8Array, owner: SignatureKeyPair): Uint8Array {
  return signCareCertificate(carer, ENDED_MS, owner);
}

/** Whether this owner dropped the object. Never throws. */
export function isCareEnd(certificate: Uint8Array, owner: OwnerId): boolean {
  const read = readCareCertificate(certificate, 0);
  return read?.untilMs === ENDED_MS && read.owner === owner;
}

/** As short as a locator can be, and without any place. */
export function nowhere({ segments }: Locator): Locator {
  const [first] = segments.flatMap(({ fragments }) => fragments);
  return createLocator({ bytes: 1, needed: 1, total: 1 }, [[{ id: (first as LocatedFragment).id, node: null }]]);
}
