/**
 * Files on their way into the library: small ones side by side, one large one at a time.
 *
 *     waiting -> sending (bytes so far) -> sealing (all sent, the node finishes) -> done | failed | cancelled
 *                  |  away (the node does not answer; goes on by itself)
 *                  |  paused -> waiting
 *
 * What is on the list changes many times a second, so it is shown anew ten times a second and not more.
 */
import type { CipherSuite, FileView } from "../../src/api/contract.ts";
import { type ApiFailure, call } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { queryClient } from "../api/queries.ts";
import { isLarge, sendFile } from "../api/send-file.ts";
import { isOpen } from "../lib/upload-progress.ts";
import { type Store, createStore } from "./store.ts";
import { showFailure } from "./toasts.ts";

export interface UploadOptions {
  readonly cipher: CipherSuite;
  /** Empty: none beside the vault's own protection. */
  readonly password: string;
  /** The id of the folder; "" at the top. */
  readonly folder: string;
  /** Where the name is taken: a new version, or a name beside it. */
  readonly taken: "version" | "rename";
  /** Whether it is kept in the mesh, too. */
  readonly storage: "local" | "mesh";
}

/** Beside a file of the same name: as a version of it an attachment would end one day, and its link with it. */
export const ATTACHMENT: UploadOptions = {
  cipher: "aes-256-gcm",
  password: "",
  folder: "",
  taken: "rename",
  storage: "local",
};

export type UploadState = "waiting" | "sending" | "away" | "sealing" | "paused" | "done" | "failed" | "cancelled";

export interface Upload {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  readonly sentBytes: number;
  readonly state: UploadState;
  readonly failure: ApiFailure | null;
  /** The node's upload by which it can be continued; null for a small file, and before that began. */
  readonly upload: string | null;
  /** Who asked for it does not wait for it any more once it failed, so that to resume it would help nobody. */
  readonly once: boolean;
}

export const uploadsStore: Store<readonly Upload[]> = createStore<readonly Upload[]>([]);

/** A browser opens six connections to one host; one is left for the app itself. */
const SMALL_AT_ONCE = 4;
const LARGE_AT_ONCE = 1;
const SHOW_MS = 100;

interface Job {
  readonly id: number;
  readonly file: File;
  readonly options: UploadOptions;
  readonly finish: (file: FileView | null) => void;
  abort: AbortController;
}

/** By id, until the file is there, given up or cleared from the list. */
const jobs = new Map<number, Job>();
const entries = new Map<number, Upload>();
const waiting: Record<"small" | "large", Job[]> = { small: [], large: [] };
const running = { small: 0, large: 0 };
let nextId = 1;
let showing: ReturnType<typeof setTimeout> | null = null;

/**
 * Queues the file; `upload` continues an interrupted one. Resolves to its library entry, or null once it is given up: what
 * failed may still be resumed.
 */
export function uploadFile(file: File, options: UploadOptions, upload: string | null = null): Promise<FileView | null> {
  return queue(file, options, upload, false);
}

/** The same, but it is given up as soon as it failed: for who can send it again himself. */
export function uploadOnce(file: File, options: UploadOptions): Promise<FileView | null> {
  return queue(file, options, null, true);
}

function queue(file: File, options: UploadOptions, upload: string | null, once: boolean): Promise<FileView | null> {
  const id = nextId++;
  const { name, size: bytes } = file;
  entries.set(id, { id, name, bytes, sentBytes: 0, state: "waiting", failure: null, upload, once });
  const { promise, resolve } = Promise.withResolvers<FileView | null>();
  const job = { id, file, options, abort: new AbortController(), finish: resolve };
  jobs.set(id, job);
  enqueue(job);
  show();
  return promise;
}

/** Stops sending; what was sent stays at the node. */
export function pauseUpload(id: number): void {
  const job = jobs.get(id);
  if (!job) return;
  leaveQueue(job);
  change(id, { state: "paused" });
  job.abort.abort();
}

/** Goes on with one that was paused or failed. */
export function resumeUpload(id: number): void {
  const job = jobs.get(id);
  if (!job) return;
  job.abort = new AbortController();
  change(id, { state: "waiting", failure: null });
  enqueue(job);
}

