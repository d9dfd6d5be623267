/**
 * A device as a leaf of a conversation: who it is, and why one may believe it.
 *
 *   credential  version 1 | account 32 | device 32 | certificate 64        MLS basic credential
 *   certificate BIP-340 signature by the account over
 *               SHA-256("nocturne/device/v1" | device 32 | signature key 32)
 *
 * `account` is the person's npub. `device` is the key that this device's gift wraps are addressed to; on a person's
 * first device both are the same. The signature key (Ed25519) signs in conversations and is bound by the certificate,
 * so that nobody but the account can bring a leaf in its name. Specified in NEP-08.
 */

import { schnorr } from "@noble/curves/secp256k1.js";
import { concatBytes, fromHex, toHex, utf8Encode } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { sha256 } from "../../crypto/key-derivation.ts";

const VERSION = 1;
const KEY_BYTES = 32;
const CERTIFICATE_BYTES = 64;
const CREDENTIAL_BYTES = 1 + 2 * KEY_BYTES + CERTIFICATE_BYTES;
const CERTIFICATE_DOMAIN: Uint8Array = utf8Encode("nocturne/device/v1");
/** A check costs about two milliseconds, and a group shows the same credentials at every commit. */
const REMEMBERED_CERTIFICATES = 10_000;

export interface DeviceName {
  /** Hex, 32 bytes. */
  readonly account: string;
  /** Hex, 32 bytes. */
  readonly device: string;
}

/** This device's own keys. */
export interface OwnDevice extends DeviceName {
  /** Ed25519; the secret key is the 32-byte seed. */
  readonly signature: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };
  /** 64 bytes. */
  readonly certificate: Uint8Array;
}

/** The account's word that a device and its signature key (32 bytes) are its own: 64 bytes. */
export function certifyDevice(accountSecretKey: Uint8Array, device: string, signatureKey: Uint8Array): Uint8Array {
  return schnorr.sign(certified(device, signatureKey), accountSecretKey);
}

/** The credential of a leaf: 129 bytes. */
export function encodeCredential(device: OwnDevice): Uint8Array {
  return concatBytes(Uint8Array.of(VERSION), fromHex(device.account), fromHex(device.device), device.certificate);
}

/** Account and device that a credential names; its certificate is not checked. Throws CryptoError if malformed. */
export function readCredential(credential: Uint8Array): DeviceName {
  if (credential.length !== CREDENTIAL_BYTES || credential[0] !== VERSION) throw new CryptoError();
  return {
    account: toHex(credential.subarray(1, 1 + KEY_BYTES)),
    device: toHex(credential.subarray(1 + KEY_BYTES, 1 + 2 * KEY_BYTES)),
  };
}

const believed = new Set<string>();

/** True if the credential's account certified this signature key (32 bytes). */
export function isCertified(credential: Uint8Array, signatureKey: Uint8Array): boolean {
  const name = `${toHex(credential)}${toHex(signatureKey)}`;
  if (believed.has(name)) return true;
  if (!checkCertificate(credential, signatureKey)) return false;
  if (believed.size >= REMEMBERED_CERTIFICATES) believed.clear();
  believed.add(name);
  return true;
}

function checkCertificate(credential: Uint8Array, signatureKey: Uint8Array): boolean {
  try {
    const { account, device } = readCredential(credential);
    return isCertificate(credential.subarray(-CERTIFICATE_BYTES), account, device, signatureKey);
  } catch {
    return false;
  }
}

/** True if `certificate` (64 bytes) is the account's word for this device (hex keys) and signature key (32 bytes). */
export function isCertificate(
  certificate: Uint8Array,
  account: string,
  device: string,
  signatureKey: Uint8Array,
): boolean {
  try {
    return schnorr.verify(certificate, certified(device, signatureKey), fromHex(account));
  } catch {
    return false;
  }
}

function certified(device: string, signatureKey: Uint8Array): Uint8Array {
  return sha256(concatBytes(CERTIFICATE_DOMAIN, fromHex(device), signatureKey));
}
