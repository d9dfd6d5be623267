/**
 * What stands at the foot of a conversation: the composer, or the reason why nothing may be sent now.
 *
 *     request -> accept or block | blocked -> unblock | card changed -> compare or accept | else composer
 */
import { Ban, Check, Hourglass, ShieldQuestionMark } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import type { Contact } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { queryClient } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { Button, ButtonLink } from "../button.tsx";
import { Notice } from "../feedback.tsx";
import { KeyGroups } from "../key-groups.tsx";
import { Composer } from "./composer.tsx";
import { BlockQuestion } from "./conversation-header.tsx";

interface FootProps {
  readonly contact: Contact;
}

/** The order matters: a blocked contact with a changed card is first of all blocked. */
export function ConversationFoot({ contact }: FootProps): ReactNode {
  if (contact.state === "request") return <RequestFoot contact={contact} />;
  if (contact.state === "blocked") return <BlockedFoot contact={contact} />;
  if (contact.cardChanged) return <CardChangedFoot contact={contact} />;
  return (
    <>
      {contact.state === "pending" && <PendingNote contact={contact} />}
      <Composer key={contact.npub} contact={contact} />
    </>
  );
}

function PendingNote({ contact }: FootProps): ReactNode {
  return (
    <p className="flex gap-2 border-t border-divider px-4 py-3 text-sm text-muted rail:px-6">
      <Hourglass aria-hidden className="mt-0.5 size-4 shrink-0" />
      <span>{contact.name} has not answered yet. What you write is kept and delivered as soon as it can be.</span>
    </p>
  );
}

/**
 * Accepting a request, an unblocking and a changed card are one call; afterwards the conversation stands among the
 * chats.
 */
function useAccept(npub: string): { accept: () => void; busy: boolean } {
  const [, navigate] = useLocation();
  const { run, busy } = useAction(async () => {
    await call("POST", `/contacts/${npub}/accept`);
    navigate(`/chats/${npub}`);
    await queryClient.invalidateQueries({ queryKey: keys.contacts });
  });
  return { accept: () => void run(), busy };
}

/** The decision stands below what the person wrote, with the only thing that cannot be invented: the fingerprint. */
function RequestFoot({ contact }: FootProps): ReactNode {
  const { npub, name, invited, fingerprint } = contact;
  const { accept, busy } = useAccept(npub);
  const [blocking, setBlocking] = useState(false);
  return (
    <section aria-label="Message request" className="flex flex-col gap-4 border-t border-divider p-4 rail:p-6">
      <div className="flex flex-col gap-1">
        <h2 className="text-lg font-semibold">
          <bdi>{name}</bdi> wants to write to you
        </h2>
        <p className="text-muted">
          {invited
            ? "This person holds an invite of yours."
            : "This person was not invited by you. Anyone who knows your npub can ask; the name is self-chosen and proves nothing."}{" "}
          Until you accept, nothing is answered, not even that you have seen this.
        </p>
      </div>
      <KeyGroups value={fingerprint} label={`Fingerprint of ${name}`} />
      <div className="flex flex-wrap gap-3">
        <Button kind="primary" icon={Check} busy={busy} onClick={accept}>
          Accept
        </Button>
        <Button icon={Ban} onClick={() => setBlocking(true)}>
          Block
        </Button>
      </div>
      <BlockQuestion npub={npub} name={name} open={blocking} onClose={() => setBlocking(false)} />
    </section>
  );
}

function BlockedFoot({ contact }: FootProps): ReactNode {
  const { accept, busy } = useAccept(contact.npub);
  return (
    <div className="border-t border-divider p-4 rail:p-6">
      <Notice
        icon={Ban}
        title={`${contact.name} is blocked`}
        actions={
          <Button busy={busy} onClick={accept}>
            Unblock
          </Button>
        }
      >
        You neither receive from nor send to this contact.
      </Notice>
    </div>
  );
}

/** Nothing is sent to a card that somebody may have slipped in; this stands instead of the composer. */
function CardChangedFoot({ contact }: FootProps): ReactNode {
  const { accept, busy } = useAccept(contact.npub);
  return (
    <div className="border-t border-divider p-4 rail:p-6">
      <Notice
        alert
        icon={ShieldQuestionMark}
        title={`The card of ${contact.name} changed`}
        actions={
          <>
            <ButtonLink kind="primary" href={`/contacts/${contact.npub}`}>
              Compare safety numbers
            </ButtonLink>
            <Button busy={busy} onClick={accept}>
              Accept the new card
            </Button>
          </>
        }
      >
        This happens after a new start on another machine. It also happens when somebody poses as {contact.name}.
        Nothing is sent until you decide: compare the safety number over another channel first.
      </Notice>
    </div>
  );
}
