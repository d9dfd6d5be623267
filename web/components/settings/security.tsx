/** Settings: what guards the vault, locking, the recovery key and the backup. */
import { Download, KeyRound, Lock, UsersRound } from "lucide-react";
import { type ReactNode, type SubmitEvent, useState } from "react";
import type { Settings, Status } from "../../../src/api/contract.ts";
import { ApiFailure, call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { lockVault } from "../../api/lock-vault.ts";
import { queryClient, useSpace } from "../../api/queries.ts";
import { saveBackup } from "../../api/save-file.ts";
import { useAction } from "../../api/use-action.ts";
import { notify } from "../../stores/toasts.ts";
import { Button, ButtonLink } from "../button.tsx";
import { useIsLinked } from "../devices/main-device.tsx";
import { PasswordField } from "../field.tsx";
import { Section } from "../scene.tsx";
import { Summary } from "./summary.tsx";

/** Characters a passphrase must have (the node's VAULT_LIMITS.passphraseMinCharacters). */
const MIN_CHARACTERS = 8;

/** Locking is offered only with a passphrase: without one nothing could unlock the vault. */
export function SecuritySection({ status }: { readonly status: Status }): ReactNode {
  const guarded = status.protection === "passphrase";
  const lock = useAction(lockVault);
  return (
    <Section title="Security" id="security">
      <p>
        {guarded
          ? "A passphrase guards the vault: without it, nobody who copies this disk can open it."
          : "The vault's key lies in a file beside it: whoever can read this disk as you can open the vault. A passphrase ends that."}
      </p>
      <PassphraseForm guarded={guarded} />
      {guarded && (
        <div className="flex flex-col items-start gap-3 border-t border-divider pt-6">
          <p className="text-muted">
            Locking forgets the key until you type the passphrase again. Messages wait at your relays meanwhile; links
            keep working.
          </p>
          <Button icon={Lock} busy={lock.busy} onClick={() => void lock.run()}>
            Lock now
          </Button>
        </div>
      )}
    </Section>
  );
}

/** Typed twice: nobody can be asked to reset it. */
function PassphraseForm({ guarded }: { readonly guarded: boolean }): ReactNode {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [problem, setProblem] = useState<string>();
  const refused = (error: unknown): void => {
    if (!(error instanceof ApiFailure)) throw error;
    setProblem(error.words);
  };
  const save = useAction(async () => {
    await call("POST", "/vault/passphrase", guarded ? { next, current } : { next });
    for (const clear of [setCurrent, setNext, setAgain]) clear("");
    notify(guarded ? "The passphrase was changed" : "The vault is guarded by your passphrase now");
    await queryClient.invalidateQueries({ queryKey: keys.status });
  }, refused);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const wrong = problemOf(next, again);
    setProblem(wrong);
    if (!wrong) void save.run();
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      {guarded && (
        <PasswordField
          label="Current passphrase"
          autoComplete="current-password"
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
        />
      )}
      <PasswordField
        label="New passphrase"
        autoComplete="new-password"
        value={next}
        onChange={(event) => setNext(event.target.value)}
        hint={`At least ${MIN_CHARACTERS} characters; four or five unrelated words are strong and easy to keep in mind.`}
        error={problem}
      />
      <PasswordField
        label="New passphrase again"
        autoComplete="new-password"
        value={again}
        onChange={(event) => setAgain(event.target.value)}
      />
      <Button
        type="submit"
        kind={guarded ? "plain" : "primary"}
        icon={KeyRound}
        busy={save.busy}
        className="self-start"
      >
        {guarded ? "Change passphrase" : "Set passphrase"}
      </Button>
    </form>
  );
}

function problemOf(next: string, again: string): string | undefined {
  if (Array.from(next).length < MIN_CHARACTERS) return `Use at least ${MIN_CHARACTERS} characters.`;
  return next === again ? undefined : "The two passphrases differ.";
}

/** A backup without the recovery key on paper is worth nothing, so both stand together. */
export function RecoverySection({ settings }: { readonly settings: Settings }): ReactNode {
  const backup = useAction(saveBackup);
  const linked = useIsLinked();
  const { data: space } = useSpace();
  return (
    <Section title="Recovery" id="recovery">
      <div className="flex flex-col items-start gap-3">
        <p>{recoveryWords(settings, linked)}</p>
        <ButtonLink href="/settings/recovery-key" icon={KeyRound}>
          {settings.recoveryConfirmed ? "About the recovery key" : "Write down the recovery key"}
        </ButtonLink>
        <ButtonLink href="/settings/shares" icon={UsersRound}>
          Shares with people you trust
        </ButtonLink>
      </div>
      {!linked && <Summary />}
      <div className="flex flex-col items-start gap-3 border-t border-divider pt-6">
        <p className="text-muted">
          A backup holds everything: contacts, messages and files, encrypted. It opens with your recovery key, and with
          your passphrase if you have set one.
          {space &&
            space.bucketBytes > 0 &&
            " Of files in the bucket it holds only where they are: keep the bucket, too."}
        </p>
        <Button icon={Download} busy={backup.busy} onClick={() => void backup.run()}>
          Download a backup
        </Button>
      </div>
    </Section>
  );
}

/** A linked device's key is its own: it must not be taken for the account's. */
function recoveryWords({ recoveryConfirmed }: Settings, linked: boolean): string {
  if (linked) {
    return "This device has a recovery key of its own, which opens its vault and its backups. Your identity comes back by the recovery key of your main device alone.";
  }
  return recoveryConfirmed
    ? "You confirmed that your recovery key is written down. It opens this vault and its backups, and with the name of a relay it brings back your identity and the people you know."
    : "Write down your recovery key: it opens the vault when the passphrase is forgotten, and a backup when this machine is lost.";
}
