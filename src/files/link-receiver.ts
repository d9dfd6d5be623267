/**
 * Receives what a share link gives, and goes on after a break, also of this program, under the lease that it took.
 *
 *   <folder>/<slug>.part    ciphertext as it came, 0600; it opens with the link alone
 *   <folder>/<slug>.lease   the claim, 0600: a lease and the sealed manifest; gone once all is written out
 *
 * Of a folder that misses files the part holds the rest without gaps. Nothing is opened before all has come.
 */
import { createReadStream } from "node:fs";
import { open, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fromBase64Url } from "../core/bytes.ts";
import { isSystemError, NetworkError, NocturneError, ValidationError } from "../core/errors.ts";
import type { Fetch } from "../core/fetch.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { deriveLinkKeys, type LinkAddress, type LinkPassword, parseLink, sealedBytesOf } from "../crypto/link-key.ts";
import { type ListedFile, openListing } from "../crypto/link-listing.ts";
import { type LinkManifest, openManifest } from "../crypto/link-manifest.ts";
import { writeFully } from "./disk.ts";
import { LinkClient, unreachable } from "./link-client.ts";
import { linkProblem } from "./link-problems.ts";
import { openContent } from "./sealed-file.ts";
import type { LinkClaim, LinkInfo } from "./views.ts";

export interface ReceiveOptions {
  readonly fetch: Fetch;
  readonly link: string;
  /** Where the part lies meanwhile. */
  readonly folder: string;
  /** Asked only for a link with a password; null when nobody can tell it. */
  readonly password: () => Promise<string | null>;
  readonly signal: AbortSignal;
}

export interface LinkedFile {
  /** Below the folder; of a single file its name. */
  readonly path: string;
  readonly bytes: number;
}

/** What is kept of a claim. The info goes along because a used link no longer tells its password's salt. */
interface Kept {
  readonly info: LinkInfo;
  readonly claim: LinkClaim;
}

interface Placed extends ListedFile {
  /** Its number in the listing. */
  readonly index: number;
  /** Where its payload lies in the link's content, and in the part. */
  readonly start: number;
  readonly partStart: number;
}

export class LinkReceiver {
  readonly manifest: LinkManifest;
  /** Paths of a folder's files that its owner has deleted. */
  readonly gone: readonly string[];
  readonly #files: readonly Placed[];
  readonly #client: LinkClient;
  readonly #lease: string;
  readonly #part: string;
  readonly #keptPath: string;

  private constructor(
    manifest: LinkManifest,
    all: readonly Placed[],
    missing: ReadonlySet<number>,
    place: { readonly client: LinkClient; readonly lease: string; readonly part: string; readonly keptPath: string },
  ) {
    this.manifest = manifest;
    this.gone = all.filter((_, index) => missing.has(index)).map(({ path }) => path);
    this.#files = withoutGaps(all, missing);
    this.#client = place.client;
    this.#lease = place.lease;
    this.#part = place.part;
    this.#keptPath = place.keptPath;
  }

  /**
   * Claims a use, or goes on with the one that was claimed before. Throws ValidationError `bad_link`,
   * `link_password_needed` and those of `link-problems.ts`; NetworkError `link_unreachable`; CryptoError for another
   * link or password than that of the part; CodecError `bad_manifest`, `for_recipients`; before a use is taken, the
   * system's error when nothing can be written to `folder`.
   */
  static async open({ fetch, link, folder, password, signal }: ReceiveOptions): Promise<LinkReceiver> {
    const address = parseLink(link);
    const client = new LinkClient(link, { fetch, signal });
    const part = join(folder, `${address.slug}.part`);
    const keptPath = join(folder, `${address.slug}.lease`);
    const before = await readKept(keptPath);
    const info = before?.info ?? (await client.info());
    if (!before && info.state !== "active") throw linkProblem(STATES[info.state]);
    const { wrapKey, proof } = await deriveLinkKeys(address, await passwordOf(info, password));
    const claim = before?.claim ?? (await claimInto(part, keptPath, info, () => client.claim(proof)));
    const manifest = await openClaimed(claim, wrapKey, address.slug, () => forget(part, keptPath));
    const { lease } = claim;
    if (manifest.kind === "file") {
      return new LinkReceiver(manifest, [asListed(manifest)], new Set(), { client, lease, part, keptPath });
    }
    await fetchInto(part, client, lease, 0, 0, manifest.bytes);
    const files = await readListing(part, manifest, address);
    return new LinkReceiver(manifest, files, new Set(claim.missing), { client, lease, part, keptPath });
  }

  get files(): readonly LinkedFile[] {
    return this.#files;
  }

