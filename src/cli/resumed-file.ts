/**
 * A large file on its way out of the library, which no interruption throws back to its beginning.
 *
 *   stream -> .NAME.<tag>.<pid>.part (0600) -> fsync -> rename over NAME
 *
 * The tag stands for the content (the node's ETag), so that what an earlier command left is gone on with only while the
 * file is the same; its end is compared with the node's bytes all the same. The process that writes a part has its id in
 * the name and takes one over by renaming it: two commands never write one part.
 */
import { statSync } from "node:fs";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import type { Status } from "../api/contract.ts";
import { CryptoError, isSystemError, LockedError, NoNodeError, ValidationError } from "../core/errors.ts";
import { UPLOAD_LIMITS } from "../core/limits.ts";
import { isConnectionError, type NodeClient } from "./node-client.ts";
import type { Meter } from "./progress.ts";
import { isNodeGone, untilBack } from "./running-node.ts";
import { resolveTarget } from "./whole-file.ts";

export interface Download {
  readonly client: NodeClient;
  /** The call that answers the content, and its body. */
  readonly path: string;
  readonly json: object;
  readonly bytes: number;
  readonly meter: Meter;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** So often it may break off at the same byte before that byte, and not the connection, is the reason. */
const TURNS = 2;

/**
 * Writes the content to `path`, replacing a file there. A node that goes away is waited for, up to ten minutes; what was
 * written stays for the next command when this one is interrupted. Throws CryptoError when the content is damaged,
 * ValidationError `file_changed` when it is another one by now, and the node's errors.
 */
export async function saveResumed(download: Download, path: string): Promise<void> {
  const target = await resolveTarget(path);
  const tag = await tagOf(download);
  const part = await claimPart(target, tag, download);
  try {
    await fill(download, tag, part);
    await rename(part, target);
  } catch (error) {
    const isUseless = error instanceof CryptoError || error instanceof ValidationError;
    if (isUseless) await rm(part, { force: true });
    throw error;
  }
}

/** Fetches what is missing, over any number of breaks. */
async function fill(download: Download, tag: string, part: string): Promise<void> {
  const { bytes, signal } = download;
  let at = (await stat(part)).size;
  for (let idle = 0; at < bytes; ) {
    try {
      await write(download, await askFrom(download, at, tag), part, at);
      break;
    } catch (error) {
      if (signal.aborted || !isBreak(error)) throw error;
      const now = (await stat(part)).size;
      idle = now > at ? 0 : idle + 1;
      at = now;
      if (idle === TURNS) throw await reasonOfCut(download.client);
    }
  }
  await flush(part);
}

async function write({ meter, signal }: Download, answer: IncomingMessage, part: string, at: number): Promise<void> {
  const file = await open(part, "r+");
  await pipeline(meter.count(answer, at), file.createWriteStream({ start: at }), { signal });
}

/** The node's tag of the content, from an answer of one byte. */
async function tagOf(download: Download): Promise<string> {
  const answer = await ask(download, { range: "bytes=0-0" });
  answer.destroy();
  return /^"([0-9a-f]+)"$/.exec(answer.headers.etag ?? "")?.[1] ?? "";
}

/** The rest. The whole is asked for without a range: the node opens it in larger pieces then. */
async function askFrom(download: Download, at: number, tag: string): Promise<IncomingMessage> {
  const rest = { range: `bytes=${at}-`, "if-range": `"${tag}"` };
  const answer = await ask(download, at === 0 ? {} : rest);
  if (answer.headers.etag === `"${tag}"` && (at === 0 || answer.statusCode === 206)) return answer;
  answer.destroy();
  throw new ValidationError("file_changed", "The file got a new content while it was fetched.", {
    hint: "Run the same command again.",
  });
}

function ask({ client, path, json, signal, say }: Download, headers: Record<string, string>): Promise<IncomingMessage> {
  const away = (): void => say("Nocturne has ended; waiting until it is back.");
  return untilBack(() => client.open("POST", path, { json, headers, signal }), true, UPLOAD_LIMITS.awayMs, away);
}

/** The largest part of this content that nobody writes any more, or a new one. All others go: they are plain text. */
async function claimPart(target: string, tag: string, download: Download): Promise<string> {
  const folder = dirname(target);
  const mine = join(folder, `.${basename(target)}.${tag}.${process.pid}.part`);
  let isTaken = false;
  for (const { name, ofTag } of await abandonedParts(folder, basename(target))) {
    const theirs = join(folder, name);
    if (isTaken || ofTag !== tag) await rm(theirs, { force: true });
    else isTaken = await takeOver(theirs, mine);
  }
  const there = isTaken ? await keepPrefix(download, tag, mine) : 0;
  if (!isTaken) await (await open(mine, "w", 0o600)).close();
  if (there > 0) download.say(`Continuing at ${Math.floor((100 * there) / download.bytes)} %.`);
  return mine;
}

/** What commands that are not running any more left of a file of this name, the largest first. */
async function abandonedParts(folder: string, name: string): Promise<{ name: string; ofTag: string }[]> {
  const parts = (await readdir(folder)).flatMap((entry) => {
    if (!entry.startsWith(`.${name}.`)) return [];
    const [, ofTag, pid] = /^([0-9a-f]{32})\.(\d+)\.part$/.exec(entry.slice(name.length + 2)) ?? [];
    const size = statSync(join(folder, entry), { throwIfNoEntry: false })?.size ?? 0;
    return ofTag === undefined || isRunning(Number(pid)) ? [] : [{ name: entry, ofTag, size }];
  });
  return parts.sort((a, b) => b.size - a.size);
}

async function takeOver(theirs: string, mine: string): Promise<boolean> {
  try {
    await rename(theirs, mine);
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return false; // another command was faster
    throw error;
  }
}

/** Cuts a part to nothing unless its end is what the node has there: a power cut may have left what was never written. */
async function keepPrefix(download: Download, tag: string, part: string): Promise<number> {
  await using file = await open(part, "r+");
  const { size } = await file.stat();
  const from = Math.max(0, size - UPLOAD_LIMITS.comparedBytes);
  if (size > 0 && size <= download.bytes) {
    const headers = { range: `bytes=${from}-${size - 1}`, "if-range": `"${tag}"` };
    const answer = await ask(download, headers);
    const ours = Buffer.alloc(size - from);
    await file.read(ours, 0, ours.length, from);
    if (answer.statusCode === 206 && (await isSame(answer, ours))) return size;
    answer.destroy(); // of a content that is another one by now the node sends all
  }
  await file.truncate(0);
  return 0;
}

/** Whether an answer is these bytes and no more; it is read no further than that. */
async function isSame(answer: AsyncIterable<Buffer>, ours: Buffer): Promise<boolean> {
  let at = 0;
  for await (const piece of answer) {
    if (!piece.equals(ours.subarray(at, at + piece.length))) return false;
    at += piece.length;
  }
  return at === ours.length;
}

async function flush(part: string): Promise<void> {
  await using file = await open(part, "r+");
  await file.sync();
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(isSystemError(error) && error.code === "ESRCH");
  }
}

function isBreak(error: unknown): boolean {
  return isConnectionError(error) || isNodeGone(error) || error instanceof NoNodeError;
}

/**
 * Why a file's stream broke off. HTTP can only cut an answer that has begun: a node that is still well has met
 * something that it could not open. Throws what finding no node throws.
 */
export async function reasonOfCut(client: NodeClient): Promise<Error> {
  const { locked } = await client.call<Status>("GET", "/api/status");
  return locked ? new LockedError() : new CryptoError();
}
