/** The earlier versions of a file, and the way back to each. */
import type { ReactNode } from "react";
import { call } from "../../api/client.ts";
import { useVersions } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { formatBytes, formatMoment } from "../../lib/format.ts";
import { notify } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";
import { Modal } from "../modal.tsx";
import type { FileDialogProps } from "./file-dialogs.tsx";
import { refreshLibrary } from "./moving.ts";

/** The present content becomes a version when another comes back: nothing is lost by trying. */
export function VersionsDialog({ file, onClose }: FileDialogProps): ReactNode {
  const { data } = useVersions(file.id);
  const { run, busy } = useAction(async (version: string) => {
    await call("POST", `/files/${file.id}/versions/${version}`);
    await refreshLibrary();
    notify("That version is the newest now");
  });
  return (
    <Modal
      title="Earlier versions"
      description="Ten are kept. Links go on giving the version that they were made of."
      open
      onClose={onClose}
    >
      <ul aria-label={`Versions of ${file.name}`}>
        {data?.map(({ id, addedAt, bytes, hasPassword }) => (
          <li key={id} className="flex min-h-14 items-center gap-3 border-t border-divider py-2">
            <span className="grow">
              <time dateTime={addedAt}>{formatMoment(addedAt)}</time>
              <span className="facts block text-sm text-muted">
                <span>{formatBytes(bytes)}</span>
                {hasPassword && <span>Password</span>}
              </span>
            </span>
            <Button busy={busy} onClick={() => void run(id)}>
              Restore
            </Button>
          </li>
        ))}
      </ul>
    </Modal>
  );
}
