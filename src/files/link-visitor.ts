/**
 * Opens somebody's share link as a visitor's browser would: the app's page may talk to this node only, so the node asks
 * the other one (`link-client.ts`).
 *
 *   link -> keys -> claim -> lease, manifest [-> recipient slot, by our keys] -> content -> authenticated plaintext
 *
 * A download goes on where it broke, on the same lease, or on a new one of the same content where that has ended.
 */
import { equalBytes, fromBase64Url } from "../core/bytes.ts";
import { CryptoError, NetworkError, NocturneError, ValidationError } from "../core/errors.ts";
import type { Fetch } from "../core/fetch.ts";
import type { EnvelopeKeys } from "../crypto/envelope.ts";
import { deriveLinkKeys, type LinkAddress, type LinkKeys, parseLink, sealedBytesOf } from "../crypto/link-key.ts";
import type { LinkManifest } from "../crypto/link-manifest.ts";
import { openManifestFor } from "../crypto/recipient-manifest.ts";
import { type Broke, LinkClient, mayPass, unreachable } from "./link-client.ts";
import { planRange } from "./content-range.ts";
import { openContent } from "./sealed-file.ts";
import type { LinkClaim } from "./views.ts";

/** Refusals after which nothing is to be had by this link any more. */
const GONE: ReadonlySet<string> = new Set(["link_ended", "link_used", "link_expired", "unknown_link"]);

export interface VisitOptions {
  readonly fetch: Fetch;
  /** Whose recipient slot is looked for; read each time, so that no copy is kept. */
  readonly keys: () => EnvelopeKeys;
  readonly signal: AbortSignal;
  /** Without it a claim is tried once, and content as `LinkClient` does. */
  readonly broke?: Broke | undefined;
  /** Other than the limit only for tests that cannot wait. */
  readonly stallMs?: number;
}

export interface VisitedLink {
  /** Of the plain content, as the manifest says; `contentBytes` of the sealed one fit to it. */
  readonly bytes: number;
  readonly contentBytes: number;
  /** True: it took our keys. */
  readonly forRecipients: boolean;
  /**
   * The plain content from byte `start` on (0 when nothing is said), once. Only a regular end says that nothing is
   * missing. Throws as `visitLink` does; ValidationError `bad_range` for a start behind the end.
   */
  readonly open: (start?: number) => AsyncGenerator<Uint8Array>;
}

/**
 * Visits a link to one file, without a password, which uses up one download of it. Throws ValidationError `bad_link`,
 * `not_a_recipient`, `file_differs` and those of `link-problems.ts`; CryptoError for altered content; CodecError
 * `bad_manifest`; NetworkError `link_unreachable`, or what `broke` throws; the signal's reason.
 */
export async function visitLink(link: string, options: VisitOptions): Promise<VisitedLink> {
  const address = parseLink(link);
  const client = new LinkClient(link, options);
  const visit = new Visit(client, address, await deriveLinkKeys(address, null), options);
  const first = await visit.claim();
  const { contentBytes, forRecipients } = first;
  return { bytes: first.manifest.bytes, contentBytes, forRecipients, open: (start = 0) => visit.content(first, start) };
}

interface Claimed {
  readonly lease: string;
  readonly manifest: LinkManifest;
  readonly contentBytes: number;
  readonly forRecipients: boolean;
}

class Visit {
  readonly #client: LinkClient;
  readonly #address: LinkAddress;
  readonly #keys: LinkKeys;
  readonly #o: VisitOptions;

  constructor(client: LinkClient, address: LinkAddress, keys: LinkKeys, options: VisitOptions) {
    this.#client = client;
    this.#address = address;
    this.#keys = keys;
    this.#o = options;
  }

  /** Takes a use of the link, and opens what it says of the file. */
  async claim(): Promise<Claimed> {
    const { broke, signal } = this.#o;
    for (let failures = 1; ; failures++) {
      try {
        return this.#read(await this.#client.claim(this.#keys.proof));
      } catch (thrown) {
        signal.throwIfAborted();
        const error = thrown instanceof NetworkError ? unreachable(thrown) : inMessage(thrown);
        if (!broke || !mayPass(error)) throw error;
        await broke(error, failures);
      }
    }
  }

  /** The plaintext of what was claimed. */
  content(claimed: Claimed, start: number): AsyncGenerator<Uint8Array> {
    const { manifest, contentBytes } = claimed;
    const { suite, fileKey, bytes } = manifest;
    if (start === 0) return openContent(this.#sealed(claimed, 0, contentBytes), suite, fileKey);
    const read = (from: number, to: number): AsyncGenerator<Uint8Array> => this.#sealed(claimed, from, to);
    return planRange({ start, end: bytes }, { bytes, contentBytes, suite, fileKey, read });
  }

  async *#sealed(first: Claimed, start: number, end: number): AsyncGenerator<Uint8Array> {
    let { lease } = first;
    let at = start;
    for (let renewedAt = -1; ; ) {
      try {
        for await (const piece of this.#client.content(lease, at, end)) {
          at += piece.length;
          yield piece;
        }
        return;
      } catch (error) {
        const isOver = error instanceof NocturneError && error.code === "lease_ended";
        // A new lease that is refused as well: then there is nothing to be had any more.
        if (!isOver || renewedAt === at) throw inMessage(error);
        renewedAt = at;
        lease = await this.#claimAgain(first);
      }
    }
  }

  /** A new lease of the same content. */
  async #claimAgain(first: Claimed): Promise<string> {
    const { lease, manifest, contentBytes } = await this.claim();
    const isSame = equalBytes(manifest.fileKey, first.manifest.fileKey) && contentBytes === first.contentBytes;
    if (!isSame) throw differs();
    return lease;
  }

  #read(claim: LinkClaim): Claimed {
    const opened = openManifestFor(fromBase64Url(claim.sealedManifest), this.#keys.wrapKey, this.#address.slug);
    const forRecipients = opened.for === "recipients";
    const manifest = opened.for === "link" ? opened.manifest : asRecipient(() => opened.open(this.#o.keys()));
    const contentBytes = sealedBytesOf(manifest.suite, manifest.bytes);
    if (manifest.kind !== "file" || claim.contentBytes !== contentBytes) throw differs();
    return { lease: claim.lease, manifest, contentBytes, forRecipients };
  }
}

/** The manifest is genuine: only that none of its slots is ours can be the reason. */
function asRecipient(open: () => LinkManifest): LinkManifest {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw new ValidationError("not_a_recipient", "This file was sealed for others, not for this device.", {
      hint: "A device that was linked later cannot open it: use the one that had it, or ask for it again.",
    });
  }
}

/** In the words of a message, whose reader never saw a link. */
function inMessage(error: unknown): unknown {
  if (!(error instanceof ValidationError) || !GONE.has(error.code)) return error;
  return new ValidationError(error.code, "The sender no longer offers this file.", { hint: "Ask for it again." });
}

export function differs(): ValidationError {
  return new ValidationError("file_differs", "What the sender's machine offers is not what the message told of.", {
    hint: "Ask the sender for the file again.",
  });
}
