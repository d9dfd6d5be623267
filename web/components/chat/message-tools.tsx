/**
 * What can be done with a message, for every message of a list: one menu and its dialogs, however many messages
 * there are. A bubble asks for the menu; what the menu decides goes to the node or into the draft.
 */
import { type ReactNode, useCallback, useMemo, useState } from "react";
import type { Message, Quote } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { editMessages, refetchSoon } from "../../api/push.ts";
import { keys } from "../../api/keys.ts";
import { withChanged, withoutMessage } from "../../api/message-cache.ts";
import { copyText } from "../../lib/clipboard.ts";
import { editDraft } from "../../stores/drafts.ts";
import { removeLater } from "../../stores/removals.ts";
import { showFailure } from "../../stores/toasts.ts";
import { MessageActions, type MessageActionsValue } from "./message-actions.ts";
import { MessageDetails } from "./message-details.tsx";
import { type MenuTarget, type MessageAct, MessageMenu } from "./message-menu.tsx";
import { ReactionDialog } from "./reaction-dialog.tsx";

export interface MessageToolsProps {
  /** Nothing can be sent here now: not answered, edited or reacted to either. */
  readonly readOnly: boolean;
  /** Author names stand above the bubbles. */
  readonly showNames: boolean;
  readonly onJump: (quote: Quote) => void;
  readonly children: ReactNode;
}

type Dialog = { readonly kind: "details" | "reaction"; readonly message: Message } | null;

/** The dialogs stand outside the list: a message that scrolls away must not take its dialog along. */
export function MessageTools({ readOnly, showNames, onJump, children }: MessageToolsProps): ReactNode {
  const [target, setTarget] = useState<MenuTarget | null>(null);
  const [dialog, setDialog] = useState<Dialog>(null);
  const actions = useMemo<MessageActionsValue>(
    () => ({
      showNames,
      readOnly,
      onJump,
      onMenu: (message, anchor) => setTarget({ message, anchor }),
      onReact: reactNow,
    }),
    [showNames, readOnly, onJump],
  );
  const act = useCallback((kind: MessageAct, message: Message): void => {
    if (kind === "details" || kind === "reaction") setDialog({ kind, message });
    else ACTS[kind](message);
  }, []);
  const close = (): void => setDialog(null);
  return (
    <MessageActions value={actions}>
      {children}
      <MessageMenu target={target} readOnly={readOnly} onAct={act} onReact={reactNow} onClose={() => setTarget(null)} />
      <MessageDetails message={dialog?.kind === "details" ? dialog.message : null} onClose={close} />
      <ReactionDialog
        message={dialog?.kind === "reaction" ? dialog.message : null}
        onReact={reactNow}
        onClose={close}
      />
    </MessageActions>
  );
}

const ACTS: Record<Exclude<MessageAct, "details" | "reaction">, (message: Message) => void> = {
  reply: (message) => editDraft(message.conversation, { replyTo: message, editing: null }),
  edit: (message) => editDraft(message.conversation, { editing: { message, text: message.text }, replyTo: null }),
  copy: ({ text }) => void copyText(text, "Message"),
  "delete-mine": (message) => remove(message, "me"),
  "delete-all": (message) => remove(message, "all"),
};

function reactNow(message: Message, emoji: string): void {
  void react(message, emoji);
}

/** One reaction a person: another one takes its place, the same one again takes it back. */
async function react(message: Message, emoji: string): Promise<void> {
  const taken = message.reactions.some((one) => one.mine && one.emoji === emoji);
  try {
    const changed = await call<Message>("PUT", `/messages/${message.id}/reaction`, { emoji: taken ? null : emoji });
    editMessages(message.conversation, (pages) => withChanged(pages, changed));
  } catch (error) {
    showFailure(error);
  }
}

function remove({ id, conversation }: Message, reach: "me" | "all"): void {
  removeLater({
    id,
    notice: reach === "all" ? "Message deleted for everyone" : "Message deleted for you",
    path: `/messages/${id}?for=${reach}`,
    afterwards: async () => {
      if (reach === "me") editMessages(conversation, (pages) => withoutMessage(pages, id));
      else refetchSoon(keys.messagesOf(conversation));
    },
  });
}
