/** How a bubble, wherever it stands, reaches the one menu of its list. */
import { type Context, createContext } from "react";
import type { Message, Quote } from "../../../src/api/contract.ts";

export interface MessageActionsValue {
  readonly showNames: boolean;
  readonly readOnly: boolean;
  readonly onMenu: (message: Message, anchor: Element) => void;
  readonly onReact: (message: Message, emoji: string) => void;
  /** To the message that a quote is of, loaded or not. */
  readonly onJump: (quote: Quote) => void;
}

const nothing = (): void => {};

export const MessageActions: Context<MessageActionsValue> = createContext<MessageActionsValue>({
  showNames: false,
  readOnly: true,
  onMenu: nothing,
  onReact: nothing,
  onJump: nothing,
});