/** The node throws away what it had received. */
export function cancelUpload(id: number): void {
  const job = jobs.get(id);
  const upload = entries.get(id)?.upload ?? null;
  change(id, { state: "cancelled" });
  jobs.delete(id);
  if (!job) return;
  leaveQueue(job);
  job.abort.abort();
  job.finish(null);
  if (upload !== null) void giveUp(upload);
}

/** Throws away what the node holds of an interrupted upload. */
export async function giveUp(upload: string): Promise<void> {
  await call("DELETE", `/uploads/${upload}`).catch(showFailure);
  await queryClient.invalidateQueries({ queryKey: keys.uploads });
}

/** Takes finished, failed and cancelled uploads off the list. */
export function clearFinished(): void {
  for (const entry of entries.values()) {
    if (isOpen(entry)) continue;
    entries.delete(entry.id);
    jobs.get(entry.id)?.finish(null);
    jobs.delete(entry.id);
  }
  show();
  void refreshLists();
}

/** Ends and forgets all of them; the node keeps what can be continued. */
export function forgetUploads(): void {
  for (const job of jobs.values()) {
    leaveQueue(job);
    job.abort.abort();
    job.finish(null);
  }
  jobs.clear();
  entries.clear();
  show();
}

/** Closing the tab now would lose work. */
export function hasOpenUploads(): boolean {
  return [...entries.values()].some(isOpen);
}

function laneOf({ file }: Job): "small" | "large" {
  return isLarge(file) ? "large" : "small";
}

function enqueue(job: Job): void {
  waiting[laneOf(job)].push(job);
  startJobs("small", SMALL_AT_ONCE);
  startJobs("large", LARGE_AT_ONCE);
}

function leaveQueue(job: Job): void {
  const queue = waiting[laneOf(job)];
  const at = queue.indexOf(job);
  if (at >= 0) queue.splice(at, 1);
}

function startJobs(lane: "small" | "large", atOnce: number): void {
  while (running[lane] < atOnce) {
    const job = waiting[lane].shift();
    if (!job) return;
    running[lane] += 1;
    void run(job).finally(() => {
      running[lane] -= 1;
      startJobs(lane, atOnce);
    });
  }
}

async function run({ id, file, options, abort, finish }: Job): Promise<void> {
  const { signal } = abort;
  const tell = (edit: Partial<Upload>): void => {
    if (!signal.aborted) change(id, edit);
  };
  tell({ state: "sending" });
  try {
    const added = await sendFile(file, {
      options,
      upload: entries.get(id)?.upload ?? null,
      signal,
      onProgress: (sentBytes) => tell({ sentBytes, state: sentBytes < file.size ? "sending" : "sealing" }),
      onAway: (isAway) => tell(isAway ? { state: "away" } : { state: "sending" }),
      onBegun: (upload) => tell({ upload }),
    });
    change(id, { state: "done", sentBytes: file.size, upload: null });
    jobs.delete(id);
    await refreshLists();
    finish(added);
  } catch (error) {
    if (signal.aborted) return;
    change(id, { state: "failed", failure: error as ApiFailure });
    if (!entries.get(id)?.once) return;
    jobs.delete(id);
    finish(null);
  }
}

let refreshing: Promise<void> | null = null;

/** Hundreds of small files in a few seconds ask for the lists a few times. */
function refreshLists(): Promise<void> {
  refreshing ??= refreshAfterAWhile();
  return refreshing;
}

async function refreshAfterAWhile(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, SHOW_MS));
  refreshing = null;
  const changed = [keys.files, keys.folders, keys.uploads];
  await Promise.all(changed.map((queryKey) => queryClient.invalidateQueries({ queryKey })));
}

function change(id: number, edit: Partial<Upload>): void {
  const entry = entries.get(id);
  if (!entry) return;
  entries.set(id, { ...entry, ...edit });
  show();
}

function show(): void {
  showing ??= setTimeout(() => {
    showing = null;
    uploadsStore.set([...entries.values()]);
  }, SHOW_MS);
}
