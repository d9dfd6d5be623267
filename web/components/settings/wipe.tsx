/** Settings: deleting everything, after a word typed by hand. */
import { Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { call } from "../../api/client.ts";
import { useAction } from "../../api/use-action.ts";
import { loseSession } from "../../stores/session.ts";
import { Button } from "../button.tsx";
import { TextField } from "../field.tsx";
import { ModalForm } from "../modal.tsx";
import { Section } from "../scene.tsx";

const WORD = "wipe";

/** Plain, not red: it is no invitation. The red stands in the dialog, on the last step. */
export function WipeSection(): ReactNode {
  const [asking, setAsking] = useState(false);
  return (
    <Section title="Wipe" id="wipe">
      <div className="flex flex-col items-start gap-3">
        <p>
          Deletes the keys first and then everything else on this machine: messages, contacts, files and links. Only a
          backup brings them back; your recovery key alone brings back your identity.
        </p>
        <Button icon={Trash2} onClick={() => setAsking(true)}>
          Wipe everything…
        </Button>
      </div>
      {asking && <WipeQuestion onClose={() => setAsking(false)} />}
    </Section>
  );
}

/** Typing a word cannot happen by accident, a click can. */
function WipeQuestion({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<string>();
  const wipe = useAction(async () => {
    await call("POST", "/vault/wipe", { confirm: WORD });
    loseSession("wiped");
  });
  const submit = (): void => {
    if (typed.trim().toLowerCase() === WORD) void wipe.run();
    else setProblem(`Type the word ${WORD} to go on.`);
  };
  return (
    <ModalForm
      title="Wipe everything?"
      open
      onClose={onClose}
      action="Wipe everything"
      busy={wipe.busy}
      onSubmit={submit}
    >
      <p>This cannot be undone. Nobody else holds a copy, and nobody can be asked for one.</p>
      <TextField
        label={`Type “${WORD}” to confirm`}
        autoCapitalize="none"
        spellCheck={false}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        error={problem}
      />
    </ModalForm>
  );
}
