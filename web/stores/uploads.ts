/**
 * Files on their way into the library, two at a time.
 *
 *     waiting -> sending (bytes so far) -> sealing (all sent, the node finishes) -> done | failed | cancelled
 */
import type { CipherSuite, FileView } from "../../src/api/contract.ts";
import type { ApiFailure } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { queryClient } from "../api/queries.ts";
import { isOpen } from "../lib/upload-progress.ts";
import { sendFile } from "../api/send-file.ts";
import { type Store, createStore } from "./store.ts";

export interface UploadOptions {
  readonly cipher: CipherSuite;
  /** Empty: none beside the vault's own protection. */
  readonly password: string;
  /** The id of the folder; "" at the top. */
  readonly folder: string;
  /** Where the name is taken: a new version, or a name beside it. */
  readonly taken: "version" | "rename";
}

/** Beside a file of the same name: as a version of it an attachment would end one day, and its link with it. */
export const ATTACHMENT: UploadOptions = { cipher: "aes-256-gcm", password: "", folder: "", taken: "rename" };

export type UploadState = "waiting" | "sending" | "sealing" | "done" | "failed" | "cancelled";

export interface Upload {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  readonly sentBytes: number;
  readonly state: UploadState;
  readonly failure: ApiFailure | null;
  readonly startedAtMs: number;
}

export const uploadsStore: Store<readonly Upload[]> = createStore<readonly Upload[]>([]);

const PARALLEL = 2;
interface Job {
  readonly id: number;
  readonly file: File;
  readonly options: UploadOptions;
  readonly abort: AbortController;
  readonly finish: (file: FileView | null) => void;
}
const jobs: Job[] = [];
let nextId = 1;
let running = 0;

/** Queues the file. Resolves to its library entry, or null when it failed or was cancelled. */
export function uploadFile(file: File, options: UploadOptions): Promise<FileView | null> {
  const id = nextId++;
  const { name, size: bytes } = file;
  const entry: Upload = { id, name, bytes, sentBytes: 0, state: "waiting", failure: null, startedAtMs: 0 };
  uploadsStore.set([...uploadsStore.get(), entry]);
  const { promise, resolve } = Promise.withResolvers<FileView | null>();
  jobs.push({ id, file, options, abort: new AbortController(), finish: resolve });
  startJobs();
  return promise;
}

const active = new Map<number, Job>();

/** The node throws away what it had received. */
export function cancelUpload(id: number): void {
  const queued = jobs.findIndex((job) => job.id === id);
  if (queued >= 0) jobs.splice(queued, 1)[0]?.finish(null);
  active.get(id)?.abort.abort();
  change(id, { state: "cancelled" });
}

/** Takes finished, failed and cancelled uploads off the list. */
export function clearFinished(): void {
  uploadsStore.set(uploadsStore.get().filter(isOpen));
}

/** Closing the tab now would lose work. */
export function hasOpenUploads(): boolean {
  return uploadsStore.get().some(isOpen);
}

/** Two at a time keep disk and cipher busy; more only make every bar crawl. */
function startJobs(): void {
  while (running < PARALLEL) {
    const job = jobs.shift();
    if (!job) return;
    running += 1;
    active.set(job.id, job);
    void run(job).finally(() => {
      running -= 1;
      active.delete(job.id);
      startJobs();
    });
  }
}

async function run({ id, file, options, abort, finish }: Job): Promise<void> {
  change(id, { state: "sending", startedAtMs: Date.now() });
  const progress = (sentBytes: number): void => {
    change(id, { sentBytes, state: sentBytes < file.size ? "sending" : "sealing" });
  };
  try {
    const added = await sendFile(file, options, progress, abort.signal);
    change(id, { state: "done", sentBytes: file.size });
    await queryClient.invalidateQueries({ queryKey: keys.files });
    await queryClient.invalidateQueries({ queryKey: keys.folders });
    finish(added);
  } catch (error) {
    if (!abort.signal.aborted) change(id, { state: "failed", failure: error as ApiFailure });
    finish(null);
  }
}

function change(id: number, edit: Partial<Upload>): void {
  uploadsStore.set(uploadsStore.get().map((upload) => (upload.id === id ? { ...upload, ...edit } : upload)));
}
