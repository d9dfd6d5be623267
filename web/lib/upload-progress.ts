/** The progress of all uploads of a batch together: files that were given up no longer count. */
import type { Upload, UploadState } from "../stores/uploads.ts";

export interface OverallProgress {
  /** Files that are there. */
  readonly done: number;
  /** Uploads still under way. */
  readonly open: number;
  readonly sentBytes: number;
  readonly bytes: number;
  /** Whole percent, 0 to 100. */
  readonly percent: number;
}

const CLOSED: ReadonlySet<UploadState> = new Set(["done", "failed", "cancelled"]);

/** True while there is still something to wait for or to cancel. */
export function isOpen({ state }: Pick<Upload, "state">): boolean {
  return !CLOSED.has(state);
}

/** Done uploads count, so that the bar does not fall back when one file is ready. */
export function overallProgress(uploads: readonly Upload[]): OverallProgress {
  const counted = uploads.filter((upload) => isOpen(upload) || upload.state === "done");
  const bytes = counted.reduce((sum, upload) => sum + upload.bytes, 0);
  const sentBytes = counted.reduce((sum, upload) => sum + upload.sentBytes, 0);
  const percent = bytes === 0 ? 100 : Math.floor((100 * sentBytes) / bytes);
  const open = counted.filter(isOpen).length;
  return { open, done: counted.length - open, sentBytes, bytes, percent };
}

const ORDER: readonly UploadState[] = [
  "sending",
  "sealing",
  "away",
  "failed",
  "paused",
  "waiting",
  "cancelled",
  "done",
];

/** What is shown of many: first what is under way or went wrong; `more` are left out. */
export function shownUploads(uploads: readonly Upload[], most: number): { shown: readonly Upload[]; more: number } {
  if (uploads.length <= most) return { shown: uploads, more: 0 };
  const shown = ORDER.flatMap((state) => uploads.filter((upload) => upload.state === state)).slice(0, most);
  return { shown, more: uploads.length - shown.length };
}
