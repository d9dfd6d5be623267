/**
 * One file of this machine on its way into the library.
 *
 *   below 8 MiB, and pipes   one call
 *   larger                   an upload: what was sent is not lost with the command, the connection or the node
 */
import { createReadStream } from "node:fs";
import type { CipherSuite, FileView, UploadView } from "../api/contract.ts";
import { type NocturneError, NoNodeError, ValidationError } from "../core/errors.ts";
import { UPLOAD_LIMITS } from "../core/limits.ts";
import { fingerprintOf, type LocalFile } from "./local-files.ts";
import type { NodeClient } from "./node-client.ts";
import { plainLine } from "./plain-text.ts";
import type { Meter } from "./progress.ts";
import { isNodeGone, untilBack } from "./running-node.ts";

export interface SendOptions {
  /** A path of the library; undefined for the top. */
  readonly folder: string | undefined;
  readonly cipher: CipherSuite;
  readonly taken: "version" | "rename";
  readonly storage: "local" | "mesh";
  /** With the file's password, if it gets one. */
  readonly headers: Readonly<Record<string, string>>;
  readonly meter: Meter;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

const READ_BYTES = 262_144; // 256 KiB
/** So often it may be told another offset, or have to begin anew, before something is wrong with the node. */
const TURNS = 5;

/**
 * Resolves to the file of the library. A node that goes away is waited for, up to ten minutes. Throws the node's errors,
 * NoNodeError when it does not come back, ValidationError `file_changed`, and the system's errors of reading.
 */
export async function sendFile(client: NodeClient, file: LocalFile, options: SendOptions): Promise<FileView> {
  const isSmall = file.bytes < UPLOAD_LIMITS.oneCallBytes;
  return isSmall || !file.isRegular ? putAtOnce(client, file, options) : upload(client, file, options);
}

async function putAtOnce(client: NodeClient, file: LocalFile, options: SendOptions): Promise<FileView> {
  const { folder, cipher, taken, storage, headers, meter, signal } = options;
  const query = new URLSearchParams({
    name: file.name,
    cipher,
    taken,
    storage,
    ...(folder === undefined ? {} : { folder }),
  });
  const body = meter.count(createReadStream(file.path, { highWaterMark: READ_BYTES }));
  return client.call<FileView>("PUT", `/api/files?${query.toString()}`, { body, headers, signal });
}

async function upload(client: NodeClient, file: LocalFile, options: SendOptions): Promise<FileView> {
  for (let turn = 1; ; turn++) {
    try {
      return await sendRest(client, file, await begin(client, file, options), options);
    } catch (error) {
      // Given up by somebody else, or too old: from the beginning, as often as makes sense.
      const isForgotten = error instanceof ValidationError && error.code === "unknown_upload";
      if (!isForgotten || turn === TURNS) throw error;
    }
  }
}

async function begin(client: NodeClient, file: LocalFile, options: SendOptions): Promise<UploadView> {
  const { folder, cipher, taken, storage, headers, say, signal } = options;
  const place = folder === undefined ? {} : { folder };
  const json = { name: file.name, ...(await fingerprintOf(file.path)), ...place, cipher, taken, storage };
  const view = await whenBack(options, () =>
    client.call<UploadView>("POST", "/api/uploads", { json, headers, signal }),
  );
  if (view.offset > 0) say(`Continuing ${plainLine(file.name)} at ${percent(view)} %.`);
  return view;
}

/** From where the node is on, again and again until all is there. */
async function sendRest(
  client: NodeClient,
  file: LocalFile,
  begun: UploadView,
  options: SendOptions,
): Promise<FileView> {
  const path = `/api/uploads/${begun.id}`;
  let view = begun;
  for (let idle = 0; view.file === null; ) {
    const { offset } = view;
    try {
      view = await sendFrom(client, file, view, options);
      if (view.file === null) return await giveUp(client, file, path);
    } catch (error) {
      if (options.signal.aborted || !isPassing(error)) throw error;
      view = await whenBack(options, () => client.call<UploadView>("GET", path, { signal: options.signal }));
      idle = view.offset > offset ? 0 : idle + 1;
      if (idle === TURNS) throw error;
      // The rest of another content behind the beginning of this one would be a file that never was.
      if ((await fingerprintOf(file.path)).fingerprint === view.fingerprint) continue;
      return giveUp(client, file, path);
    }
  }
  return view.file;
}

function sendFrom(
  client: NodeClient,
  file: LocalFile,
  { id, offset, bytes }: UploadView,
  { meter, signal }: SendOptions,
): Promise<UploadView> {
  const read = { start: offset, end: bytes - 1, highWaterMark: READ_BYTES };
  const body = offset < bytes ? meter.count(createReadStream(file.path, read), offset) : [];
  const headers = { "upload-offset": String(offset) };
  return client.call<UploadView>("PATCH", `/api/uploads/${id}`, { body, headers, signal });
}

/** Waits for a node that has gone, and says so. */
function whenBack<T>({ say }: SendOptions, call: () => Promise<T>): Promise<T> {
  return untilBack(call, true, UPLOAD_LIMITS.awayMs, () => say("Nocturne has ended; waiting until it is back."));
}

/** Nobody can continue an upload of what is not there any more. Throws ValidationError `file_changed`. */
async function giveUp(client: NodeClient, file: LocalFile, path: string): Promise<never> {
  await client.call("DELETE", path).catch(() => undefined); // it expires
  throw changed(file.path);
}

function isAway(error: unknown): boolean {
  return isNodeGone(error) || error instanceof NoNodeError;
}

function isPassing(error: unknown): boolean {
  return isAway(error) || (error as NocturneError).code === "upload_offset";
}

function percent({ offset, bytes }: UploadView): number {
  return Math.floor((100 * offset) / Math.max(1, bytes));
}

function changed(path: string): ValidationError {
  return new ValidationError("file_changed", `${plainLine(path)} was changed while it was read.`, {
    hint: "Put it again once nobody writes to it.",
  });
}
