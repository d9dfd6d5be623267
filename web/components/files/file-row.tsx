/** A file of the library and what can be done with it. */
import { Download, Link2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { FileView } from "../../../src/api/contract.ts";
import { saveFile } from "../../api/save-file.ts";
import { useAction } from "../../api/use-action.ts";
import { formatBytes, formatRecent } from "../../lib/format.ts";
import { IconButton } from "../button.tsx";
import { MeshSign } from "../mesh/mesh-sign.tsx";
import { ActionMenu } from "../menu.tsx";
import { type FileQuestion, fileActions } from "./file-actions.ts";
import { type Movable, draggable } from "./moving.ts";
import { NameForm } from "./name-form.tsx";
import { Thumbnail } from "./thumbnail.tsx";

export interface FileRowProps {
  readonly file: FileView;
  readonly onShow: (file: FileView) => void;
  readonly onAsk: (question: FileQuestion, file: FileView) => void;
  readonly onMove: (thing: Movable) => void;
  /** Whether a mesh is joined. */
  readonly isInMesh: boolean;
  /** Among what was found it is told where it lies. */
  readonly whole?: boolean;
}

/** On a narrow screen what is done seldom moves into the menu. */
export function FileRow({ file, onShow, onAsk, onMove, isInMesh, whole = false }: FileRowProps): ReactNode {
  const { id, name, bytes, addedAt, hasPassword, cipher } = file;
  const [renaming, setRenaming] = useState(false);
  const thing: Movable = { kind: "files", id, name };
  const save = useAction(() => saveFile(id));
  const download = (): void => (hasPassword ? onAsk("download", file) : void save.run());
  return (
    <div className="flex min-h-18 items-center gap-1 border-b border-divider py-1 rail:gap-3" {...draggable(thing)}>
      <Thumbnail file={file} className="size-11 max-rail:hidden" />
      <div className="min-w-0 grow">
        {renaming ? (
          <NameForm thing={thing} onDone={() => setRenaming(false)} />
        ) : (
          <button
            type="button"
            onClick={() => onShow(file)}
            className="ring-inside flex min-h-11 min-w-11 max-w-full items-center rounded text-start font-medium underline-offset-4 hover:underline"
          >
            <bdi className="line-clamp-2 wrap-anywhere">{whole ? file.path : name}</bdi>
          </button>
        )}
        <p className="facts text-sm text-muted">
          <span>{formatBytes(bytes)}</span>
          <time dateTime={addedAt}>{formatRecent(addedAt)}</time>
          {file.versions > 0 && (
            <span>
              {file.versions} earlier, {formatBytes(file.versionBytes)}
            </span>
          )}
          <MeshSign file={file} />
          {hasPassword && <span>Password</span>}
          {cipher === "noctis-256" && <span>Noctis-256, experimental</span>}
        </p>
      </div>
      <IconButton icon={Download} label={`Download ${name}`} busy={save.busy} onClick={download} />
      <IconButton
        icon={Link2}
        label={`Make a link to ${name}`}
        onClick={() => onAsk("link", file)}
        className="max-rail:hidden"
      />
      <ActionMenu
        label={`More for ${name}`}
        actions={fileActions(file, {
          onAsk: (question) => onAsk(question, file),
          onMove: () => onMove(thing),
          onRename: () => setRenaming(true),
          isInMesh,
        })}
      />
    </div>
  );
}
