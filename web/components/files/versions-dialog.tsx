/** The earlier versions of a file: to see, to save, to have back, or to delete. */
import { Download, Eye, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { FileVersion, FileView } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { useVersions } from "../../api/queries.ts";
import { saveFile } from "../../api/save-file.ts";
import { useAction } from "../../api/use-action.ts";
import { formatBytes, formatMoment } from "../../lib/format.ts";
import { notify } from "../../stores/toasts.ts";
import { Button, IconButton } from "../button.tsx";
import { Modal } from "../modal.tsx";
import { DownloadDialog, type FileDialogProps } from "./file-dialogs.tsx";
import { refreshLibrary } from "./moving.ts";
import { Preview } from "./preview.tsx";

/** The present content becomes a version when another comes back: nothing is lost by trying. */
export function VersionsDialog({ file, onClose }: FileDialogProps): ReactNode {
  const { data } = useVersions(file.id);
  const [shown, setShown] = useState<FileVersion>();
  return (
    <Modal
      title="Earlier versions"
      description="Ten are kept. Links go on giving the version that they were made of."
      open
      onClose={onClose}
    >
      <ul aria-label={`Versions of ${file.name}`}>
        {data?.map((version) => (
          <VersionRow key={version.id} file={file} version={version} onShow={() => setShown(version)} />
        ))}
      </ul>
      {data?.length === 0 && <p className="text-muted">None is left.</p>}
      {shown && <Preview files={[]} first={file} version={shown} onClose={() => setShown(undefined)} />}
    </Modal>
  );
}

interface VersionRowProps {
  readonly file: FileView;
  readonly version: FileVersion;
  readonly onShow: () => void;
}

function VersionRow({ file, version, onShow }: VersionRowProps): ReactNode {
  const { id, addedAt, bytes, hasPassword } = version;
  const [asking, setAsking] = useState<"delete" | "password">();
  const path = `/files/${file.id}/versions/${id}`;
  const restore = useAction(async () => {
    await call("POST", path);
    await refreshLibrary();
    notify("That version is the newest now");
  });
  const remove = useAction(async () => {
    await call("DELETE", path);
    await refreshLibrary();
    notify("The version was deleted");
  });
  const save = useAction(() => saveFile(file.id, undefined, id));
  const when = formatMoment(addedAt);
  return (
    <li className="flex min-h-14 flex-wrap items-center justify-end gap-x-1 gap-y-2 border-t border-divider py-2">
      <span className="me-auto">
        <time dateTime={addedAt}>{when}</time>
        <span className="facts block text-sm text-muted">
          <span>{formatBytes(bytes)}</span>
          {hasPassword && <span>Password</span>}
        </span>
      </span>
      {asking === "delete" ? (
        <span className="flex gap-3">
          <Button onClick={() => setAsking(undefined)}>Keep</Button>
          <Button kind="primary" busy={remove.busy} onClick={() => void remove.run()}>
            Delete for good
          </Button>
        </span>
      ) : (
        <>
          <IconButton icon={Eye} label={`Show the version of ${when}`} onClick={onShow} />
          <IconButton
            icon={Download}
            label={`Download the version of ${when}`}
            busy={save.busy}
            onClick={() => (hasPassword ? setAsking("password") : void save.run())}
          />
          <IconButton icon={Trash2} label={`Delete the version of ${when}`} onClick={() => setAsking("delete")} />
          <Button busy={restore.busy} onClick={() => void restore.run()}>
            Restore
          </Button>
        </>
      )}
      {asking === "password" && <DownloadDialog file={file} version={id} onClose={() => setAsking(undefined)} />}
    </li>
  );
}
