/** A reaction that is not among the few of the menu: any emoji, typed or from the system's own picker. */
import { type ReactNode, useState } from "react";
import type { Message } from "../../../src/api/contract.ts";
import { firstEmoji } from "../../lib/first-emoji.ts";
import { TextField } from "../field.tsx";
import { ModalForm } from "../modal.tsx";

export interface ReactionDialogProps {
  /** Null while closed. */
  readonly message: Message | null;
  readonly onReact: (message: Message, emoji: string) => void;
  readonly onClose: () => void;
}

export function ReactionDialog({ message, onReact, onClose }: ReactionDialogProps): ReactNode {
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<string>();
  const close = (): void => {
    setTyped("");
    setProblem(undefined);
    onClose();
  };
  const submit = (): void => {
    const emoji = firstEmoji(typed);
    if (emoji === null) return setProblem("This is not an emoji.");
    if (message) onReact(message, emoji);
    close();
  };
  return (
    <ModalForm
      title="React with another emoji"
      open={message !== null}
      onClose={close}
      action="React"
      onSubmit={submit}
    >
      <TextField
        label="Emoji"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        error={problem}
        hint="Most systems have a list of them: Windows key and full stop, or Control, Command and Space on a Mac."
      />
    </ModalForm>
  );
}
