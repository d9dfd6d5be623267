/**
 * Opens somebody's share link as a visitor's browser would, for small files that the app shows itself (voice
 * notes): the app's page may talk to this node only, so the node asks the other one (`link-client.ts`).
 *
 *   link -> keys -> claim -> lease, manifest -> content, no longer than the manifest says -> plaintext
 */
import { concatBytes, fromBase64Url } from "../core/bytes.ts";
import { NocturneError, ValidationError } from "../core/errors.ts";
import { VOICE_LIMITS } from "../core/limits.ts";
import { deriveLinkKeys, parseLink, sealedBytesOf } from "../crypto/link-key.ts";
import { openManifest } from "../crypto/link-manifest.ts";
import { LinkClient, unreachable } from "./link-client.ts";
import { openContent } from "./sealed-file.ts";

/**
 * The whole plaintext behind a link without a password. Uses up one download of it. Throws ValidationError `bad_link`,
 * `file_too_large` and those of `link-problems.ts`; NetworkError `link_unreachable`; CryptoError for altered content.
 */
export async function fetchLink(link: string, signal: AbortSignal): Promise<Uint8Array> {
  const address = parseLink(link);
  const client = new LinkClient(link, AbortSignal.any([signal, AbortSignal.timeout(VOICE_LIMITS.fetchMs)]));
  const { wrapKey, proof } = await deriveLinkKeys(address, null);
  try {
    const { lease, sealedManifest } = await client.claim(proof);
    const { kind, bytes, suite, fileKey } = openManifest(fromBase64Url(sealedManifest), wrapKey, address.slug);
    if (kind !== "file" || bytes > VOICE_LIMITS.bytes) throw tooLarge();
    const sealed = client.content(lease, 0, sealedBytesOf(suite, bytes));
    return concatBytes(...(await Array.fromAsync(openContent(sealed, suite, fileKey))));
  } catch (error) {
    throw error instanceof NocturneError ? error : unreachable(error);
  }
}

function tooLarge(): ValidationError {
  return new ValidationError("file_too_large", "This is too large for a voice note.", {
    hint: "Open it as a file instead.",
  });
}
