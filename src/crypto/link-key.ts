/**
 * The key of a share link, made and used by the owner's node and by the visitor's browser alike. It travels
 * in the URL's fragment, which browsers do not send, so the server that stores the file never has it.
 *
 *   https://host/s/<slug>#<secret>              slug: 16 base32 characters; secret: 16 bytes, base64url
 *   HKDF-SHA-512(ikm = secret | [Argon2id(password, salt) 32], salt = slug, info = "nocturne/link/v1")
 *     -> wrap key 32   opens the manifest
 *      | proof 32      shows the server, which keeps only SHA-256(proof), that the visitor has secret and password
 *
 * What those keys open is in `link-manifest.ts` and `link-listing.ts`.
 *
 * The password is stretched and mixed in, so neither a thief of the server's database nor one who saw the
 * URL can try passwords without asking the server, which counts wrong proofs.
 */

import { base32nopad } from "@scure/base";
import { concatBytes, fromBase64Url, toBase64Url, utf8Encode } from "../core/bytes.ts";
import { CodecError, ValidationError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import type { ByteTransform } from "./chunked-stream.ts";
import { hkdfSha512, sha256 } from "./key-derivation.ts";
import { NoctisPayloadOpener, sealedNoctisPayloadBytes } from "./noctis-payload.ts";
import { type Argon2Cost, stretchPassphrase } from "./passphrase.ts";
import { PayloadOpener, sealedPayloadBytes } from "./payload.ts";
import type { SealedSuite } from "./sealed-header.ts";

const LINK_SECRET_BYTES = 16;

/** The context of every file's payload: keeps it from passing for a payload of another purpose. */
export const FILE_PAYLOAD_CONTEXT: Uint8Array = utf8Encode("nocturne/file/v1");

const SLUG_BYTES = 10; // 80 bits: slugs cannot be found by trying, and each attempt is a request
const SLUG = /^[a-z2-7]{16}$/;
const KEY_BYTES = 32;
const LINK_LABEL = "nocturne/link/v1";

export interface LinkAddress {
  readonly slug: string;
  /** 16 bytes. */
  readonly secret: Uint8Array;
}

export interface LinkPassword {
  readonly password: string;
  readonly salt: Uint8Array;
  readonly cost: Argon2Cost;
}

export interface LinkKeys {
  /** 32 bytes; never leaves the browser and the owner's node. */
  readonly wrapKey: Uint8Array;
  /** 32 bytes; goes to the server with a claim. */
  readonly proof: Uint8Array;
}

export function createLinkAddress(): LinkAddress {
  return { slug: base32nopad.encode(randomBytes(SLUG_BYTES)).toLowerCase(), secret: randomBytes(LINK_SECRET_BYTES) };
}

/** `/s/<slug>#<secret>`, to be put behind the origin of a server. */
export function formatLinkPath({ slug, secret }: LinkAddress): string {
  return `/s/${slug}#${toBase64Url(secret)}`;
}

/** Slug and secret of a whole link or of its path. Throws ValidationError `bad_link` if a part is missing or wrong. */
export function parseLink(text: string): LinkAddress {
  const [, slug, secretText] = /(?:^|\/)s\/([^/?#]*)(?:\?[^#]*)?#(.*)$/.exec(text.trim()) ?? [];
  const secret = secretText === undefined ? null : parseSecret(secretText);
  if (slug === undefined || !SLUG.test(slug) || secret === null) {
    throw new ValidationError("bad_link", "This link is incomplete or was changed.", {
      hint: "Copy the whole link again, with everything after the # sign.",
    });
  }
  return { slug, secret };
}

/** Throws CodecError `argon2_cost` when the server asks for a stretching beyond the bounds. */
export async function deriveLinkKeys({ slug, secret }: LinkAddress, password: LinkPassword | null): Promise<LinkKeys> {
  const stretched = password
    ? await stretchPassphrase(password.password, password.salt, password.cost)
    : new Uint8Array(0);
  const keys = hkdfSha512(concatBytes(secret, stretched), slug, LINK_LABEL, 2 * KEY_BYTES);
  return { wrapKey: keys.slice(0, KEY_BYTES), proof: keys.slice(KEY_BYTES) };
}

/** What the server keeps of a proof: 32 bytes that cannot be turned back into it. */
export function linkVerifier(proof: Uint8Array): Uint8Array {
  return sha256(proof);
}

/**
 * Opens a file's payload, whose bytes arrive in pieces of any size: nothing unauthenticated comes out, and
 * only a `finish` that returns says that nothing is missing.
 */
export function createContentOpener(suite: SealedSuite, fileKey: Uint8Array): ByteTransform {
  const Opener = suite === "noctis-256" ? NoctisPayloadOpener : PayloadOpener;
  return new Opener(fileKey, FILE_PAYLOAD_CONTEXT);
}

/** Bytes of the whole sealed payload for so many bytes of plaintext. */
export function sealedBytesOf(suite: SealedSuite, bytes: number): number {
  return suite === "noctis-256" ? sealedNoctisPayloadBytes(bytes) : sealedPayloadBytes(bytes);
}

function parseSecret(text: string): Uint8Array | null {
  try {
    const secret = fromBase64Url(text);
    return secret.length === LINK_SECRET_BYTES ? secret : null;
  } catch (error) {
    if (error instanceof CodecError) return null;
    throw error;
  }
}