  /** Fetches what the part does not have yet; `told` hears of each piece. Throws what `open` throws. */
  async fetch(told: (bytes: number) => void): Promise<void> {
    for (let i = 0; i < this.#files.length; ) {
      const { start, partStart } = this.#files[i] as Placed;
      let end = start;
      for (; this.#files[i]?.start === end; i++) end += (this.#files[i] as Placed).sealedBytes;
      try {
        await fetchInto(this.#part, this.#client, this.#lease, start, partStart, end - start, told);
      } catch (error) {
        throw await this.#settled(error);
      }
    }
  }

  /** The plaintext of one of `files`. Throws CryptoError when it was altered or cut. */
  content(index: number): AsyncIterable<Uint8Array> {
    const { partStart, sealedBytes, suite, fileKey } = this.#files[index] as Placed;
    const sealed = createReadStream(this.#part, { start: partStart, end: partStart + sealedBytes - 1 });
    return openContent(sealed, suite, fileKey);
  }

  /** All is written out: nothing of the download is kept. */
  async finish(): Promise<void> {
    await forget(this.#part, this.#keptPath);
  }

  /** A lease that is over is of no use. A file that was deleted meanwhile is not asked for again. */
  async #settled(error: unknown): Promise<unknown> {
    if (error instanceof NetworkError) return unreachable(error, "Try again: what has arrived is kept.");
    const code = error instanceof NocturneError ? error.code : "";
    if (["lease_ended", "link_ended"].includes(code)) await this.finish();
    const kept = code === "file_gone" ? await readKept(this.#keptPath) : null;
    if (!kept) return error;
    const { size } = await stat(this.#part);
    const lost = this.#files.findLast(({ partStart }) => partStart <= size);
    if (!lost) return error;
    await truncate(this.#part, lost.partStart);
    await writeKept(this.#keptPath, {
      ...kept,
      claim: { ...kept.claim, missing: [...(kept.claim.missing ?? []), lost.index] },
    });
    return new ValidationError("file_gone", "The owner deleted a file of the folder while it was fetched.", {
      hint: "Give the same command again: all others still come.",
    });
  }
}

/** Room for the answers to both calls, as they are kept. */
const RESERVED_BYTES = 2 * FILE_LIMITS.linkAnswerBytes;

const STATES = {
  used: "link_used",
  expired: "link_expired",
  ended: "link_ended",
  unknown: "unknown_link",
} as const;

/**
 * Part and lease are made before, and the lease has its room on the disk then: a use that is taken where nothing can be
 * written, or where the disk fills meanwhile, would be lost.
 */
async function claimInto(
  part: string,
  keptPath: string,
  info: LinkInfo,
  take: () => Promise<LinkClaim>,
): Promise<LinkClaim> {
  await forget(part, keptPath); // of a lease that is over: what had come of it may be of other files
  try {
    await writeFile(keptPath, Buffer.alloc(RESERVED_BYTES, " "), { mode: 0o600, flag: "wx", flush: true });
    await writeFile(part, "", { mode: 0o600, flag: "wx" });
    const claim = await take();
    await writeKept(keptPath, { info, claim });
    return claim;
  } catch (error) {
    await forget(part, keptPath);
    throw error;
  }
}

/** Nothing that comes of a link for particular people can be opened here, so nothing of it is kept. */
async function openClaimed(
  { sealedManifest }: LinkClaim,
  wrapKey: Uint8Array,
  slug: string,
  drop: () => Promise<void>,
): Promise<LinkManifest> {
  try {
    return openManifest(fromBase64Url(sealedManifest), wrapKey, slug);
  } catch (error) {
    if (error instanceof NocturneError && error.code === "for_recipients") await drop();
    throw error;
  }
}

async function forget(part: string, keptPath: string): Promise<void> {
  await rm(keptPath, { force: true });
  await rm(part, { force: true });
}

async function passwordOf(info: LinkInfo, ask: ReceiveOptions["password"]): Promise<LinkPassword | null> {
  const { needsPassword, passwordSalt, argon2 } = info;
  if (!needsPassword || passwordSalt === null || argon2 === null) return null;
  const password = await ask();
  if (password === null) throw passwordNeeded();
  return { password, salt: fromBase64Url(passwordSalt), cost: argon2 };
}

function asListed({ name, bytes, suite, fileKey }: LinkManifest): Placed {
  return {
    path: name,
    bytes,
    suite,
    fileKey,
    sealedBytes: sealedBytesOf(suite, bytes),
    index: 0,
    start: 0,
    partStart: 0,
  };
}

async function readListing(part: string, { bytes, fileKey }: LinkManifest, { slug }: LinkAddress): Promise<Placed[]> {
  const sealed = Buffer.concat(await Array.fromAsync(createReadStream(part, { start: 0, end: bytes - 1 })));
  let start = bytes;
  return openListing(sealed, fileKey, slug).map((file, index) => {
    const placed = { ...file, index, start, partStart: start };
    start += file.sealedBytes;
    return placed;
  });
}

function withoutGaps(all: readonly Placed[], missing: ReadonlySet<number>): Placed[] {
  let gap = 0;
  return all.flatMap((file, index) => {
    if (!missing.has(index)) return [{ ...file, partStart: file.partStart - gap }];
    gap += file.sealedBytes;
    return [];
  });
}

/** Brings `bytes` bytes of the content from `start` on to `partStart` of the part, as far as it does not have them. */
async function fetchInto(
  part: string,
  client: LinkClient,
  lease: string,
  start: number,
  partStart: number,
  bytes: number,
  told: (bytes: number) => void = () => {},
): Promise<void> {
  const file = await open(part, "a", 0o600);
  try {
    const have = Math.max(0, (await file.stat()).size - partStart);
    told(Math.min(have, bytes));
    for await (const piece of client.content(lease, start + Math.min(have, bytes), start + bytes)) {
      await file.appendFile(piece);
      told(piece.length);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readKept(path: string): Promise<Kept | null> {
  try {
    const kept = JSON.parse(await readFile(path, "utf8")) as Kept;
    return Date.parse(kept.claim.leaseExpiresAt) > Date.now() ? kept : null;
  } catch (error) {
    if (error instanceof SyntaxError || (isSystemError(error) && error.code === "ENOENT")) return null;
    throw error;
  }
}

/** Over what is there, which keeps its room until all is written; the blanks that a crash leaves behind it mean nothing. */
async function writeKept(path: string, kept: Kept): Promise<void> {
  const json = Buffer.from(JSON.stringify(kept));
  await using file = await open(path, "r+");
  await writeFully(file, json, 0);
  await file.sync();
  await file.truncate(json.length);
}

function passwordNeeded(): ValidationError {
  return new ValidationError("link_password_needed", "This link has a password.", {
    hint: "Give it with --password-stdin.",
  });
}
