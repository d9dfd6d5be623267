/** Adding a contact: by invite link, npub or hex key, typed, pasted or scanned. */
import { type ReactNode, useState } from "react";
import { Link, useLocation } from "wouter";
import type { AddContact, Contact } from "../../src/api/contract.ts";
import { call } from "../api/client.ts";
import { askToJoin, isGroupLink } from "../api/groups.ts";
import { keys } from "../api/keys.ts";
import { queryClient } from "../api/queries.ts";
import { MainDeviceOnly } from "../components/devices/main-device.tsx";
import { TextField } from "../components/field.tsx";
import { Asked } from "../components/groups/asked.tsx";
import { LinkForm } from "../components/link-form.tsx";
import { Scene } from "../components/scene.tsx";

/**
 * What is wrong with a link stands below it, in the node's words; whether it is a link at all, the node decides. The
 * link of a group is taken, too: who was sent one need not know which field it belongs to.
 */
export function AddContactScene(): ReactNode {
  const [asked, setAsked] = useState(false);
  return (
    <Scene title={asked ? "Join a group" : "Add a contact"} back="/contacts">
      <MainDeviceOnly what="add contacts and join groups">
        {asked ? <Asked /> : <Form onAsked={() => setAsked(true)} />}
      </MainDeviceOnly>
    </Scene>
  );
}

function Form({ onAsked }: { readonly onAsked: () => void }): ReactNode {
  const [, navigate] = useLocation();
  const [name, setName] = useState("");
  const add = async (invite: string): Promise<void> => {
    if (isGroupLink(invite)) {
      await askToJoin(invite);
      return onAsked();
    }
    const request: AddContact = { invite, ...(name.trim() && { name: name.trim() }) };
    const contact = await call<Contact>("POST", "/contacts", request);
    await queryClient.invalidateQueries({ queryKey: keys.contacts });
    void queryClient.invalidateQueries({ queryKey: keys.conversations });
    navigate(`/chats/${contact.npub}`);
  };
  return (
    <LinkForm
      label="Invite link or npub"
      placeholder="nocturne:invite/…"
      hint="A link brings the person’s card along, so that even the first message is post-quantum encrypted. An npub alone works if the person’s card is found on a relay that you share."
      missing="Paste an invite link or an npub, or scan a QR code."
      action="Add"
      scanTitle="Scan an invite"
      onLink={add}
      note={<InviteInstead />}
    >
      <TextField
        label="Name (optional)"
        dir="auto"
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.target.value)}
        hint="Only you see it. Without one, the name the person chose is shown."
      />
    </LinkForm>
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
