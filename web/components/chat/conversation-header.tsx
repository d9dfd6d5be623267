/** Whose conversation this is, how it is protected, and what can be done with it. */
import { ArrowLeft, Ban, Globe, IdCard, ShieldCheck } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Contact } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { useAction } from "../../api/use-action.ts";
import { PROTECTION_SHORT } from "../../lib/contact-words.ts";
import { draftOf, editDraft } from "../../stores/drafts.ts";
import { IconLink } from "../button.tsx";
import { ActionMenu } from "../menu.tsx";
import { ModalForm } from "../modal.tsx";
import { StarSign } from "../star-sign.tsx";

/** The whole name is the way to the card, where the safety number is. */
export function ConversationHeader({ contact }: { readonly contact: Contact }): ReactNode {
  const { npub, name, verified } = contact;
  return (
    <header className="flex min-h-20 items-center gap-1 border-b border-divider px-2 py-2 pane:ps-5">
      <IconLink href="/chats" icon={ArrowLeft} label="Back to chats" className="pane:hidden" />
      <Link
        href={`/contacts/${npub}`}
        className="ring-inside flex min-h-14 min-w-0 grow items-center gap-3 rounded-lg px-1"
      >
        <StarSign npub={npub} />
        <span className="min-w-0">
          <span className="flex items-center gap-1.5">
            <h1 className="truncate text-lg font-semibold">
              <bdi>{name}</bdi>
            </h1>
            {verified && <ShieldCheck aria-label="Verified" className="size-5 shrink-0" />}
          </span>
          <span className="block truncate text-sm text-muted">{PROTECTION_SHORT[contact.encryption]}</span>
        </span>
      </Link>
      <ConversationMenu contact={contact} />
    </header>
  );
}

function ConversationMenu({ contact }: { readonly contact: Contact }): ReactNode {
  const { npub, name, encryption, state } = contact;
  const [, navigate] = useLocation();
  const [asking, setAsking] = useState<"interop" | "block" | null>(null);
  const close = (): void => setAsking(null);
  const card = { label: "Contact card", icon: IdCard, onSelect: () => navigate(`/contacts/${npub}`) };
  const interop = { label: "Send not hidden…", icon: Globe, onSelect: () => setAsking("interop") };
  const block = { label: "Block…", icon: Ban, onSelect: () => setAsking("block") };
  const choosable = encryption !== "interop" && state !== "request" && !draftOf(npub).interop;
  return (
    <>
      <ActionMenu label={`Actions for ${name}`} actions={choosable ? [card, interop, block] : [card, block]} />
      <InteropQuestion npub={npub} name={name} open={asking === "interop"} onClose={close} />
      <BlockQuestion npub={npub} name={name} open={asking === "block"} onClose={close} />
    </>
  );
}

interface QuestionProps {
  readonly npub: string;
  readonly name: string;
  readonly open: boolean;
  readonly onClose: () => void;
}

/** A downgrade is never silent: it is asked for, explained, and marked afterwards. */
function InteropQuestion({ npub, name, open, onClose }: QuestionProps): ReactNode {
  const choose = (): void => {
    editDraft(npub, { interop: true });
    onClose();
  };
  return (
    <ModalForm
      title={`Write to ${name} not hidden?`}
      open={open}
      onClose={onClose}
      action="Send not hidden"
      onSubmit={choose}
    >
      <p>
        Your next messages then go as ordinary Nostr direct messages (NIP-17), which any Nostr app can read on the other
        side. They are encrypted, but not by Nocturne: a future quantum computer could read them, and they get no
        delivery marks.
      </p>
      <p className="text-muted">Choose this only if {name} does not use Nocturne. You can go back at any time.</p>
    </ModalForm>
  );
}

/** Used wherever somebody can be blocked, so that the consequences are told in the same words. */
export function BlockQuestion({ npub, name, open, onClose }: QuestionProps): ReactNode {
  const { run, busy } = useAction(async () => {
    await call("POST", `/contacts/${npub}/block`);
    onClose();
  });
  return (
    <ModalForm
      title={`Block ${name}?`}
      open={open}
      onClose={onClose}
      action="Block"
      busy={busy}
      onSubmit={() => void run()}
    >
      <p>You will not see anything {name} sends. Nobody is told. You can unblock at any time from Contacts.</p>
    </ModalForm>
  );
}
