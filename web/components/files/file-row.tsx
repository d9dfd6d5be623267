/** A file of the library and what can be done with it. */
import { Download, FileText, KeyRound, Link2, Lock, LockKeyholeOpen, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import type { FileView } from "../../../src/api/contract.ts";
import { keys } from "../../api/keys.ts";
import { queryClient } from "../../api/queries.ts";
import { saveFile } from "../../api/save-file.ts";
import { useAction } from "../../api/use-action.ts";
import { formatBytes, formatRecent } from "../../lib/format.ts";
import { removeLater } from "../../stores/removals.ts";
import { IconButton } from "../button.tsx";
import { ActionMenu, type MenuAction } from "../menu.tsx";

/** Which dialog a row opens. */
export type FileQuestion = "download" | "link" | "change-password" | "recover-password";

export interface FileRowProps {
  readonly file: FileView;
  readonly onAsk: (question: FileQuestion, file: FileView) => void;
}

/** On a narrow screen what is done seldom moves into the menu. */
export function FileRow({ file, onAsk }: FileRowProps): ReactNode {
  const { id, name, bytes, addedAt, hasPassword, cipher } = file;
  const save = useAction(() => saveFile(id));
  const download = (): void => (hasPassword ? onAsk("download", file) : void save.run());
  return (
    <div className="flex min-h-18 items-center gap-1 border-b border-divider py-2 rail:gap-3">
      <span className="hidden size-11 shrink-0 items-center justify-center rounded-lg bg-surface rail:flex">
        {hasPassword ? (
          <Lock aria-label="Has a password" className="size-5" />
        ) : (
          <FileText aria-hidden className="size-5 text-muted" />
        )}
      </span>
      <div className="min-w-0 grow">
        <p className="line-clamp-2 font-medium wrap-anywhere">
          <bdi>{name}</bdi>
        </p>
        <p className="facts text-sm text-muted">
          <span>{formatBytes(bytes)}</span>
          <time dateTime={addedAt}>{formatRecent(addedAt)}</time>
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
      <ActionMenu label={`More for ${name}`} actions={actionsOf(file, onAsk)} />
    </div>
  );
}

/** A file without a password has nothing to change or to forget. */
function actionsOf(file: FileView, onAsk: FileRowProps["onAsk"]): MenuAction[] {
  const link = { label: "Make a link", icon: Link2, onSelect: () => onAsk("link", file) };
  const remove = { label: "Delete", icon: Trash2, onSelect: () => removeFile(file) };
  if (!file.hasPassword) return [link, remove];
  const change = { label: "Change password", icon: KeyRound, onSelect: () => onAsk("change-password", file) };
  const recover = {
    label: "Forgot the password",
    icon: LockKeyholeOpen,
    onSelect: () => onAsk("recover-password", file),
  };
  return [link, change, recover, remove];
}

/** Its links end with it, so both lists are fetched anew. */
function removeFile({ id, name }: FileView): void {
  removeLater({
    id,
    notice: `Deleted ${name}`,
    path: `/files/${id}`,
    afterwards: () =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: keys.files }),
        queryClient.invalidateQueries({ queryKey: keys.links }),
      ]),
  });
}
