/**
 * Brings one file into the library.
 *
 *   below 8 MiB   one call
 *   larger        an upload in slices, which outlives this tab: after a break it goes on at the node's offset
 *
 * A node that does not answer is waited for. What it refuses is told: a slice is small enough that a browser comes to read
 * the answer.
 */
import type { FileView, UploadView } from "../../src/api/contract.ts";
import { urlSafe } from "../lib/base64url.ts";
import { fingerprintOf } from "../lib/fingerprint.ts";
import type { UploadOptions } from "../stores/uploads.ts";
import { ApiFailure, call } from "./client.ts";
import { sendBytes } from "./send-bytes.ts";

export interface SendFile {
  readonly options: UploadOptions;
  /** The id of the upload that is continued; null for a new one. */
  readonly upload: string | null;
  readonly signal: AbortSignal;
  readonly onProgress: (sentBytes: number) => void;
  /** The node does not answer, or answers again. */
  readonly onAway: (isAway: boolean) => void;
  /** The upload by which it can be continued. */
  readonly onBegun: (upload: string) => void;
}

/** Files from this size on go in slices. */
const LARGE_BYTES = 8 * 1_048_576; // 8 MiB
const SLICE_BYTES = 8 * 1_048_576; // 8 MiB
const RETRY_MS = 500;
const RETRY_MAX_MS = 10_000; // 10 s
/** So many calls in a row may bring nothing on. */
const TURNS = 5;

/** Whether it goes in slices, and can be continued. */
export function isLarge({ size }: Pick<File, "size">): boolean {
  return size >= LARGE_BYTES;
}

/** Resolves to the library entry; rejects with ApiFailure, or with an AbortError after `signal`. */
export async function sendFile(file: File, sending: SendFile): Promise<FileView> {
  if (isLarge(file) || sending.upload !== null) return sendSlices(file, sending);
  const { cipher, folder, taken, storage } = sending.options;
  const query = new URLSearchParams({ name: file.name, cipher, folder, taken, storage });
  const { signal, onProgress } = sending;
  const headers = passwordHeader(sending.options);
  return untilAnswered(sending, () =>
    sendBytes<FileView>("PUT", `/files?${query.toString()}`, file, { headers, signal, onProgress }),
  );
}

async function sendSlices(file: File, sending: SendFile): Promise<FileView> {
  const { signal, onProgress } = sending;
  let view = await untilAnswered(sending, () => begin(file, sending));
  const path = `/uploads/${view.id}`;
  sending.onBegun(view.id);
  for (let idle = 0; view.file === null; ) {
    const { offset } = view;
    onProgress(offset);
    const slice = file.slice(offset, offset + SLICE_BYTES);
    const headers = { "upload-offset": `${offset}` };
    const progress = (sent: number): void => onProgress(offset + sent);
    let broken: unknown = null;
    try {
      view = await sendBytes<UploadView>("PATCH", path, slice, { headers, signal, onProgress: progress });
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      broken = error;
      view = await untilAnswered(sending, () => call<UploadView>("GET", path, undefined, signal));
    }
    // Only what the node has by now says whether it goes on: part of a slice does, an answer alone does not.
    idle = view.offset > offset ? 0 : idle + 1;
    if (view.file === null && idle === TURNS) throw broken ?? stuck();
  }
  onProgress(file.size);
  return view.file;
}

function begin(file: File, { options, upload, signal }: SendFile): Promise<UploadView> {
  if (upload !== null) return call<UploadView>("GET", `/uploads/${upload}`, undefined, signal);
  const { cipher, folder, taken, storage } = options;
  const { name, size: bytes } = file;
  const body = { name, bytes, folder, cipher, taken, storage, fingerprint: fingerprintOf(file) };
  return call<UploadView>("POST", "/uploads", body, signal, passwordHeader(options));
}

/** Repeats a call until the node answers, whatever it answers. */
async function untilAnswered<T>({ signal, onAway }: SendFile, attempt: () => Promise<T>): Promise<T> {
  for (let waitMs = RETRY_MS; ; waitMs = Math.min(2 * waitMs, RETRY_MAX_MS)) {
    try {
      const answer = await attempt();
      onAway(false);
      return answer;
    } catch (error) {
      if (signal.aborted || !isUnreachable(error)) throw error;
      onAway(true);
      await pause(waitMs, signal);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    const abort = (): void => {
      clearTimeout(timer);
      reject(new DOMException("The upload was stopped.", "AbortError"));
    };
    signal.addEventListener("abort", abort, { once: true });
  });
}

function stuck(): ApiFailure {
  const message = "Nocturne takes nothing more of this file.";
  return new ApiFailure(0, { code: "upload_stuck", message, hint: "Cancel it, and add the file again." });
}

function isUnreachable(error: unknown): boolean {
  return error instanceof ApiFailure && error.status === 0;
}

/** The connection broke, or the node is elsewhere than this page thinks. */
function isPassing(error: unknown): boolean {
  return isUnreachable(error) || (error instanceof ApiFailure && error.code === "upload_offset");
}

/** The password travels in a header, never in the URL, and only when there is one. */
function passwordHeader({ password }: UploadOptions): Record<string, string> {
  if (password === "") return {};
  // A header carries ASCII only.
  const binary = String.fromCharCode(...new TextEncoder().encode(password));
  return { "x-nocturne-password": urlSafe(btoa(binary)) };
}
