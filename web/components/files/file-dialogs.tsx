/** The questions about a file with a password: opening it, changing it, and getting it back. */
import { type ReactNode, useState } from "react";
import type { FileView, RecoveredPassword } from "../../../src/api/contract.ts";
import { ApiFailure, call } from "../../api/client.ts";
import { saveFile } from "../../api/save-file.ts";
import { useAction } from "../../api/use-action.ts";
import { notify } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";
import { CopyLine } from "../copy-line.tsx";
import { PasswordField } from "../field.tsx";
import { Modal, ModalForm } from "../modal.tsx";

export interface FileDialogProps {
  readonly file: FileView;
  readonly onClose: () => void;
}

/** What the node said of the password, beside the field it is about. */
function useProblem(): { problem: string | undefined; refused: (error: unknown) => void; clear: () => void } {
  const [problem, setProblem] = useState<string>();
  const refused = (error: unknown): void => {
    if (!(error instanceof ApiFailure)) throw error;
    setProblem(error.words);
  };
  return { problem, refused, clear: () => setProblem(undefined) };
}

export interface DownloadDialogProps extends FileDialogProps {
  /** The id of an earlier version; the newest when nothing is said. */
  readonly version?: string;
}

/** A wrong password shows here, before any download begins. */
export function DownloadDialog({ file, version, onClose }: DownloadDialogProps): ReactNode {
  const [password, setPassword] = useState("");
  const { problem, refused, clear } = useProblem();
  const { run, busy } = useAction(async () => {
    clear();
    await saveFile(file.id, password, version);
    onClose();
  }, refused);
  return (
    <ModalForm
      title={`Download ${file.name}`}
      open
      onClose={onClose}
      action="Download"
      busy={busy}
      onSubmit={() => void run()}
    >
      <PasswordField
        label="Password of this file"
        autoComplete="current-password"
        required
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        error={problem}
      />
    </ModalForm>
  );
}

/** Rewrites one key slot; the file itself is not touched, so any size takes the same moment. */
export function ChangePasswordDialog({ file, onClose }: FileDialogProps): ReactNode {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const { problem, refused, clear } = useProblem();
  const { run, busy } = useAction(async () => {
    clear();
    await call("POST", `/files/${file.id}/password`, { current, next });
    notify("The password was changed");
    onClose();
  }, refused);
  return (
    <ModalForm title="Change password" open onClose={onClose} action="Change" busy={busy} onSubmit={() => void run()}>
      <p dir="auto" className="wrap-anywhere text-muted">
        {file.name}
      </p>
      <PasswordField
        label="Current password"
        autoComplete="current-password"
        required
        value={current}
        onChange={(event) => setCurrent(event.target.value)}
        error={problem}
      />
      <PasswordField
        label="New password"
        autoComplete="new-password"
        required
        value={next}
        onChange={(event) => setNext(event.target.value)}
      />
    </ModalForm>
  );
}

/** The recovery key of this vault opens the file's password again; it is shown, never sent anywhere. */
export function RecoverPasswordDialog({ file, onClose }: FileDialogProps): ReactNode {
  const [password, setPassword] = useState<string | null>(null);
  const { run, busy } = useAction(async () => {
    setPassword((await call<RecoveredPassword>("POST", `/files/${file.id}/recover`, {})).password);
  });
  return (
    <Modal
      title="Forgot the password"
      description="This vault's recovery key can open the password again. It is shown here and on this screen only."
      open
      onClose={onClose}
    >
      {password === null ? (
        <div className="flex justify-end">
          <Button kind="primary" busy={busy} onClick={() => void run()}>
            Show the password
          </Button>
        </div>
      ) : (
        <div className="flex flex-col gap-2">
          <p dir="auto" className="wrap-anywhere">
            The password of {file.name}:
          </p>
          <CopyLine text={password} what="Password" whole />
        </div>
      )}
    </Modal>
  );
}
