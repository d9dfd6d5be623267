/** Adding a contact: by invite link, npub or hex key, typed, pasted or scanned. */
import { Camera } from "lucide-react";
import { type ReactNode, type SubmitEvent, useState } from "react";
import { Link, useLocation } from "wouter";
import type { AddContact, Contact } from "../../src/api/contract.ts";
import { ApiFailure, call } from "../api/client.ts";
import { askToJoin, isGroupLink } from "../api/groups.ts";
import { keys } from "../api/keys.ts";
import { queryClient } from "../api/queries.ts";
import { useAction } from "../api/use-action.ts";
import { Button } from "../components/button.tsx";
import { TextField } from "../components/field.tsx";
import { Asked } from "../components/groups/asked.tsx";
import { QrScanner } from "../components/qr-scanner.tsx";
import { Scene } from "../components/scene.tsx";
import { showFailure } from "../stores/toasts.ts";

/** Refusals of these answers are about what was typed, and stand beside the field. */
const FIELD_STATUSES = [400, 404, 409, 410, 502];

/**
 * What is wrong with a link stands below it, in the node's words; whether it is a link at all, the node decides. The
 * link of a group is taken, too: who was sent one need not know which field it belongs to.
 */
export function AddContactScene(): ReactNode {
  const [asked, setAsked] = useState(false);
  return (
    <Scene title={asked ? "Join a group" : "Add a contact"} back="/contacts">
      {asked ? <Asked /> : <Form onAsked={() => setAsked(true)} />}
    </Scene>
  );
}

function Form({ onAsked }: { readonly onAsked: () => void }): ReactNode {
  const [, navigate] = useLocation();
  const [invite, setInvite] = useState("");
  const [name, setName] = useState("");
  const [scanning, setScanning] = useState(false);
  const [problem, setProblem] = useState<string>();
  const refused = (error: unknown): void => {
    if (error instanceof ApiFailure && FIELD_STATUSES.includes(error.status)) setProblem(error.words);
    else showFailure(error);
  };
  const add = useAction(async () => {
    setProblem(undefined);
    if (isGroupLink(invite)) {
      await askToJoin(invite);
      return onAsked();
    }
    const request: AddContact = { invite: invite.trim(), ...(name.trim() && { name: name.trim() }) };
    const contact = await call<Contact>("POST", "/contacts", request);
    await queryClient.invalidateQueries({ queryKey: keys.contacts });
    void queryClient.invalidateQueries({ queryKey: keys.conversations });
    navigate(`/chats/${contact.npub}`);
  }, refused);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (invite.trim() === "") setProblem("Paste an invite link or an npub, or scan a QR code.");
    else void add.run();
  };
  const onScanned = (text: string): void => {
    setScanning(false);
    setInvite(text.replace(/^nostr:/i, ""));
  };

  return (
    <>
      <form onSubmit={submit} noValidate className="flex max-w-xl flex-col gap-6">
        <TextField
          label="Invite link or npub"
          value={invite}
          onChange={(event) => setInvite(event.target.value)}
          placeholder="nocturne:invite/…"
          spellCheck={false}
          dir="ltr"
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- the page asks for this one thing
          autoFocus
          error={problem}
          hint="A link brings the person’s card along, so that even the first message is post-quantum encrypted. An npub alone works too, with elliptic-curve encryption until the card arrives."
          className="font-mono"
        />
        <TextField
          label="Name (optional)"
          dir="auto"
          maxLength={64}
          value={name}
          onChange={(event) => setName(event.target.value)}
          hint="Only you see it. Without one, the name the person chose is shown."
        />
        <div className="flex flex-wrap gap-3">
          <Button type="submit" kind="primary" busy={add.busy}>
            Add
          </Button>
          <Button icon={Camera} onClick={() => setScanning(true)}>
            Scan a QR code
          </Button>
        </div>
        <InviteInstead />
      </form>
      <QrScanner title="Scan an invite" open={scanning} onClose={() => setScanning(false)} onText={onScanned} />
    </>
  );
}

function InviteInstead(): ReactNode {
  return (
    <p className="text-muted">
      Has nobody sent you a link?{" "}
      <Link href="/invite" className="text-ink underline underline-offset-4">
        Invite somebody yourself
      </Link>
      .
    </p>
  );
}
