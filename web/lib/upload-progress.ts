/** The progress of all uploads of a batch together: files that were given up no longer count. */
import type { Upload } from "../stores/uploads.ts";

export interface OverallProgress {
  /** Uploads still under way. */
  readonly open: number;
  readonly sentBytes: number;
  readonly bytes: number;
  /** Whole percent, 0 to 100. */
  readonly percent: number;
}

/** True while there is still something to wait for or to cancel. */
export function isOpen({ state }: Pick<Upload, "state">): boolean {
  return state === "waiting" || state === "sending" || state === "sealing";
}

/** Done uploads count, so that the bar does not fall back when one file is ready. */
export function overallProgress(uploads: readonly Upload[]): OverallProgress {
  const counted = uploads.filter((upload) => isOpen(upload) || upload.state === "done");
  const bytes = counted.reduce((sum, upload) => sum + upload.bytes, 0);
  const sentBytes = counted.reduce((sum, upload) => sum + upload.sentBytes, 0);
  const percent = bytes === 0 ? 100 : Math.floor((100 * sentBytes) / bytes);
  return { open: counted.filter(isOpen).length, sentBytes, bytes, percent };
}
