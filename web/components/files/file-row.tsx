/** A file of the library and what can be done with it. */
import {
  Download,
  FileText,
  FolderInput,
  History,
  KeyRound,
  Link2,
  Lock,
  LockKeyholeOpen,
  Pencil,
  Trash2,
} from "lucide-react";
import { type ReactNode, useState } from "react";
import type { FileView } from "../../../src/api/contract.ts";
import { saveFile } from "../../api/save-file.ts";
import { useAction } from "../../api/use-action.ts";
import { formatBytes, formatRecent } from "../../lib/format.ts";
import { removeLater } from "../../stores/removals.ts";
import { IconButton } from "../button.tsx";
import { ActionMenu, type MenuAction } from "../menu.tsx";
import { type Movable, draggable, refreshLibrary } from "./moving.ts";
import { NameForm } from "./name-form.tsx";

/** Which dialog a row opens. */
export type FileQuestion = "download" | "link" | "versions" | "change-password" | "recover-password";

export interface FileRowProps {
  readonly file: FileView;
  readonly onAsk: (question: FileQuestion, file: FileView) => void;
  readonly onMove: (thing: Movable) => void;
  /** Among what was found it is told where it lies. */
  readonly whole?: boolean;
}

/** On a narrow screen what is done seldom moves into the menu. */
export function FileRow({ file, onAsk, onMove, whole = false }: FileRowProps): ReactNode {
  const { id, name, bytes, addedAt, hasPassword, cipher } = file;
  const [renaming, setRenaming] = useState(false);
  const thing: Movable = { kind: "files", id, name };
  const save = useAction(() => saveFile(id));
  const download = (): void => (hasPassword ? onAsk("download", file) : void save.run());
  return (
    <div className="flex min-h-18 items-center gap-1 border-b border-divider py-2 rail:gap-3" {...draggable(thing)}>
      <span className="hidden size-11 shrink-0 items-center justify-center rounded-lg bg-surface rail:flex">
        {hasPassword ? (
          <Lock aria-label="Has a password" className="size-5" />
        ) : (
          <FileText aria-hidden className="size-5 text-muted" />
        )}
      </span>
      <div className="min-w-0 grow">
        {renaming ? (
          <NameForm thing={thing} onDone={() => setRenaming(false)} />
        ) : (
          <p className="line-clamp-2 font-medium wrap-anywhere">
            <bdi>{whole ? file.path : name}</bdi>
          </p>
        )}
        <p className="facts text-sm text-muted">
          <span>{formatBytes(bytes)}</span>
          <time dateTime={addedAt}>{formatRecent(addedAt)}</time>
          {file.versions > 0 && (
            <span>
              {file.versions} earlier, {formatBytes(file.versionBytes)}
            </span>
          )}
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
        actions={actionsOf(
          file,
          onAsk,
          () => onMove(thing),
          () => setRenaming(true),
        )}
      />
    </div>
  );
}

/** A file without a password has nothing to change or to forget. */
function actionsOf(
  file: FileView,
  onAsk: FileRowProps["onAsk"],
  onMove: () => void,
  onRename: () => void,
): MenuAction[] {
  const link = { label: "Make a link", icon: Link2, onSelect: () => onAsk("link", file) };
  const versions = { label: "Earlier versions", icon: History, onSelect: () => onAsk("versions", file) };
  const places = [
    { label: "Rename", icon: Pencil, onSelect: onRename },
    { label: "Move", icon: FolderInput, onSelect: onMove },
    ...(file.versions > 0 ? [versions] : []),
  ];
  const remove = { label: "Delete", icon: Trash2, onSelect: () => removeFile(file) };
  if (!file.hasPassword) return [link, ...places, remove];
  const change = { label: "Change password", icon: KeyRound, onSelect: () => onAsk("change-password", file) };
  const recover = {
    label: "Forgot the password",
    icon: LockKeyholeOpen,
    onSelect: () => onAsk("recover-password", file),
  };
  return [link, ...places, change, recover, remove];
}

/** Into the trash; its links end with it. */
function removeFile({ id, name }: FileView): void {
  removeLater({ id, notice: `Deleted ${name}`, path: `/files/${id}`, afterwards: refreshLibrary });
}
