/** Unlocking: the vault's passphrase, and what to do without it. */
import { LockOpen } from "lucide-react";
import { type ReactNode, type SubmitEvent, useState } from "react";
import { ApiFailure, call } from "../api/client.ts";
import { queryClient } from "../api/queries.ts";
import { useAction } from "../api/use-action.ts";
import { Button } from "../components/button.tsx";
import { PasswordField } from "../components/field.tsx";
import { RecoveryUnlock } from "../components/recovery-unlock.tsx";
import { useTitle } from "../components/scene.tsx";
import { Gate } from "../components/shell/gate.tsx";

/** The node slows guessing down; this page only tells what it said. */
export function UnlockScene(): ReactNode {
  useTitle("Locked");
  const [passphrase, setPassphrase] = useState("");
  const [problem, setProblem] = useState<string>();
  const [forgotten, setForgotten] = useState(false);
  const refused = (error: unknown): void => {
    if (error instanceof ApiFailure) setProblem(error.words);
    else throw error;
  };
  const unlock = useAction(async () => {
    setProblem(undefined);
    await call("POST", "/vault/unlock", { passphrase });
    await queryClient.invalidateQueries();
  }, refused);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (passphrase === "") setProblem("Type your passphrase.");
    else void unlock.run();
  };
  return (
    <Gate title="Nocturne is locked">
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        <PasswordField
          label="Passphrase"
          autoComplete="current-password"
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- the page asks for this one thing
          autoFocus
          value={passphrase}
          onChange={(event) => setPassphrase(event.target.value)}
          error={problem}
        />
        <Button type="submit" kind="primary" icon={LockOpen} busy={unlock.busy}>
          {unlock.busy ? "Unlocking" : "Unlock"}
        </Button>
        <Button kind="quiet" onClick={() => setForgotten(true)}>
          Forgot the passphrase
        </Button>
      </form>
      <RecoveryUnlock open={forgotten} onClose={() => setForgotten(false)} />
    </Gate>
  );
}
