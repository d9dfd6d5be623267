/** How the Tor network is entered: which kind of bridge to take when, its lines, and what is wrong with them. */
import { type ReactNode, type SubmitEvent, useState } from "react";
import type { BridgeKind, BridgesView } from "../../../src/api/contract.ts";
import { ApiFailure } from "../../api/client.ts";
import { changeNetwork } from "../../api/network.ts";
import { useAction } from "../../api/use-action.ts";
import { notify, showFailure } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";
import { Choice } from "../choice.tsx";
import { LinesField } from "../field.tsx";
import { Section } from "../scene.tsx";
import { Problem } from "./problem.tsx";

const LINES_SHOWN = 4;

export function BridgesSection({ bridges }: { readonly bridges: BridgesView }): ReactNode {
  return (
    <Section title="Bridges" id="bridges">
      <p>{bridges.help}</p>
      {bridges.problem !== null && <Problem message="Your bridges cannot be used" hint={bridges.problem} />}
      <BridgeForm key={JSON.stringify(bridges)} bridges={bridges} />
    </Section>
  );
}

/** Begins anew when the node tells of other bridges. */
function BridgeForm({ bridges }: { readonly bridges: BridgesView }): ReactNode {
  const [kind, setKind] = useState<BridgeKind>(bridges.kind);
  const [text, setText] = useState(bridges.lines.join("\n"));
  const [wrong, setWrong] = useState<string>();
  const where = bridges.choices.find((one) => one.kind === kind)?.where;
  const refused = (error: unknown): void => {
    if (error instanceof ApiFailure && error.status === 400) setWrong(error.words);
    else showFailure(error);
  };
  const save = useAction(async () => {
    const lines = text.trimEnd().split("\n"); // empty ones count: the node names a line by its number
    await changeNetwork({ bridges: kind === "none" ? { kind } : { kind, lines } });
    notify(kind === "none" ? "Tor is entered without a bridge" : "Tor is entered by these bridges");
  }, refused);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setWrong(undefined);
    void save.run();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <Choice
        legend="How Tor is entered"
        name="bridge"
        value={kind}
        options={bridges.choices.map(({ kind: value, title, when }) => ({ value, title, note: when }))}
        onChange={setKind}
      />
      {kind !== "none" && (
        <LinesField
          label="Lines"
          hint={`One a line, as they were given to you. They come from ${where}.`}
          error={wrong}
          rows={LINES_SHOWN}
          required
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      <Button type="submit" busy={save.busy} className="self-start">
        Save bridges
      </Button>
    </form>
  );
}
