/** A file or a folder in the grid: its picture, its name, and one menu for all that can be done. */
import { Folder } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { saveFile } from "../../api/save-file.ts";
import { useAction } from "../../api/use-action.ts";
import { formatBytes } from "../../lib/format.ts";
import { MeshSign } from "../mesh/mesh-sign.tsx";
import { ActionMenu } from "../menu.tsx";
import { fileActions } from "./file-actions.ts";
import type { FileRowProps } from "./file-row.tsx";
import { type FolderRowProps, folderActions } from "./folder-row.tsx";
import { draggable, dropInto, type Movable } from "./moving.ts";
import { LinkDialog } from "./link-dialog.tsx";
import { NameForm } from "./name-form.tsx";
import { Thumbnail } from "./thumbnail.tsx";

const CARD = "flex min-w-0 flex-col rounded-xl border border-divider";
const FACE = "ring-inside block w-full rounded-t-xl text-start";
const FOOT = "flex min-h-11 items-center gap-1 ps-3";

/** The menu of a card stands beside its name, so that the whole picture opens the file. */
export function FileCard({ file, onShow, onAsk, onMove, isInMesh, whole = false }: FileRowProps): ReactNode {
  const { id, name, bytes, hasPassword } = file;
  const [renaming, setRenaming] = useState(false);
  const thing: Movable = { kind: "files", id, name };
  const save = useAction(() => saveFile(id));
  if (renaming) return <Renamed thing={thing} onDone={() => setRenaming(false)} />;
  return (
    <div className={CARD} {...draggable(thing)}>
      <button type="button" aria-label={name} onClick={() => onShow(file)} className={FACE}>
        <Thumbnail file={file} className="aspect-square w-full rounded-b-none" />
      </button>
      <div className={FOOT}>
        <span className="min-w-0 grow py-1.5">
          <bdi className="line-clamp-2 text-sm font-medium wrap-anywhere">{whole ? file.path : name}</bdi>
          <span className="facts block text-sm text-muted">
            <span>{formatBytes(bytes)}</span>
            <MeshSign file={file} />
          </span>
        </span>
        <ActionMenu
          label={`More for ${name}`}
          actions={fileActions(file, {
            onAsk: (question) => onAsk(question, file),
            onMove: () => onMove(thing),
            onRename: () => setRenaming(true),
            isInMesh,
            onDownload: () => (hasPassword ? onAsk("download", file) : void save.run()),
          })}
        />
      </div>
    </div>
  );
}

export function FolderCard({ folder, onMove }: FolderRowProps): ReactNode {
  const { id, name } = folder;
  const [renaming, setRenaming] = useState(false);
  const [sharing, setSharing] = useState(false);
  const thing: Movable = { kind: "folders", id, name };
  if (renaming) return <Renamed thing={thing} onDone={() => setRenaming(false)} />;
  return (
    <div className={CARD} {...dropInto(id)}>
      <Link href={`/files/${id}`} aria-label={name} className={FACE} {...draggable(thing)}>
        <span className="flex aspect-square w-full items-center justify-center rounded-t-xl bg-surface">
          <Folder aria-hidden className="size-8" />
        </span>
      </Link>
      <div className={FOOT}>
        <bdi className="line-clamp-2 min-w-0 grow py-1.5 text-sm font-medium wrap-anywhere">{name}</bdi>
        <ActionMenu
          label={`More for ${name}`}
          actions={folderActions(
            folder,
            onMove,
            () => setRenaming(true),
            () => setSharing(true),
          )}
        />
      </div>
      {sharing && <LinkDialog file={folder} onClose={() => setSharing(false)} />}
    </div>
  );
}

function Renamed({ thing, onDone }: { readonly thing: Movable; readonly onDone: () => void }): ReactNode {
  return (
    <div className={`${CARD} justify-center p-2`}>
      <NameForm thing={thing} onDone={onDone} />
    </div>
  );
}
