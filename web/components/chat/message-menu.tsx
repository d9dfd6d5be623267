/** The menu of one message: a few reactions in a row, then what else can be done with it. */
import { Menu } from "@base-ui/react/menu";
import { Copy, Eraser, Info, type LucideIcon, Pencil, Reply, SmilePlus, Trash2 } from "lucide-react";
import { type ReactNode, useRef } from "react";
import type { Message } from "../../../src/api/contract.ts";
import { composerField } from "../../lib/composer-field.ts";
import { LANDMARK, MENU_ITEM, MENU_POPUP } from "../menu.tsx";

export type MessageAct = "reply" | "reaction" | "edit" | "copy" | "delete-mine" | "delete-all" | "details";

export interface MenuTarget {
  readonly message: Message;
  readonly anchor: Element;
}

export interface MessageMenuProps {
  /** Null while closed. */
  readonly target: MenuTarget | null;
  readonly readOnly: boolean;
  readonly onAct: (act: MessageAct, message: Message) => void;
  readonly onReact: (message: Message, emoji: string) => void;
  readonly onClose: () => void;
}

const REACTIONS = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
/** How long a message can be changed, and taken back from everyone (the node's MESSAGE_LIMITS.editMs). */
const EDIT_MS = 86_400_000;

/** Answering and editing lead into the text field; everything else back to the message. */
export function MessageMenu({ target, readOnly, onAct, onReact, onClose }: MessageMenuProps): ReactNode {
  const toComposer = useRef(false);
  if (!target) return null;
  const { message, anchor } = target;
  const select = (act: MessageAct): void => {
    toComposer.current = act === "reply" || act === "edit";
    onAct(act, message);
  };
  const focusAfter = (): HTMLElement | null => {
    const field = toComposer.current ? composerField() : null;
    toComposer.current = false;
    return field ?? (anchor instanceof HTMLElement ? anchor : null);
  };
  return (
    <Menu.Root open onOpenChange={(open) => !open && onClose()}>
      <Menu.Portal container={LANDMARK}>
        <Menu.Positioner
          anchor={anchor}
          sideOffset={4}
          align={message.mine ? "end" : "start"}
          collisionPadding={8}
          className="z-20 outline-none"
        >
          <Menu.Popup finalFocus={focusAfter} aria-label="Message" className={MENU_POPUP}>
            {!readOnly && !message.deleted && <Reactions message={message} onReact={onReact} />}
            {actsOf(message, readOnly).map((act) => (
              <ActItem key={act} act={act} onSelect={select} />
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

const ACT_LOOKS: Record<MessageAct, { icon: LucideIcon; words: string }> = {
  reaction: { icon: SmilePlus, words: "Another reaction…" },
  reply: { icon: Reply, words: "Reply" },
  edit: { icon: Pencil, words: "Edit" },
  copy: { icon: Copy, words: "Copy text" },
  details: { icon: Info, words: "Details" },
  "delete-mine": { icon: Trash2, words: "Delete for me" },
  "delete-all": { icon: Eraser, words: "Delete for everyone" },
};

function ActItem({
  act,
  onSelect,
}: {
  readonly act: MessageAct;
  readonly onSelect: (act: MessageAct) => void;
}): ReactNode {
  const { icon: Icon, words } = ACT_LOOKS[act];
  return (
    <Menu.Item onClick={() => onSelect(act)} className={MENU_ITEM}>
      <Icon aria-hidden className="size-5 text-muted" />
      {words}
    </Menu.Item>
  );
}

interface ReactionsProps {
  readonly message: Message;
  readonly onReact: (message: Message, emoji: string) => void;
}

function Reactions({ message, onReact }: ReactionsProps): ReactNode {
  const own = message.reactions.find(({ mine }) => mine)?.emoji;
  return (
    <div className="flex border-b border-divider pb-1">
      {REACTIONS.map((emoji) => (
        <Menu.Item
          key={emoji}
          aria-label={emoji === own ? `Take back ${emoji}` : `React with ${emoji}`}
          onClick={() => onReact(message, emoji)}
          className={`flex size-11 cursor-pointer items-center justify-center rounded-lg border text-xl outline-none select-none data-highlighted:bg-divider ${emoji === own ? "border-control" : "border-transparent"}`}
        >
          {emoji}
        </Menu.Item>
      ))}
    </div>
  );
}

/** Only what the node would not refuse is offered. */
function actsOf(message: Message, readOnly: boolean): MessageAct[] {
  const { mine, deleted, text, at } = message;
  const young = Date.now() - Date.parse(at) < EDIT_MS;
  const writable = !readOnly && !deleted;
  const offered: readonly (readonly [MessageAct, boolean])[] = [
    ["reaction", writable],
    ["reply", writable],
    ["edit", writable && mine && young && text !== ""],
    ["copy", text !== ""],
    ["details", true],
    ["delete-mine", true],
    ["delete-all", !readOnly && mine && young && !deleted],
  ];
  return offered.filter(([, possible]) => possible).map(([act]) => act);
}
