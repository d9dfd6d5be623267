/** What can be done with a file, for its menu in the list and in the grid. */
import {
  Download,
  FolderInput,
  History,
  HardDrive,
  HardDriveDownload,
  KeyRound,
  Link2,
  LockKeyholeOpen,
  Orbit,
  Pencil,
  SendHorizontal,
  Trash2,
  Users,
} from "lucide-react";
import type { FileView } from "../../../src/api/contract.ts";
import { bringHere, freeHere, keepInMesh, takeOutOfMesh } from "../../stores/mesh-files.ts";
import { removeLater } from "../../stores/removals.ts";
import { showFailure } from "../../stores/toasts.ts";
import type { MenuAction } from "../menu.tsx";
import { refreshLibrary } from "./moving.ts";

/** Which dialog is opened. */
export type FileQuestion =
  | "download"
  | "link"
  | "send"
  | "shared"
  | "versions"
  | "change-password"
  | "recover-password";

export interface FileActions {
  readonly onAsk: (question: FileQuestion) => void;
  readonly onMove: () => void;
  readonly onRename: () => void;
  /** Where the menu is the only way to it. */
  readonly onDownload?: () => void;
  /** Whether a mesh is joined. */
  readonly isInMesh: boolean;
}

/** A file without a password has nothing to change or to forget. */
export function fileActions(
  file: FileView,
  { onAsk, onMove, onRename, onDownload, isInMesh }: FileActions,
): MenuAction[] {
  const { hasPassword, versions } = file;
  return [
    ...(onDownload ? [{ label: "Download", icon: Download, onSelect: onDownload }] : []),
    // Sending would take its password, and nobody is asked for it there.
    ...(hasPassword ? [] : [{ label: "Send to", icon: SendHorizontal, onSelect: () => onAsk("send") }]),
    { label: "Make a link", icon: Link2, onSelect: () => onAsk("link") },
    { label: "Shared with", icon: Users, onSelect: () => onAsk("shared") },
    { label: "Rename", icon: Pencil, onSelect: onRename },
    { label: "Move", icon: FolderInput, onSelect: onMove },
    ...(versions > 0 ? [{ label: "Earlier versions", icon: History, onSelect: () => onAsk("versions") }] : []),
    ...(hasPassword
      ? [
          { label: "Change password", icon: KeyRound, onSelect: () => onAsk("change-password") },
          { label: "Forgot the password", icon: LockKeyholeOpen, onSelect: () => onAsk("recover-password") },
        ]
      : []),
    ...(isInMesh ? meshActions(file) : []),
    { label: "Delete", icon: Trash2, onSelect: () => removeFile(file) },
  ];
}

/** What lies in the mesh alone is brought back before it can be taken out. */
function meshActions(file: FileView): MenuAction[] {
  const act = (work: Promise<void>): void => void work.catch(showFailure);
  const { mesh } = file;
  if (!mesh) return [{ label: "Keep in the mesh", icon: Orbit, onSelect: () => act(keepInMesh(file)) }];
  if (!mesh.here)
    return [{ label: "Bring back to this disk", icon: HardDriveDownload, onSelect: () => act(bringHere(file)) }];
  const free = { label: "Take off this disk", icon: HardDrive, onSelect: () => act(freeHere(file)) };
  return [
    { label: "Take out of the mesh", icon: Orbit, onSelect: () => takeOutOfMesh(file) },
    ...(mesh.state === "kept" ? [free] : []),
  ];
}

/** Into the trash; its links end with it. */
function removeFile({ id, name }: FileView): void {
  removeLater({ id, notice: `Moved ${name} to the trash`, path: `/files/${id}`, afterwards: refreshLibrary });
}
