/** Coming back onto a new machine with the recovery key: the key, a relay that one used, then what was found there. */
import { CircleAlert, CircleCheck } from "lucide-react";
import { type ReactNode, type SubmitEvent, useState } from "react";
import type { RestoreResult } from "../../src/api/contract.ts";
import { ApiFailure, call } from "../api/client.ts";
import { queryClient } from "../api/queries.ts";
import { useAction } from "../api/use-action.ts";
import { Button, ButtonLink } from "../components/button.tsx";
import { Empty, Notice } from "../components/feedback.tsx";
import { LinesField } from "../components/field.tsx";
import { Scene } from "../components/scene.tsx";
import { restoredWords } from "../lib/recovery-words.ts";

/** form -> relays are asked -> what came back */
export function RecoverScene(): ReactNode {
  const [restored, setRestored] = useState<RestoreResult | null>(null);
  return (
    <Scene title="I have a recovery key" back={restored ? "/chats" : "/welcome"}>
      {restored ? <Restored result={restored} /> : <Form onRestored={setRestored} />}
    </Scene>
  );
}

/** No relay is filled in: none is asked that the person did not name. */
function Form({ onRestored }: { readonly onRestored: (result: RestoreResult) => void }): ReactNode {
  const [key, setKey] = useState("");
  const [relays, setRelays] = useState("");
  const [failure, setFailure] = useState<ApiFailure | null>(null);
  const refused = (error: unknown): void => {
    if (error instanceof ApiFailure) setFailure(error);
    else throw error;
  };
  const restore = useAction(async () => {
    setFailure(null);
    const named = relays.split(/[\s,]+/).filter((url) => url !== "");
    onRestored(await call<RestoreResult>("POST", "/recovery/restore", { key: key.trim(), relays: named }));
    await queryClient.invalidateQueries();
  }, refused);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void restore.run();
  };
  const ofRelays = failure?.code.includes("relay") ?? false;
  return (
    <form onSubmit={submit} noValidate className="flex max-w-xl flex-col gap-6">
      <p className="text-muted">
        The identity that was made here at the first start is replaced by yours. Messages and files are in backups only.
      </p>
      <LinesField
        label="Recovery key"
        hint="The 24 words, the 64 hex characters, or shares that people kept for you, one a line."
        rows={4}
        required
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- the page asks for this first
        autoFocus
        value={key}
        onChange={(event) => setKey(event.target.value)}
        error={ofRelays ? undefined : failure?.words}
      />
      <LinesField
        label="Relays that you used, one a line"
        hint="They stand on your paper. Your contacts, groups and channels come back from there; without a relay only your identity does."
        rows={2}
        placeholder="wss://"
        value={relays}
        onChange={(event) => setRelays(event.target.value)}
        error={ofRelays ? failure?.words : undefined}
      />
      <Button type="submit" kind="primary" busy={restore.busy} className="self-start">
        Bring it back
      </Button>
      {restore.busy && <output className="text-muted">Asking your relays. This may take a minute.</output>}
    </form>
  );
}

function Restored({ result }: { readonly result: RestoreResult }): ReactNode {
  const { madeAt = null, warnings = [] } = result.summary ?? {};
  return (
    <div className="flex flex-col gap-6">
      <Empty
        icon={CircleCheck}
        title={restoredWords(result)}
        action={
          <ButtonLink kind="primary" href="/chats">
            Go to chats
          </ButtonLink>
        }
      >
        <output>
          {madeAt !== null
            ? "Contacts are told, and groups asked to let you in again. You can write at once."
            : "Nothing else was found. Add the people you know again, or restore a backup in a new folder."}
        </output>
      </Empty>
      {warnings.map((words) => (
        <Notice key={words} icon={CircleAlert}>
          {words}
        </Notice>
      ))}
    </div>
  );
}
