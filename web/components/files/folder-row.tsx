/** A folder of the library; files and folders can be dropped on it. */
import { Folder, FolderInput, Link2, Pencil, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import type { FolderView } from "../../../src/api/contract.ts";
import { removeLater } from "../../stores/removals.ts";
import { ActionMenu, type MenuAction } from "../menu.tsx";
import { LinkDialog } from "./link-dialog.tsx";
import { type Movable, draggable, dropInto, refreshLibrary } from "./moving.ts";
import { NameForm } from "./name-form.tsx";

export interface FolderRowProps {
  readonly folder: FolderView;
  readonly onMove: (thing: Movable) => void;
}

export function FolderRow({ folder, onMove }: FolderRowProps): ReactNode {
  const { id, name } = folder;
  const [renaming, setRenaming] = useState(false);
  const [sharing, setSharing] = useState(false);
  const thing: Movable = { kind: "folders", id, name };
  return (
    <div className="flex min-h-18 items-center gap-1 border-b border-divider py-2 rail:gap-3" {...dropInto(id)}>
      {renaming ? (
        <NameForm thing={thing} onDone={() => setRenaming(false)} />
      ) : (
        <Link
          href={`/files/${id}`}
          className="ring-inside flex min-h-12 min-w-0 grow items-center gap-3 rounded-lg"
          {...draggable(thing)}
        >
          <span className="flex size-11 shrink-0 items-center justify-center rounded-lg bg-surface">
            <Folder aria-hidden className="size-5" />
          </span>
          <bdi className="line-clamp-2 font-medium wrap-anywhere">{name}</bdi>
        </Link>
      )}
      <ActionMenu
        label={`More for ${name}`}
        actions={folderActions(
          folder,
          onMove,
          () => setRenaming(true),
          () => setSharing(true),
        )}
      />
      {sharing && <LinkDialog file={folder} onClose={() => setSharing(false)} />}
    </div>
  );
}

/** For its menu in the list and in the grid. */
export function folderActions(
  { id, name }: FolderView,
  onMove: FolderRowProps["onMove"],
  onRename: () => void,
  onShare: () => void,
): MenuAction[] {
  const removal = { id, notice: `Moved ${name} to the trash`, path: `/folders/${id}`, afterwards: refreshLibrary };
  return [
    { label: "Make a link", icon: Link2, onSelect: onShare },
    { label: "Rename", icon: Pencil, onSelect: onRename },
    { label: "Move", icon: FolderInput, onSelect: () => onMove({ kind: "folders", id, name }) },
    { label: "Delete", icon: Trash2, onSelect: () => removeLater(removal) },
  ];
}
