/**
 * Ways back to an identity one had before, beside the recovery key (`scenes/recover.tsx`). A backup replaces the whole vault,
 * so it works in a terminal while no node holds it; a Nostr key is put into the vault that is open.
 */
import { type ReactNode, useState } from "react";
import { ApiFailure, call } from "../api/client.ts";
import { queryClient } from "../api/queries.ts";
import { useAction } from "../api/use-action.ts";
import { notify } from "../stores/toasts.ts";
import { CopyLine } from "./copy-line.tsx";
import { PasswordField } from "./field.tsx";
import { Modal, ModalForm } from "./modal.tsx";

export interface RestoreDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Commands to copy, because a mistyped folder name is how vaults get lost. */
export function RestoreDialog({ open, onClose }: RestoreDialogProps): ReactNode {
  return (
    <Modal
      title="Restore a backup"
      description="A backup is restored in a terminal, into an empty folder, so that it can never overwrite a vault in use."
      open={open}
      onClose={onClose}
    >
      <ol className="flex list-decimal flex-col gap-5 ps-5">
        <Step words="Stop this node." command="nocturne stop" />
        <Step
          words="Bring everything back from the backup file, which opens with the recovery key or your passphrase."
          command="nocturne --data-dir restored restore PATH"
        />
        <Step words="Start with what was restored." command="nocturne --data-dir restored start" />
      </ol>
    </Modal>
  );
}

function Step({ words, command }: { readonly words: string; readonly command: string }): ReactNode {
  return (
    <li>
      <p className="mb-1.5">{words}</p>
      <CopyLine text={command} what="Command" whole />
    </li>
  );
}

/** Takes over an identity from another Nostr app; its secret key goes to the node on this machine only. */
export function ImportKeyDialog({ open, onClose }: RestoreDialogProps): ReactNode {
  const [secret, setSecret] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string>();
  const refused = (error: unknown): void => {
    if (error instanceof ApiFailure) setProblem(error.words);
    else throw error;
  };
  const take = useAction(async () => {
    setProblem(undefined);
    const encrypted = secret.trim().startsWith("ncryptsec");
    await call("POST", "/identity/import", { secret: secret.trim(), ...(encrypted && { password }) });
    await queryClient.invalidateQueries();
    setSecret("");
    setPassword("");
    notify("This is your identity now");
    onClose();
  }, refused);
  return (
    <ModalForm
      title="Use a Nostr key"
      description="Your npub from another Nostr app becomes your identity here, in place of the new one."
      open={open}
      onClose={onClose}
      action="Use this key"
      busy={take.busy}
      onSubmit={() => void take.run()}
    >
      <PasswordField
        label="Secret key"
        required
        placeholder="nsec1… or ncryptsec1…"
        value={secret}
        onChange={(event) => setSecret(event.target.value)}
        hint="Keep your own copy: a backup holds this key, but your recovery key alone does not bring it back."
        error={problem}
      />
      {secret.trim().startsWith("ncryptsec") && (
        <PasswordField
          label="Password of the key"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      )}
    </ModalForm>
  );
}
