/** Uploads in progress: each one's bar, all of them together, and a way to stop each. */
import { Progress } from "@base-ui/react/progress";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { countOf, formatBytes } from "../../lib/format.ts";
import { isOpen, overallProgress } from "../../lib/upload-progress.ts";
import { useStore } from "../../stores/store.ts";
import { type Upload, type UploadState, cancelUpload, clearFinished, uploadsStore } from "../../stores/uploads.ts";
import { Button, IconButton } from "../button.tsx";

const WORDS: Record<UploadState, string> = {
  waiting: "Waiting",
  sending: "Encrypting",
  sealing: "Sealing",
  done: "Added",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** Finished files stay listed until they are cleared: what went wrong must not scroll away. */
export function UploadList(): ReactNode {
  const uploads = useStore(uploadsStore);
  if (uploads.length === 0) return null;
  return (
    <section aria-label="Uploads" className="mb-6 rounded-2xl border border-divider bg-surface p-4">
      <Overall uploads={uploads} />
      <ul className="mt-2 flex max-h-72 flex-col overflow-y-auto">
        {uploads.map((upload) => (
          <UploadRow key={upload.id} upload={upload} />
        ))}
      </ul>
    </section>
  );
}

/** Counted in bytes: a thousand small files beside a large one would make a count lie. */
function Overall({ uploads }: { readonly uploads: readonly Upload[] }): ReactNode {
  const { open, sentBytes, bytes, percent } = overallProgress(uploads);
  return (
    <div className="flex min-h-11 items-center gap-4">
      <div className="grow">
        <p className="font-medium">
          {open > 0
            ? `Adding ${countOf(open, "file")} · ${formatBytes(sentBytes)} of ${formatBytes(bytes)}`
            : "All done"}
        </p>
        {open > 0 && <Bar percent={percent} label="All uploads" />}
      </div>
      {open === 0 && <Button onClick={clearFinished}>Clear</Button>}
    </div>
  );
}

/** "Sealing" is the moment after the last byte in which the node writes and checks the file. */
function UploadRow({ upload }: { readonly upload: Upload }): ReactNode {
  const { id, name, bytes, sentBytes, state, failure } = upload;
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
            {state === "sending" && ` ${percent} %`} · {formatBytes(bytes)}
          </span>
        </div>
        {state === "sending" && <Bar percent={percent} label={name} />}
        {failure && (
          <p className="text-sm">
            {failure.message} <span className="text-muted">{failure.hint}</span>
          </p>
        )}
      </div>
      {isOpen(upload) && <IconButton icon={X} label={`Cancel ${name}`} onClick={() => cancelUpload(id)} />}
    </li>
  );
}

function Bar({ percent, label }: { readonly percent: number; readonly label: string }): ReactNode {
  return (
    <Progress.Root value={percent} aria-label={label} className="mt-1.5 block">
      <Progress.Track className="block h-1 overflow-hidden rounded-full bg-divider">
        <Progress.Indicator className="block bg-ink transition-[width]" />
      </Progress.Track>
    </Progress.Root>
  );
}
