/** No session: why, that nothing is lost, and the two ways back in. */
import { type ReactNode, type SubmitEvent, useState } from "react";
import { useAction } from "../api/use-action.ts";
import { Button } from "../components/button.tsx";
import { CopyLine } from "../components/copy-line.tsx";
import { TextField } from "../components/field.tsx";
import { useTitle } from "../components/scene.tsx";
import { Gate } from "../components/shell/gate.tsx";
import { tokenFromPaste } from "../lib/launch-token.ts";
import { type LostReason, redeemToken } from "../stores/session.ts";

const WORDS: Record<LostReason, { title: string; why: string; command: string }> = {
  "no-token": {
    title: "Open Nocturne again",
    why: "This page works only in a tab that Nocturne opened itself; a reload forgets that, because the key to this page is kept in memory alone. Nothing is lost: messages and files are safe on this machine.",
    command: "nocturne open",
  },
  "token-refused": {
    title: "This link has been used",
    why: "A launch link works once and for one minute, so that nobody can use it after you.",
    command: "nocturne open",
  },
  expired: {
    title: "Open Nocturne again",
    why: "Nocturne was started anew since this page was opened, and no longer knows this tab. Nothing is lost: messages and files are safe on this machine.",
    command: "nocturne open",
  },
  unreachable: {
    title: "Nocturne is not running",
    why: "The program on this machine does not answer.",
    command: "nocturne start",
  },
  wiped: {
    title: "Everything was wiped",
    why: "The keys are gone, and with them everything they protected. A new start makes a new identity.",
    command: "nocturne start",
  },
};

/** Also shown when the node cannot be reached at the start, as there is nothing else to show then. */
export function SessionLostScene({ reason }: { readonly reason: LostReason }): ReactNode {
  const { title, why, command } = WORDS[reason];
  useTitle(title);
  return (
    <Gate title={title}>
      <div className="flex flex-col gap-6">
        <p className="text-muted">{why}</p>
        <div className="flex flex-col gap-2">
          <p className="font-medium">Run this in a terminal:</p>
          <CopyLine text={command} what="Command" />
          <p className="text-sm text-muted">It opens Nocturne in your browser and prints a new launch link.</p>
        </div>
        {reason !== "wiped" && <PasteLink />}
      </div>
    </Gate>
  );
}

/** For who has the link on a clipboard but the tab at hand. */
function PasteLink(): ReactNode {
  const [pasted, setPasted] = useState("");
  const [problem, setProblem] = useState<string>();
  const open = useAction(redeemToken);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const token = tokenFromPaste(pasted);
    setProblem(token ? undefined : "This is no launch link. It looks like http://localhost:8080/#token=…");
    if (token) void open.run(token).then(() => setPasted(""));
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4 border-t border-divider pt-6">
      <TextField
        label="Or paste the launch link here"
        dir="ltr"
        spellCheck={false}
        value={pasted}
        onChange={(event) => setPasted(event.target.value)}
        error={problem}
        className="font-mono"
      />
      <Button type="submit" kind="primary" busy={open.busy}>
        Open
      </Button>
    </form>
  );
}
