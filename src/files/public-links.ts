/**
 * Share links as visitors meet them. Nothing here needs a key, so links work while the vault is locked.
 *
 *   info      is the link alive, does it need a password?          counts nothing
 *   claim     a right proof takes one use                          -> sealed manifest and a lease
 *   content   ciphertext by byte range, on a lease                 -> resumes until all was served, or 6 h
 *
 * A broken connection costs no second use: the lease goes on until every byte was handed to the network once,
 * and 2 minutes longer for what was lost on the way. Leases are on disk and survive a crash of the node.
 */
import { fromBase64Url, toBase64Url } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { randomBytes } from "../core/random.ts";
import { sha256 } from "../crypto/key-derivation.ts";
import { linkVerifier } from "../crypto/link-key.ts";
import type { BlobStore } from "./blob-store.ts";
import { linkProblem, type LinkProblemCode } from "./link-problems.ts";
import type { ClaimOutcome, ContentPiece, LinkStore } from "./link-store.ts";
import type { LinkClaim, LinkInfo } from "./views.ts";

/** Bytes `start` to `end` (exclusive); null means to the end. */
export interface ContentRange {
  readonly start: number;
  readonly end: number | null;
}

export interface LinkContent {
  readonly stream: AsyncIterable<Uint8Array>;
  /** First byte of the stream, the byte after its last, and the length of the whole content. */
  readonly start: number;
  readonly end: number;
  readonly total: number;
}

export interface PublicLinksOptions {
  readonly store: LinkStore;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Logger;
}

const TOKEN_BYTES = 16;

const CODES: Record<Exclude<ClaimOutcome["outcome"], "claimed">, LinkProblemCode> = {
  unknown: "unknown_link",
  ended: "link_ended",
  used: "link_used",
  expired: "link_expired",
  "wrong-proof": "link_wrong_proof",
  blocked: "too_many_attempts",
  busy: "too_many_downloads",
};

export class PublicLinks {
  protected readonly store: LinkStore;
  protected readonly clock: Clock;
  readonly #log: Logger;
  readonly #blobs: BlobStore;
  readonly #listeners = new Set<() => void>();

  constructor({ store, blobs, clock, log }: PublicLinksOptions) {
    this.store = store;
    this.#blobs = blobs;
    this.clock = clock;
    this.#log = log;
  }

  /** All that may be known without the key. Never throws for an unknown slug. */
  info(slug: string): LinkInfo {
    const status = this.store.status(slug, this.clock.nowMs());
    const password = status?.state === "active" ? status.password : null;
    return {
      state: status?.state ?? (this.store.isEnded(slug, this.clock.nowMs()) ? "ended" : "unknown"),
      needsPassword: password !== null,
      passwordSalt: password?.salt ?? null,
      argon2: password?.cost ?? null,
    };
  }

  /**
   * Takes one use by showing the 32-byte proof. Throws ValidationError `unknown_link`, `link_ended`, `link_used`,
   * `link_expired`, `link_wrong_proof` (wrong password or incomplete link; takes no use), `too_many_attempts` after
   * 10 of these in 10 minutes, `too_many_downloads` while 64 are under way.
   */
  claim(slug: string, proof: Uint8Array): LinkClaim {
    const nowMs = this.clock.nowMs();
    const token = randomBytes(TOKEN_BYTES);
    const result = this.store.claim(slug, linkVerifier(proof), sha256(token), nowMs);
    this.#log.info({ outcome: result.outcome }, "share link claimed");
    if (result.outcome !== "claimed") throw linkProblem(CODES[result.outcome]);
    this.changed();
    return {
      lease: toBase64Url(token),
      leaseExpiresAt: new Date(nowMs + FILE_LIMITS.leaseMs).toISOString(),
      sealedManifest: toBase64Url(result.manifest),
      contentBytes: result.contentBytes,
      missing: result.missing,
    };
  }

  /**
   * The payload of the file (its header, with the owner's slots, stays here), or a range of it; of a folder its listing
   * and the payloads of all its files. What is read from the stream counts as served. Throws ValidationError
   * `lease_ended`, `link_ended`, `bad_range`, and `file_gone` where the owner has deleted this file of a folder; the
   * last two also while reading.
   */
  async content(slug: string, lease: string, range: ContentRange | null): Promise<LinkContent> {
    const token = sha256(fromBase64Url(lease));
    const nowMs = this.clock.nowMs();
    const found = this.store.lease(slug, token, nowMs);
    if (!found) throw linkProblem(this.store.isEnded(slug, nowMs) ? "link_ended" : "lease_ended");
    const total = found.contentBytes;
    const start = range?.start ?? 0;
    const end = Math.min(range?.end ?? total, total);
    const isRange = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start < end;
    if (!isRange || found.served.length >= FILE_LIMITS.leaseRanges + found.parts) throw linkProblem("bad_range");
    const first = this.#piece(slug, start);
    if ("blob" in first.from) await this.#blobs.size(first.from.blob);
    return { stream: this.#serve(slug, token, start, end), start, end, total };
  }

  /** Erases what ended links and downloads left in the database. Call it at each start and once an hour. */
  sweep(): void {
    this.store.sweep(this.clock.nowMs());
  }

  /** Calls `listener` whenever the list of links may look different; returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  protected changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** A piece counts as served when the reader comes back for the next one: then it has passed this one on. */
  async *#serve(slug: string, token: Uint8Array, start: number, end: number): AsyncGenerator<Uint8Array> {
    let recorded = start;
    let served = start;
    const record = (): void => {
      this.store.recordServed(slug, token, recorded, served, this.clock.nowMs());
      recorded = served;
    };
    try {
      while (served < end) {
        const piece = this.#piece(slug, served);
        for await (const bytes of this.#read(piece, served - piece.start, Math.min(piece.end, end) - piece.start)) {
          yield bytes;
          served += bytes.length;
          if (served - recorded < FILE_LIMITS.leaseProgressBytes) continue;
          record();
          if (!this.store.status(slug, this.clock.nowMs())) throw linkProblem("link_ended");
        }
      }
    } finally {
      if (served > recorded) record();
    }
  }

  /** Bytes `start` to `end` (exclusive) of a piece. */
  async *#read({ from }: ReadablePiece, start: number, end: number): AsyncGenerator<Uint8Array> {
    if ("blob" in from) yield* this.#blobs.read(from.blob, from.contentOffset + start, from.contentOffset + end);
    else yield from.subarray(start, end);
  }

  #piece(slug: string, at: number): ReadablePiece {
    const piece = this.store.piece(slug, at);
    if (!piece) throw linkProblem("link_ended");
    const { start, end, from } = piece;
    if (from === "gone") throw linkProblem("file_gone");
    return { start, end, from };
  }
}

type ReadablePiece = Omit<ContentPiece, "from"> & { readonly from: Exclude<ContentPiece["from"], "gone"> };
