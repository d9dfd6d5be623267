/** The question before somebody is blocked. */
import type { ReactNode } from "react";
import { call } from "../../api/client.ts";
import { useAction } from "../../api/use-action.ts";
import { ModalForm } from "../modal.tsx";

export interface BlockQuestionProps {
  readonly npub: string;
  readonly name: string;
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Used wherever somebody can be blocked, so that the consequences are told in the same words. */
export function BlockQuestion({ npub, name, open, onClose }: BlockQuestionProps): ReactNode {
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
