/**
 * A file shown over the page. Left and right go to its neighbours, Escape closes it. What comes from the file can do
 * nothing here: it is text, an element that runs nothing (image, audio, video), or a frame whose answer the node has
 * sandboxed (PDF). See the decision on previews.
 */
import { Dialog } from "@base-ui/react/dialog";
import { ChevronLeft, ChevronRight, Download, X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import type { FileVersion, FileView } from "../../../src/api/contract.ts";
import { saveFile } from "../../api/save-file.ts";
import { useAction } from "../../api/use-action.ts";
import { formatBytes, formatMoment } from "../../lib/format.ts";
import { IconButton } from "../button.tsx";
import { PreviewContent } from "./preview-content.tsx";

export interface PreviewProps {
  /** What left and right go through. */
  readonly files: readonly FileView[];
  readonly first: FileView;
  /** An earlier content of `first`, shown instead of the newest. */
  readonly version?: FileVersion;
  readonly onClose: () => void;
}

export function Preview({ files, first, version, onClose }: PreviewProps): ReactNode {
  const [id, setId] = useState(first.id);
  const [password, setPassword] = useState<string>();
  const popup = useRef<HTMLDivElement>(null);
  const at = files.findIndex((file) => file.id === id);
  const file = files[at] ?? first;
  const shown = version ?? file;
  const save = useAction(() => saveFile(file.id, password, version?.id));
  const go = (by: number): void => {
    const next = files[at + by];
    if (!next) return;
    setPassword(undefined);
    setId(next.id);
  };
  const turn = ({ key, target }: KeyboardEvent): void => {
    // In a player the arrows seek, and in a field they move the cursor.
    if (target instanceof HTMLMediaElement || target instanceof HTMLInputElement) return;
    if (key === "ArrowLeft" || key === "ArrowRight") go(key === "ArrowLeft" ? -1 : 1);
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Popup
          ref={popup}
          data-modal
          initialFocus={popup}
          onKeyDown={turn}
          className="fixed inset-0 z-20 flex flex-col bg-page outline-none"
        >
          <header className="flex min-h-16 items-center gap-1 border-b border-divider ps-4 pe-2">
            <Heading file={file} version={version} place={files.length > 1 ? `${at + 1} of ${files.length}` : ""} />
            {files.length > 1 && (
              <>
                <IconButton icon={ChevronLeft} label="Previous file" aria-disabled={at <= 0} onClick={() => go(-1)} />
                <IconButton
                  icon={ChevronRight}
                  label="Next file"
                  aria-disabled={at >= files.length - 1}
                  onClick={() => go(1)}
                />
              </>
            )}
            {(!shown.hasPassword || password !== undefined) && (
              <IconButton icon={Download} label="Download" busy={save.busy} onClick={() => void save.run()} />
            )}
            <Dialog.Close render={<IconButton icon={X} label="Close" />} />
          </header>
          <PreviewContent
            key={`${file.id} ${version?.id ?? file.addedAt}`}
            file={file}
            version={version}
            onPassword={setPassword}
          />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface HeadingProps {
  readonly file: FileView;
  readonly version: FileVersion | undefined;
  /** For example "2 of 5". */
  readonly place: string;
}

function Heading({ file, version, place }: HeadingProps): ReactNode {
  const { bytes, addedAt } = version ?? file;
  return (
    <div className="me-auto min-w-0">
      <Dialog.Title className="truncate font-semibold">
        <bdi>{file.name}</bdi>
      </Dialog.Title>
      <p className="facts text-sm text-muted">
        <span>{formatBytes(bytes)}</span>
        <time dateTime={addedAt} className="max-rail:hidden">
          {formatMoment(addedAt)}
        </time>
        {version && <span>Earlier version</span>}
        {place && <span className="tabular-nums">{place}</span>}
      </p>
    </div>
  );
}
