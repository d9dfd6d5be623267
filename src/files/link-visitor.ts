/**
 * Opens somebody's share link as a visitor's browser would, for small files that the app shows itself (voice
 * notes): the app's page may talk to this node only, so the node asks the other one.
 *
 *   link -> keys -> POST /s/<slug>/claim {proof} -> lease, manifest -> GET /s/<slug>/content -> plaintext
 *
 * The address was written by somebody else. So nothing but these two requests goes to it, no redirect is followed,
 * no answer is longer than the limit, and nothing of an answer is told but whether it opened.
 */

import { concatBytes, fromBase64Url, toBase64Url, utf8Decode } from "../core/bytes.ts";
import { NetworkError, NocturneError, ValidationError } from "../core/errors.ts";
import { VOICE_LIMITS } from "../core/limits.ts";
import { createContentOpener, deriveLinkKeys, parseLink } from "../crypto/link-key.ts";
import { type LinkManifest, openManifest } from "../crypto/link-manifest.ts";
import { sealedPayloadBytes } from "../crypto/payload.ts";
import type { LinkClaim } from "./views.ts";

/**
 * The whole plaintext behind a link without a password. Uses up one download of it. Throws ValidationError `bad_link`,
 * `file_too_large`, `link_ended`; NetworkError `link_unreachable`; CryptoError for altered content.
 */
export async function fetchLink(link: string, signal: AbortSignal): Promise<Uint8Array> {
  const address = parseLink(link);
  const { origin, protocol } = new URL(link);
  if (protocol !== "http:" && protocol !== "https:") throw unreachable();
  const base = `${origin}/s/${address.slug}`;
  const { wrapKey, proof } = await deriveLinkKeys(address, null);
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(VOICE_LIMITS.fetchMs)]);
  try {
    const claim = await claimUse(base, proof, bounded);
    const manifest = openManifest(fromBase64Url(claim.sealedManifest), wrapKey, address.slug);
    if (manifest.kind !== "file" || manifest.bytes > VOICE_LIMITS.bytes) throw tooLarge();
    const content = await ask(`${base}/content`, { headers: { "x-nocturne-lease": claim.lease }, signal: bounded });
    return openContent(await bodyOf(content, sealedBytes(manifest)), manifest);
  } catch (error) {
    throw error instanceof NocturneError ? error : unreachable(error);
  }
}

async function claimUse(base: string, proof: Uint8Array, signal: AbortSignal): Promise<LinkClaim> {
  const body = JSON.stringify({ proof: toBase64Url(proof) });
  const headers = { "content-type": "application/json" };
  const answer = await ask(`${base}/claim`, { method: "POST", headers, body, signal });
  const claim = JSON.parse(utf8Decode(await bodyOf(answer, VOICE_LIMITS.claimBytes))) as Partial<LinkClaim>;
  if (typeof claim.lease !== "string" || typeof claim.sealedManifest !== "string") throw unreachable();
  return claim as LinkClaim;
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(url, { ...init, redirect: "error" });
  if (answer.ok) return answer;
  await answer.body?.cancel();
  if (answer.status >= 500) throw unreachable();
  throw new ValidationError("link_ended", "The sender no longer offers this file.", { hint: "Ask for it again." });
}

/** A stranger's server may send without end. */
async function bodyOf(answer: Response, mostBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    bytes += piece.length;
    if (bytes > mostBytes) throw tooLarge();
    pieces.push(piece);
  }
  return concatBytes(...pieces);
}

/** With room for what the suite noctis-256 adds. */
function sealedBytes({ bytes }: LinkManifest): number {
  return sealedPayloadBytes(bytes) + VOICE_LIMITS.claimBytes;
}

function openContent(sealed: Uint8Array, { suite, fileKey }: LinkManifest): Uint8Array {
  const opener = createContentOpener(suite, fileKey);
  return concatBytes(opener.update(sealed), opener.finish());
}

function unreachable(cause?: unknown): NetworkError {
  return new NetworkError("link_unreachable", "The sender's machine does not answer.", {
    hint: "Try again when it is running and within reach.",
    cause,
  });
}

function tooLarge(): ValidationError {
  return new ValidationError("file_too_large", "This is too large for a voice note.", {
    hint: "Open it as a file instead.",
  });
}
