/** The card of one contact: the safety number and how to compare it, the name, blocking and removing. */
import { Ban, MessageSquare, Pencil, ShieldCheck, Trash2, UserX } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import type { Contact } from "../../src/api/contract.ts";
import { call } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { queryClient, useContact } from "../api/queries.ts";
import { useAction } from "../api/use-action.ts";
import { Button, ButtonLink } from "../components/button.tsx";
import { BlockQuestion } from "../components/chat/block-question.tsx";
import { ConversationRoute } from "../components/chat/conversation-route.tsx";
import { CopyLine } from "../components/copy-line.tsx";
import { TextField } from "../components/field.tsx";
import { Empty, Skeleton } from "../components/feedback.tsx";
import { KeyGroups } from "../components/key-groups.tsx";
import { ModalForm } from "../components/modal.tsx";
import { CourierSection } from "../components/people/courier.tsx";
import { SafetyNumber } from "../components/people/safety-number.tsx";
import { RelaySees } from "../components/relay-sees.tsx";
import { Scene, Section } from "../components/scene.tsx";
import { StarSign } from "../components/star-sign.tsx";
import { PROTECTION, standingOf } from "../lib/contact-words.ts";
import { formatDate } from "../lib/format.ts";

export function ContactScene({ npub }: { readonly npub: string }): ReactNode {
  const contact = useContact(npub);
  if (contact === undefined) return <Skeleton label="Loading the contact" />;
  if (contact === null) {
    return (
      <Scene title="Contact" back="/contacts">
        <Empty icon={UserX} title="No such contact" action={<ButtonLink href="/contacts">All contacts</ButtonLink>}>
          This person is not among your contacts, or was removed.
        </Empty>
      </Scene>
    );
  }
  return <Card contact={contact} />;
}

/** Comparing comes first; once that is done, writing does. The red button follows. */
function Card({ contact }: { readonly contact: Contact }): ReactNode {
  const { npub, name, fingerprint, addedAt, verified } = contact;
  return (
    <Scene title="Contact" back="/contacts">
      <div className="grid grid-cols-[auto_minmax(0,1fr)] items-center gap-x-5 gap-y-4 pb-8 rail:grid-cols-[auto_minmax(0,1fr)_auto]">
        <StarSign npub={npub} className="size-16 self-start" />
        <div>
          <p className="flex items-center gap-2 text-xl font-semibold wrap-anywhere">
            <bdi>{name}</bdi>
            {verified && <ShieldCheck aria-label="Verified" className="size-5 shrink-0" />}
          </p>
          <p className="text-muted">{standingOf(contact) ?? `Added ${formatDate(addedAt)}`}</p>
          <p className="text-muted">{PROTECTION[contact.encryption]}</p>
        </div>
        <ButtonLink
          kind={verified ? "primary" : "plain"}
          href={`/chats/${npub}`}
          icon={MessageSquare}
          className="max-rail:col-span-2"
        >
          Write
        </ButtonLink>
      </div>
      <Section title="Safety number" id="safety">
        <SafetyNumber contact={contact} />
      </Section>
      <Section title="Identity" id="identity">
        <KeyGroups value={fingerprint} label={`Fingerprint of ${name}`} />
        <CopyLine text={npub} what="Public key (npub)" />
      </Section>
      <RelaySees interop={contact.encryption === "interop"} />
      <ConversationRoute who={npub} />
      <CourierSection contact={contact} />
      <Section title="Manage" id="manage">
        <Manage contact={contact} />
      </Section>
    </Scene>
  );
}

type Question = "rename" | "block" | "remove" | null;

function Manage({ contact }: { readonly contact: Contact }): ReactNode {
  const { npub, name, state } = contact;
  const [question, setQuestion] = useState<Question>(null);
  const unblock = useAction(() => call("POST", `/contacts/${npub}/accept`));
  const close = (): void => setQuestion(null);
  return (
    <div className="flex flex-wrap gap-3">
      <Button icon={Pencil} onClick={() => setQuestion("rename")}>
        Rename
      </Button>
      {state === "blocked" ? (
        <Button icon={Ban} busy={unblock.busy} onClick={() => void unblock.run()}>
          Unblock
        </Button>
      ) : (
        <Button icon={Ban} onClick={() => setQuestion("block")}>
          Block
        </Button>
      )}
      <Button icon={Trash2} onClick={() => setQuestion("remove")}>
        Remove
      </Button>
      {question === "rename" && <RenameQuestion contact={contact} onClose={close} />}
      <BlockQuestion npub={npub} name={name} open={question === "block"} onClose={close} />
      <RemoveQuestion npub={npub} name={name} open={question === "remove"} onClose={close} />
    </div>
  );
}

/** The node keeps names apart: two people of one name could be taken for each other. */
function RenameQuestion({ contact, onClose }: { readonly contact: Contact; readonly onClose: () => void }): ReactNode {
  const [name, setName] = useState(contact.name);
  const { run, busy } = useAction(async () => {
    await call("PATCH", `/contacts/${contact.npub}`, { name: name.trim() });
    await queryClient.invalidateQueries({ queryKey: keys.contacts });
    onClose();
  });
  return (
    <ModalForm title="Rename" open onClose={onClose} action="Save" busy={busy} onSubmit={() => void run()}>
      <TextField
        label="Name"
        dir="auto"
        required
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.target.value)}
        hint="Only you see this name."
      />
    </ModalForm>
  );
}

interface RemoveQuestionProps {
  readonly npub: string;
  readonly name: string;
  readonly open: boolean;
  readonly onClose: () => void;
}

function RemoveQuestion({ npub, name, open, onClose }: RemoveQuestionProps): ReactNode {
  const [, navigate] = useLocation();
  const { run, busy } = useAction(async () => {
    await call("DELETE", `/contacts/${npub}`);
    await queryClient.invalidateQueries({ queryKey: keys.contacts });
    void queryClient.invalidateQueries({ queryKey: keys.conversations });
    navigate("/contacts");
  });
  return (
    <ModalForm
      title={`Remove ${name}?`}
      open={open}
      onClose={onClose}
      action="Remove"
      busy={busy}
      onSubmit={() => void run()}
    >
      <p>
        The contact and your conversation are deleted from this machine. {name} is not told and keeps what was received.
      </p>
    </ModalForm>
  );
}
