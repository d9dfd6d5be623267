/**
 * The engine of the download page, in a worker so that the page never freezes: makes the keys, claims the link,
 * fetches, authenticates and decrypts, and hands the bytes to the sink as fast as the disk takes them.
 *
 *     password -> keys -> claim -> manifest -> "opened" ... "save" -> [pull -> open a block -> chunk]* -> end
 */
/// <reference lib="webworker" />
import type { LinkClaim, LinkInfo } from "../../../src/api/contract.ts";
import { fromBase64Url } from "../../../src/core/bytes.ts";
import { CryptoError, NocturneError } from "../../../src/core/errors.ts";
import { DOWNLOAD_LIMITS } from "../../../src/core/limits.ts";
import { deriveLinkKeys, type LinkManifest, type LinkPassword, openManifest } from "../../../src/crypto/link-key.ts";
import type { FromEngine, FromSink, LinkRequest, Problem, ToEngine, ToSink } from "../messages.ts";
import { openContent } from "./content-opener.ts";
import { claimLink, DownloadProblem, sealedContent } from "./link-client.ts";

declare const self: DedicatedWorkerGlobalScope;

interface OpenedLink {
  readonly claim: LinkClaim;
  readonly manifest: LinkManifest;
}

/** Direction marks make "gpj.exe" read "exe.jpg", and the maker of a manifest is a stranger. */
const DECEPTIVE = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

const sinkGiven = Promise.withResolvers<MessagePort>();
let goOn = (): void => {};

const tell = (message: FromEngine): void => self.postMessage(message, []);

self.addEventListener("message", (event) => {
  const message = event.data as ToEngine;
  if (message.type === "open") void run(message.request);
  else if (message.type === "save") sinkGiven.resolve(message.sink);
  else goOn();
});

async function run(request: LinkRequest): Promise<void> {
  try {
    const { claim, manifest } = await openLink(request);
    tell({ type: "opened", name: manifest.name, bytes: manifest.bytes });
    const sealed = sealedContent(request.link.slug, claim, interrupted);
    await pump(openContent(sealed, manifest), manifest.bytes, await sinkGiven.promise);
    tell({ type: "ended", problem: null });
  } catch (error) {
    tell({ type: "ended", problem: problemOf(error) });
  }
}

/** Derives the keys, claims a use (or goes on under `request.claim`) and opens the manifest. */
async function openLink({ link, info, password, claim: kept }: LinkRequest): Promise<OpenedLink> {
  const keys = await deriveLinkKeys(link, linkPassword(info, password));
  const claim = kept ?? (await claimLink(link.slug, keys.proof, info.needsPassword));
  if (!kept) tell({ type: "claimed", claim });
  try {
    const manifest = openManifest(fromBase64Url(claim.sealedManifest), keys.wrapKey, link.slug);
    return { claim, manifest: { ...manifest, name: manifest.name.replace(DECEPTIVE, "") || "file" } };
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
async function pump(plain: AsyncIterable<Uint8Array<ArrayBuffer>>, bytes: number, port: MessagePort): Promise<void> {
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
  return error instanceof NocturneError ? "damaged" : "stopped";
}
