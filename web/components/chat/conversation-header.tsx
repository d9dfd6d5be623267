/** Whose conversation this is, how it is protected, and what can be done with it. */
import { ArrowLeft, BellOff, Search, ShieldCheck, Timer } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Contact, Conversation, Group } from "../../../src/api/contract.ts";
import { PROTECTION_SHORT } from "../../lib/contact-words.ts";
import { groupStanding } from "../../lib/group-words.ts";
import { isMuted, spanWords } from "../../lib/spans.ts";
import { IconButton, IconLink } from "../button.tsx";
import { StarSign } from "../star-sign.tsx";
import { ConversationMenu, type ConversationMenuProps } from "./conversation-menu.tsx";

export interface ConversationHeaderProps extends ConversationMenuProps {
  readonly onSearch: () => void;
}

const TITLE = "flex min-h-14 min-w-0 grow items-center gap-3 rounded-lg px-1";

/** The whole name is the way to the card, where the safety number is; of a group, to its members. */
export function ConversationHeader(props: ConversationHeaderProps): ReactNode {
  const { who, contact, group, onSearch } = props;
  const about = contact ? `/contacts/${who}` : group && `/groups/${who}`;
  return (
    <header className="flex min-h-20 items-center border-b border-divider px-2 py-2 pane:ps-5">
      <IconLink href="/chats" icon={ArrowLeft} label="Back to chats" className="pane:hidden" />
      {about ? (
        <Link href={about} className={`ring-inside ${TITLE}`}>
          <Title {...props} />
        </Link>
      ) : (
        <div className={TITLE}>
          <Title {...props} />
        </div>
      )}
      <IconButton icon={Search} label="Search in this conversation" onClick={onSearch} />
      <ConversationMenu {...props} />
    </header>
  );
}

function Title({ who, name, contact, conversation, group }: ConversationHeaderProps): ReactNode {
  const timer = conversation?.timerSeconds ?? null;
  return (
    <>
      <StarSign npub={who} />
      <span className="min-w-0">
        <span className="flex items-center gap-1.5">
          <h1 className="truncate text-lg font-semibold">
            <bdi>{name}</bdi>
          </h1>
          {contact?.verified && <ShieldCheck aria-label="Verified" className="size-5 shrink-0" />}
          {conversation && isMuted(conversation) && (
            <BellOff aria-label="Muted" className="size-4 shrink-0 text-muted" />
          )}
        </span>
        <span className="flex items-center gap-x-2 text-sm text-muted">
          <span className="truncate">{subtitleOf(contact, conversation, group)}</span>
          {timer !== null && (
            <span className="flex shrink-0 items-center gap-1">
              <Timer aria-hidden className="size-4" />
              <span className="sr-only">Messages disappear after </span>
              <span className="max-rail:sr-only">{spanWords(timer)}</span>
            </span>
          )}
        </span>
      </span>
    </>
  );
}

/** Typing takes the place of what is always true, so that nothing moves when it comes and goes. */
function subtitleOf(contact: Contact | null, conversation: Conversation | null, group: Group | null): string {
  const typing = conversation?.typing ?? [];
  if (typing.length > 0) return contact ? "typing…" : `${typing.join(", ")} typing…`;
  if (group) return groupStanding(group);
  return contact ? PROTECTION_SHORT[contact.encryption] : "";
}
