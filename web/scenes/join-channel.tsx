/** Joining a channel: its link, pasted or scanned. */
import { Camera } from "lucide-react";
import { type ReactNode, type SubmitEvent, useState } from "react";
import { useLocation } from "wouter";
import type { Channel } from "../../src/api/contract.ts";
import { ApiFailure, call } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { queryClient } from "../api/queries.ts";
import { useAction } from "../api/use-action.ts";
import { Button } from "../components/button.tsx";
import { TextField } from "../components/field.tsx";
import { QrScanner } from "../components/qr-scanner.tsx";
import { Scene } from "../components/scene.tsx";
import { RELAY_SEES } from "../lib/channel-words.ts";
import { showFailure } from "../stores/toasts.ts";

/** Refusals of these answers are about the link, and stand beside it. */
const FIELD_STATUSES = [400, 409];

export function JoinChannelScene(): ReactNode {
  const [, navigate] = useLocation();
  const [link, setLink] = useState("");
  const [scanning, setScanning] = useState(false);
  const [problem, setProblem] = useState<string>();
  const refused = (error: unknown): void => {
    if (error instanceof ApiFailure && FIELD_STATUSES.includes(error.status)) setProblem(error.words);
    else showFailure(error);
  };
  const join = useAction(async () => {
    setProblem(undefined);
    const { id } = await call<Channel>("POST", "/channels/join", { link: link.trim() });
    await queryClient.invalidateQueries({ queryKey: keys.channels });
    navigate(`/channels/${id}`);
  }, refused);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (link.trim() === "") setProblem("Paste the link of a channel, or scan its QR code.");
    else void join.run();
  };
  const onScanned = (text: string): void => {
    setScanning(false);
    setLink(text);
  };
  return (
    <Scene title="Join a channel" back="/channels">
      <form onSubmit={submit} noValidate className="flex max-w-xl flex-col gap-6">
        <TextField
          label="Link of the channel"
          value={link}
          onChange={(event) => setLink(event.target.value)}
          placeholder="nocturne:channel/…"
          spellCheck={false}
          dir="ltr"
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- the page asks for this one thing
          autoFocus
          error={problem}
          hint="You get it from the owner, or from somebody who reads the channel. It names the relays that your node then asks."
          className="font-mono"
        />
        <div className="flex flex-wrap gap-3">
          <Button type="submit" kind="primary" busy={join.busy}>
            Join
          </Button>
          <Button icon={Camera} onClick={() => setScanning(true)}>
            Scan a QR code
          </Button>
        </div>
        <p className="text-muted">The owner is not told that you read, and has no list of readers. {RELAY_SEES}</p>
      </form>
      <QrScanner title="Scan a channel" open={scanning} onClose={() => setScanning(false)} onText={onScanned} />
    </Scene>
  );
}
