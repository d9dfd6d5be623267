/** What can be done with a conversation as a whole: pin, mute, archive, let its messages disappear, block. */
import {
  Archive,
  ArchiveRestore,
  Ban,
  Bell,
  BellOff,
  Globe,
  IdCard,
  Pin,
  PinOff,
  Timer,
  UsersRound,
} from "lucide-react";
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import type { Contact, Conversation, Group } from "../../../src/api/contract.ts";
import { changeConversation } from "../../api/change-conversation.ts";
import { useAction } from "../../api/use-action.ts";
import { FOR_EVER, isMuted, MUTES, TIMERS } from "../../lib/spans.ts";
import { draftOf, editDraft } from "../../stores/drafts.ts";
import { Choice } from "../choice.tsx";
import { ActionMenu, type MenuAction } from "../menu.tsx";
import { ModalForm } from "../modal.tsx";
import { BlockQuestion } from "./block-question.tsx";

type Question = "interop" | "block" | "mute" | "timer" | null;

export interface ConversationMenuProps {
  readonly who: string;
  readonly name: string;
  /** Null for groups and channels. */
  readonly contact: Contact | null;
  /** Null while nothing was said yet. */
  readonly conversation: Conversation | null;
  readonly group: Group | null;
}

export function ConversationMenu(props: ConversationMenuProps): ReactNode {
  const { who, name, conversation, group } = props;
  const [asking, setAsking] = useState<Question>(null);
  const change = useAction(changeConversation);
  const [, navigate] = useLocation();
  const close = (): void => setAsking(null);
  const actions = [
    ...contactActions(props, setAsking, navigate),
    ...conversationActions(props, setAsking, (wanted) => void change.run(who, wanted)),
    ...blockActions(props, setAsking),
  ];
  return (
    <>
      <ActionMenu label={`Actions for ${name}`} actions={actions} />
      <InteropQuestion npub={who} name={name} open={asking === "interop"} onClose={close} />
      <BlockQuestion npub={who} name={name} open={asking === "block"} onClose={close} />
      {asking === "mute" && <MuteQuestion who={who} name={name} onClose={close} />}
      {asking === "timer" && (
        <TimerQuestion
          who={who}
          name={group ? "all members" : name}
          seconds={conversation?.timerSeconds ?? null}
          onClose={close}
        />
      )}
    </>
  );
}

type Ask = (question: Question) => void;
type Change = Parameters<typeof changeConversation>[1];

function contactActions(
  { who, contact, group }: ConversationMenuProps,
  ask: Ask,
  navigate: (to: string) => void,
): MenuAction[] {
  if (group) return [{ label: "Members", icon: UsersRound, onSelect: () => navigate(`/groups/${who}`) }];
  if (!contact) return [];
  const card = { label: "Contact card", icon: IdCard, onSelect: () => navigate(`/contacts/${who}`) };
  const choosable = contact.encryption !== "interop" && contact.state !== "request" && !draftOf(who).interop;
  return choosable ? [card, { label: "Send not hidden…", icon: Globe, onSelect: () => ask("interop") }] : [card];
}

/** Nothing of this concerns a request: what is to be done with it stands below it. */
function conversationActions(
  { contact, conversation, group }: ConversationMenuProps,
  ask: Ask,
  change: (wanted: Change) => void,
): MenuAction[] {
  if (!conversation || contact?.state === "request" || contact?.state === "blocked") return [];
  const { pinned, archived } = conversation;
  const muted = isMuted(conversation);
  return [
    {
      label: pinned ? "Unpin" : "Pin to the top",
      icon: pinned ? PinOff : Pin,
      onSelect: () => change({ pinned: !pinned }),
    },
    muted
      ? { label: "Unmute", icon: Bell, onSelect: () => change({ mutedUntil: null }) }
      : { label: "Mute…", icon: BellOff, onSelect: () => ask("mute") },
    {
      label: archived ? "Back from the archive" : "Archive",
      icon: archived ? ArchiveRestore : Archive,
      onSelect: () => change({ archived: !archived }),
    },
    ...(group?.joined === false
      ? []
      : [{ label: "Disappearing messages…", icon: Timer, onSelect: () => ask("timer") }]),
  ];
}

function blockActions({ contact }: ConversationMenuProps, ask: Ask): MenuAction[] {
  return contact ? [{ label: "Block…", icon: Ban, onSelect: () => ask("block") }] : [];
}

interface ChoiceQuestionProps {
  readonly who: string;
  readonly name: string;
  readonly onClose: () => void;
}

const EVER = "ever";

function MuteQuestion({ who, name, onClose }: ChoiceQuestionProps): ReactNode {
  const [chosen, setChosen] = useState(String(MUTES[0]?.seconds));
  const mute = useAction(async () => {
    const until = chosen === EVER ? FOR_EVER : new Date(Date.now() + Number(chosen) * 1000).toISOString();
    await changeConversation(who, { mutedUntil: until });
    onClose();
  });
  return (
    <ModalForm
      title={`Mute ${name}`}
      open
      onClose={onClose}
      action="Mute"
      busy={mute.busy}
      onSubmit={() => void mute.run()}
    >
      <p className="text-muted">Messages still arrive, but nothing announces or counts them. Nobody is told.</p>
      <Choice
        legend="For how long"
        name="mute"
        value={chosen}
        onChange={setChosen}
        options={[
          ...MUTES.map(({ seconds, words }) => ({ value: String(seconds), title: words })),
          { value: EVER, title: "Until I unmute it" },
        ]}
      />
    </ModalForm>
  );
}

const OFF = "off";

interface TimerQuestionProps extends ChoiceQuestionProps {
  readonly seconds: number | null;
}

/** Set for both sides: a message that stays on one of them has not disappeared. */
function TimerQuestion({ who, name, seconds, onClose }: TimerQuestionProps): ReactNode {
  const [chosen, setChosen] = useState(seconds === null ? OFF : String(seconds));
  const save = useAction(async () => {
    await changeConversation(who, { timerSeconds: chosen === OFF ? null : Number(chosen) });
    onClose();
  });
  return (
    <ModalForm
      title="Disappearing messages"
      open
      onClose={onClose}
      action="Save"
      busy={save.busy}
      onSubmit={() => void save.run()}
    >
      <p className="text-muted">
        New messages are deleted here and at {name}: yours so long after sending, theirs so long after you read them. It
        is no protection from somebody who copies them before.
      </p>
      <Choice
        legend="Delete messages after"
        name="timer"
        value={chosen}
        onChange={setChosen}
        options={[
          { value: OFF, title: "Off" },
          ...TIMERS.map((timer) => ({ value: String(timer.seconds), title: timer.words })),
        ]}
      />
    </ModalForm>
  );
}

interface InteropQuestionProps {
  readonly npub: string;
  readonly name: string;
  readonly open: boolean;
  readonly onClose: () => void;
}

/** A downgrade is never silent: it is asked for, explained, and marked afterwards. */
function InteropQuestion({ npub, name, open, onClose }: InteropQuestionProps): ReactNode {
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
