/** Past a forgotten passphrase: the recovery key opens the vault, and a new passphrase guards it from then on. */
import { type ReactNode, useState } from "react";
import { ApiFailure, call } from "../api/client.ts";
import { queryClient } from "../api/queries.ts";
import { useAction } from "../api/use-action.ts";
import { LinesField, PasswordField } from "./field.tsx";
import { ModalForm } from "./modal.tsx";

export interface RecoveryUnlockProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** A new passphrase is asked for, so that a vault that had one never ends up without. */
export function RecoveryUnlock({ open, onClose }: RecoveryUnlockProps): ReactNode {
  const [key, setKey] = useState("");
  const [next, setNext] = useState("");
  const [failure, setFailure] = useState<ApiFailure | null>(null);
  const refused = (error: unknown): void => {
    if (error instanceof ApiFailure) setFailure(error);
    else throw error;
  };
  const unlock = useAction(async () => {
    setFailure(null);
    await call("POST", "/recovery/unlock", { key: key.trim(), next });
    await queryClient.invalidateQueries();
  }, refused);
  const ofPassphrase = failure?.code.startsWith("passphrase") ?? false;
  return (
    <ModalForm
      title="Forgot the passphrase"
      description="Your recovery key opens the vault without it. Choose a new passphrase at the same time."
      open={open}
      onClose={onClose}
      action="Unlock"
      busy={unlock.busy}
      onSubmit={() => void unlock.run()}
    >
      <LinesField
        label="Recovery key"
        hint="The 24 words, or the 64 hex characters."
        rows={4}
        required
        value={key}
        onChange={(event) => setKey(event.target.value)}
        error={ofPassphrase ? undefined : failure?.words}
      />
      <PasswordField
        label="New passphrase"
        autoComplete="new-password"
        required
        value={next}
        onChange={(event) => setNext(event.target.value)}
        hint="At least 8 characters."
        error={ofPassphrase ? failure?.words : undefined}
      />
    </ModalForm>
  );
}
