/**
 * Onion services that only some people reach (rend-spec-v3, appendix G): who has no key cannot even read where to knock.
 *
 *   visitor: secret 32 -> public key 32 -> "descriptor:x25519:<base32>" -> given to whom he wants to visit
 *   service: that line -> public key -> ADD_ONION ... ClientAuthV3=<base32>
 *   visitor: secret -> ONION_CLIENT_AUTH_ADD <address> x25519:<base64>, at each start of tor anew
 *
 * A key is for one service: two services that hold the same public key know that the same person visits both.
 */
import { base32nopad, base64 } from "@scure/base";
import { CodecError, ValidationError } from "../../core/errors.ts";
import { x25519Key } from "../../crypto/provider.ts";
import type { ControlClient } from "./control-client.ts";
import { isOnionHost } from "./onion-key.ts";

const KEY_BYTES = 32;
const LINE = /^(?:descriptor:x25519:)?([a-z2-7]{52})$/i;

/** What a visitor gives to whom he wants to visit: `descriptor:x25519:` and 52 characters. `secret` has 32 random bytes. */
export function clientLine(secret: Uint8Array): string {
  return `descriptor:x25519:${base32nopad.encode(x25519Key(secret).publicKey)}`;
}

/**
 * The public key, 32 bytes, of a line as `clientLine` and other programs of Tor write it; its last part alone does, too.
 * Throws ValidationError `bad_onion_client`.
 */
export function readClientLine(text: string): Uint8Array {
  const [, key] = LINE.exec(text.trim()) ?? [];
  if (key === undefined) throw badLine();
  try {
    return base32nopad.decode(key.toUpperCase());
  } catch (error) {
    throw badLine(error);
  }
}

/** A public key as ADD_ONION takes it. Throws CodecError `bad_public_key` for one that has not 32 bytes. */
export function clientWord(publicKey: Uint8Array): string {
  if (publicKey.length !== KEY_BYTES) throw new CodecError("bad_public_key", `A visitor's key has ${KEY_BYTES} bytes.`);
  return `ClientAuthV3=${base32nopad.encode(publicKey)}`;
}

/** The secret as Tor Browser asks for it when it comes to such a service. */
export function secretForTorBrowser(secret: Uint8Array): string {
  return base32nopad.encode(secret);
}

/** This tor opens the service's door with the secret until it ends. Throws ValidationError `bad_onion_host`; as `command`. */
export async function visitWith(
  control: Pick<ControlClient, "command">,
  host: string,
  secret: Uint8Array,
): Promise<void> {
  await control.command("ONION_CLIENT_AUTH_ADD", nameOf(host), `x25519:${base64.encode(secret)}`);
}

/** What `visitWith` gave is taken back; circuits that are open stay. Throws as there. */
export async function forgetVisit(control: Pick<ControlClient, "command">, host: string): Promise<void> {
  await control.command("ONION_CLIENT_AUTH_REMOVE", nameOf(host));
}

function nameOf(host: string): string {
  return checkOnionHost(host).slice(0, -".onion".length);
}

/** The address in lower case. Throws ValidationError `bad_onion_host` for what is none, or has a slip in it. */
export function checkOnionHost(host: string): string {
  if (isOnionHost(host)) return host.toLowerCase();
  throw new ValidationError("bad_onion_host", "This is not the address of an onion service.", {
    hint: "An address has 56 letters and digits before .onion; copy it once more.",
  });
}

function badLine(cause?: unknown): ValidationError {
  return new ValidationError("bad_onion_client", "This is not the key of a visitor of an onion service.", {
    hint: "It is descriptor:x25519: and 52 letters and digits; ask for it once more.",
    cause,
  });
}
