/**
 * What stands at the foot of a conversation: the composer, or the reason why nothing may be sent now.
 *
 *     request -> accept or block | blocked -> unblock | card changed -> compare or accept | else composer
 *     group -> no longer in it | else composer
 */
import { Ban, Check, DoorOpen, Hourglass, type LucideIcon, ShieldQuestionMark, UserCheck } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Contact, Group } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { queryClient } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { membersIn, nameSome } from "../../lib/group-words.ts";
import { Button, ButtonLink } from "../button.tsx";
import { Notice } from "../feedback.tsx";
import { KeyGroups } from "../key-groups.tsx";
import { Composer } from "./composer.tsx";
import { BlockQuestion } from "./block-question.tsx";

interface FootProps {
  readonly contact: Contact;
}

export interface ConversationFootProps {
  readonly who: string;
  readonly name: string;
  /** Null for a group. */
  readonly contact: Contact | null;
  readonly group: Group | null;
}

/** The order matters: a blocked contact with a changed card is first of all blocked. */
export function ConversationFoot({ who, name, contact, group }: ConversationFootProps): ReactNode {
  if (group) return <GroupFoot group={group} />;
  if (!contact) return null;
  if (contact.state === "request") return <RequestFoot contact={contact} />;
  if (contact.state === "blocked") return <BlockedFoot contact={contact} />;
  if (contact.cardChanged) return <CardChangedFoot contact={contact} />;
  return (
    <>
      {contact.state === "pending" && <PendingNote contact={contact} />}
      <Composer who={who} name={name} interopOnly={contact.encryption === "interop"} />
    </>
  );
}

function PendingNote({ contact }: FootProps): ReactNode {
  return (
    <Note icon={Hourglass}>
      {contact.name} has not answered yet. What you write is kept and delivered as soon as it can be.
    </Note>
  );
}

function Note({ icon: Icon, children }: { readonly icon: LucideIcon; readonly children: ReactNode }): ReactNode {
  return (
    <p className="flex gap-2 border-t border-divider px-4 py-3 text-sm text-muted rail:px-6">
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <span>{children}</span>
    </p>
  );
}

/** Who was asked or waits is seen where one writes: what is written now does not reach them. */
function GroupFoot({ group }: { readonly group: Group }): ReactNode {
  if (!group.joined) {
    return <Note icon={DoorOpen}>You are not in this group any more. What came until then stays here.</Note>;
  }
  const invited = membersIn(group, "invited").map(({ name }) => name);
  const applied = membersIn(group, "applied").map(({ name }) => name);
  return (
    <>
      {applied.length > 0 && (
        <Note icon={UserCheck}>
          {nameSome(applied)} {applied.length === 1 ? "wants" : "want"} to come in by the link.{" "}
          <Link href={`/groups/${group.id}`} className="text-ink underline underline-offset-4">
            Decide
          </Link>
        </Note>
      )}
      {invited.length > 0 && (
        <Note icon={Hourglass}>
          {nameSome(invited)} {invited.length === 1 ? "was" : "were"} asked and not yet here. Whoever comes reads what
          is written from then on.
        </Note>
      )}
      <Composer who={group.id} name={group.name} interopOnly={false} />
    </>
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
