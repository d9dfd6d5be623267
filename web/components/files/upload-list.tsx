/** Uploads in progress: each one's bar, all of them together, ways to pause and stop each; and those that were interrupted. */
import { Pause, Play, X } from "lucide-react";
import type { ReactNode } from "react";
import { countOf, formatBytes } from "../../lib/format.ts";
import { isOpen, overallProgress, shownUploads } from "../../lib/upload-progress.ts";
import { useStore } from "../../stores/store.ts";
import {
  type Upload,
  type UploadState,
  cancelUpload,
  clearFinished,
  pauseUpload,
  resumeUpload,
  uploadsStore,
} from "../../stores/uploads.ts";
import { Button, IconButton } from "../button.tsx";
import { Interrupted, useInterrupted } from "./interrupted.tsx";
import { ProgressBar } from "./progress-bar.tsx";

/** Rows at once: thousands would hold up the page. */
const ROWS = 50;

const WORDS: Record<UploadState, string> = {
  waiting: "Waiting",
  sending: "Encrypting",
  away: "Waiting for Nocturne",
  sealing: "Sealing",
  paused: "Paused",
  done: "Added",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** Finished files stay listed until they are cleared: what went wrong must not scroll away. */
export function UploadList(): ReactNode {
  const uploads = useStore(uploadsStore);
  const interrupted = useInterrupted();
  if (uploads.length + interrupted.length === 0) return null;
  const { shown, more } = shownUploads(uploads, ROWS);
  return (
    <section aria-label="Uploads" className="mb-6 rounded-2xl border border-divider bg-surface p-4">
      {uploads.length > 0 && <Overall uploads={uploads} />}
      <ul className="mt-2 flex max-h-72 flex-col overflow-y-auto">
        {shown.map((upload) => (
          <UploadRow key={upload.id} upload={upload} />
        ))}
        {more > 0 && (
          <li className="border-t border-divider py-2 text-sm text-muted">and {countOf(more, "file")} more</li>
        )}
        {interrupted.map((upload) => (
          <Interrupted key={upload.id} upload={upload} />
        ))}
      </ul>
    </section>
  );
}

/** Counted in bytes: a thousand small files beside a large one would make a count lie. */
function Overall({ uploads }: { readonly uploads: readonly Upload[] }): ReactNode {
  const { open, done, sentBytes, bytes, percent } = overallProgress(uploads);
  return (
    <div className="flex min-h-11 items-center gap-4">
      <div className="grow">
        <p className="font-medium">
          {open > 0
            ? `Adding ${done > 0 ? `${open} of ` : ""}${countOf(open + done, "file")} · ${formatBytes(sentBytes)} of ${formatBytes(bytes)}`
            : "All done"}
        </p>
        {open > 0 && <ProgressBar percent={percent} label="All uploads" />}
      </div>
      {open === 0 && <Button onClick={clearFinished}>Clear</Button>}
    </div>
  );
}

const HALFWAY: ReadonlySet<UploadState> = new Set(["sending", "away", "paused"]);
const PAUSABLE: ReadonlySet<UploadState> = new Set(["waiting", "sending", "away"]);

/** "Sealing" is the moment after the last byte in which the node writes and checks the file. */
function UploadRow({ upload }: { readonly upload: Upload }): ReactNode {
  const { id, name, bytes, sentBytes, state, failure, once } = upload;
  const percent = bytes === 0 ? 0 : Math.floor((100 * sentBytes) / bytes);
  return (
    <li className="flex items-center gap-3 border-t border-divider py-2">
      <div className="min-w-0 grow">
        <div className="flex flex-col rail:flex-row rail:items-baseline rail:gap-3">
          <span className="grow truncate">
            <bdi>{name}</bdi>
          </span>
          <span className="shrink-0 text-sm text-muted tabular-nums">
            {WORDS[state]}
            {HALFWAY.has(state) && ` ${percent} %`} · {formatBytes(bytes)}
          </span>
        </div>
        {HALFWAY.has(state) && <ProgressBar percent={percent} label={name} />}
        {failure && (
          <p className="text-sm">
            {failure.message} <span className="text-muted">{failure.hint}</span>
          </p>
        )}
      </div>
      {(state === "paused" || (state === "failed" && !once)) && (
        <IconButton icon={Play} label={`Resume ${name}`} onClick={() => resumeUpload(id)} />
      )}
      {PAUSABLE.has(state) && <IconButton icon={Pause} label={`Pause ${name}`} onClick={() => pauseUpload(id)} />}
      {isOpen(upload) && <IconButton icon={X} label={`Cancel ${name}`} onClick={() => cancelUpload(id)} />}
    </li>
  );
}
