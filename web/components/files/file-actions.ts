/** What can be done with a file, for its menu in the list and in the grid. */
import {
  Download,
  FolderInput,
  History,
  KeyRound,
  Link2,
  LockKeyholeOpen,
  Pencil,
  SendHorizontal,
  Trash2,
  Users,
} from "lucide-react";
import type { FileView } from "../../../src/api/contract.ts";
import { removeLater } from "../../stores/removals.ts";
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
}

/** A file without a password has nothing to change or to forget. */
export function fileActions(file: FileView, { onAsk, onMove, onRename, onDownload }: FileActions): MenuAction[] {
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
    { label: "Delete", icon: Trash2, onSelect: () => removeFile(file) },
  ];
}

/** Into the trash; its links end with it. */
function removeFile({ id, name }: FileView): void {
  removeLater({ id, notice: `Moved ${name} to the trash`, path: `/files/${id}`, afterwards: refreshLibrary });
}
