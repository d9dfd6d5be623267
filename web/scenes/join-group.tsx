/** Joining a group: its link, pasted or scanned. */
import { Camera } from "lucide-react";
import { type ReactNode, type SubmitEvent, useState } from "react";
import { ApiFailure } from "../api/client.ts";
import { askToJoin } from "../api/groups.ts";
import { useAction } from "../api/use-action.ts";
import { Button } from "../components/button.tsx";
import { TextField } from "../components/field.tsx";
import { Asked } from "../components/groups/asked.tsx";
import { QrScanner } from "../components/qr-scanner.tsx";
import { Scene } from "../components/scene.tsx";
import { MEMBERS_SEE } from "../lib/group-words.ts";
import { showFailure } from "../stores/toasts.ts";

/** Refusals of these answers are about the link, and stand beside it. */
const FIELD_STATUSES = [400, 409];

export function JoinGroupScene(): ReactNode {
  const [asked, setAsked] = useState(false);
  return (
    <Scene title="Join a group" back="/chats">
      {asked ? <Asked /> : <Form onAsked={() => setAsked(true)} />}
    </Scene>
  );
}

function Form({ onAsked }: { readonly onAsked: () => void }): ReactNode {
  const [link, setLink] = useState("");
  const [scanning, setScanning] = useState(false);
  const [problem, setProblem] = useState<string>();
  const refused = (error: unknown): void => {
    if (error instanceof ApiFailure && FIELD_STATUSES.includes(error.status)) setProblem(error.words);
    else showFailure(error);
  };
  const join = useAction(async () => {
    setProblem(undefined);
    await askToJoin(link);
    onAsked();
  }, refused);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (link.trim() === "") setProblem("Paste the link of a group, or scan its QR code.");
    else void join.run();
  };
  const onScanned = (text: string): void => {
    setScanning(false);
    setLink(text);
  };
  return (
    <form onSubmit={submit} noValidate className="flex max-w-xl flex-col gap-6">
      <TextField
        label="Link of the group"
        value={link}
        onChange={(event) => setLink(event.target.value)}
        placeholder="nocturne:group/…"
        spellCheck={false}
        dir="ltr"
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- the page asks for this one thing
        autoFocus
        error={problem}
        hint="You get it from somebody in the group. An admin has to agree before you are in."
        className="font-mono"
      />
      <div className="flex flex-wrap gap-3">
        <Button type="submit" kind="primary" busy={join.busy}>
          Ask to come in
        </Button>
        <Button icon={Camera} onClick={() => setScanning(true)}>
          Scan a QR code
        </Button>
      </div>
      <p className="text-muted">{MEMBERS_SEE}</p>
      <QrScanner title="Scan a group" open={scanning} onClose={() => setScanning(false)} onText={onScanned} />
    </form>
  );
}
