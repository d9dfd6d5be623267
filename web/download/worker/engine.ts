/**
 * The engine of the download page, in a worker so that the page never freezes: makes the keys, claims the link,
 * fetches, authenticates and decrypts, and hands the bytes to the sink as fast as the disk takes them.
 *
 *     password -> keys -> claim -> manifest -> "opened" ... "save" -> [pull -> open a block -> chunk]* -> end
 */
/// <reference lib="webworker" />
import type { LinkClaim, LinkInfo } from "../../../src/api/contract.ts";
import { concatBytes, fromBase64Url } from "../../../src/core/bytes.ts";
import { CryptoError, NocturneError } from "../../../src/core/errors.ts";
import { DOWNLOAD_LIMITS } from "../../../src/core/limits.ts";
import { deriveLinkKeys, type LinkPassword, parseLink } from "../../../src/crypto/link-key.ts";
import { openListing } from "../../../src/crypto/link-listing.ts";
import { type LinkManifest, openManifest } from "../../../src/crypto/link-manifest.ts";
import type { FromEngine, FromSink, LinkRequest, Opened, Problem, ToEngine, ToSink } from "../messages.ts";
import { openContent } from "./content-opener.ts";
import { folderOf, type SharedFolder } from "./folder.ts";
import { claimLink, DownloadProblem, sealedContent } from "./link-client.ts";

declare const self: DedicatedWorkerGlobalScope;

interface OpenedLink {
  readonly claim: LinkClaim;
  readonly manifest: LinkManifest;
}

type Plain = AsyncIterable<Uint8Array<ArrayBuffer>>;

/** What can be saved: everything, or one file of a folder. */
interface Source {
  readonly opened: Opened;
  plain(pick: number | null): { readonly bytes: number; readonly content: Plain };
}

type Save = Extract<ToEngine, { readonly type: "save" }>;

let asked = Promise.withResolvers<Save>();
let goOn = (): void => {};

const tell = (message: FromEngine): void => self.postMessage(message, []);

self.addEventListener("message", (event) => {
  const message = event.data as ToEngine;
  if (message.type === "open") void run(message.request);
  else if (message.type === "save") asked.resolve(message);
  else goOn();
});

async function run(request: LinkRequest): Promise<void> {
  try {
    const { claim, manifest } = await openLink(request);
    const isFolder = manifest.kind === "folder";
    const source = isFolder ? await openFolder(request, claim, manifest) : openFile(request, claim, manifest);
    tell({ type: "opened", opened: source.opened });
    for (;;) {
      const { sink, pick } = await asked.promise;
      asked = Promise.withResolvers();
      const { bytes, content } = source.plain(pick);
      await pump(content, bytes, sink);
      tell({ type: "saved" });
    }
  } catch (error) {
    tell({ type: "ended", problem: problemOf(error) });
  }
}

function openFile({ slug }: LinkRequest, claim: LinkClaim, manifest: LinkManifest): Source {
  const { name, bytes, note } = manifest;
  const content = (): Plain => openContent(sealedContent(slug, claim, 0, claim.contentBytes, interrupted), manifest);
  return { opened: { name, bytes, note, files: null }, plain: () => ({ bytes, content: content() }) };
}

async function openFolder({ slug }: LinkRequest, claim: LinkClaim, manifest: LinkManifest): Promise<Source> {
  const { name, note, bytes, fileKey } = manifest;
  const sealed = await Array.fromAsync(sealedContent(slug, claim, 0, bytes, interrupted));
  const files = openListing(concatBytes(...sealed), fileKey, slug);
  const folder: SharedFolder = {
    name,
    files,
    start: bytes,
    missing: new Set(claim.missing),
    fetch: (start, end) => sealedContent(slug, claim, start, end, interrupted),
    gone: (index) => tell({ type: "gone", index }),
  };
  const { zipBytes, zip, one } = folderOf(folder);
  const offered = files.map((file, index) => ({ path: file.path, bytes: file.bytes, gone: folder.missing.has(index) }));
  return {
    opened: { name, bytes: zipBytes, note, files: offered },
    plain: (pick) => (pick === null ? { bytes: zipBytes, content: zip() } : one(pick)),
  };
}

/** Derives the keys, claims a use (or goes on under `request.claim`) and opens the manifest. */
async function openLink({ slug, secret, info, password, claim: kept }: LinkRequest): Promise<OpenedLink> {
  const keys = await deriveLinkKeys(parseLink(`/s/${slug}#${secret}`), linkPassword(info, password));
  const claim = kept ?? (await claimLink(slug, keys.proof, info.needsPassword));
  if (!kept) tell({ type: "claimed", claim });
  try {
    return { claim, manifest: openManifest(fromBase64Url(claim.sealedManifest), keys.wrapKey, slug) };
  } catch (error) {
    // Only a kept claim can meet a wrong key here: the server has checked the proof of a new one.
    if (kept && error instanceof CryptoError)
      throw new DownloadProblem(info.needsPassword ? "wrong-password" : "wrong-link");
    throw error;
  }
}

function linkPassword(info: LinkInfo, password: string): LinkPassword | null {
  if (!info.needsPassword || info.passwordSalt === null || info.argon2 === null) return null;
  return { password, salt: fromBase64Url(info.passwordSalt), cost: info.argon2 };
}

/** Tells the page that the connection broke, and waits until the person wants to go on. */
function interrupted(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  goOn = resolve;
  tell({ type: "interrupted" });
  return promise;
}

/** Writes the file to the sink, a block for each pull. Throws DownloadProblem if it is not as long as promised. */
async function pump(plain: Plain, bytes: number, port: MessagePort): Promise<void> {
  const send = (message: ToSink, transfer: Transferable[] = []): void => port.postMessage(message, transfer);
  const nextPull = pullsOf(port);
  const alive = setInterval(() => {
    send({ type: "alive" });
    tell({ type: "alive" });
  }, DOWNLOAD_LIMITS.tickMs);
  let done = 0;
  let toldAt = 0;
  for await (const block of plain) {
    await nextPull();
    done += block.length;
    send({ type: "chunk", bytes: block }, [block.buffer]);
    if (performance.now() - toldAt > DOWNLOAD_LIMITS.progressMs) {
      tell({ type: "progress", bytes: done });
      toldAt = performance.now();
    }
  }
  if (done !== bytes) throw new DownloadProblem("damaged");
  await nextPull(); // the sink has passed on the last block
  send({ type: "end" });
  clearInterval(alive);
}

/** A function that waits for the sink's next pull. When the person cancels in the browser, the download ends. */
function pullsOf(port: MessagePort): () => Promise<void> {
  const pulls = [Promise.withResolvers<void>()];
  port.addEventListener("message", (event) => {
    if ((event.data as FromSink).type === "cancel") return tell({ type: "ended", problem: "stopped" });
    pulls.at(-1)?.resolve();
    pulls.push(Promise.withResolvers());
  });
  port.start();
  return async () => {
    await pulls[0]?.promise;
    pulls.shift();
  };
}

/** Everything that NocturneError stands for here is bytes that do not fit their key or format. */
function problemOf(error: unknown): Problem {
  if (error instanceof DownloadProblem) return error.problem;
  if (error instanceof NocturneError && error.code === "for_recipients") return "for-recipients";
  if (error instanceof NocturneError && error.code === "bad_link") return "incomplete-link";
  return error instanceof NocturneError ? "damaged" : "stopped";
}
