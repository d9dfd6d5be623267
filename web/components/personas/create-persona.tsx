/** Making a persona: what one calls it, where it collects its letters, when it ends; and what it cannot hide. */
import { type ReactNode, useState } from "react";
import type { NewPersona } from "../../../src/api/contract.ts";
import { ApiFailure } from "../../api/client.ts";
import { createPersona } from "../../api/personas.ts";
import { useAction } from "../../api/use-action.ts";
import { ADDRESS_WORDS } from "../../lib/persona-words.ts";
import { Field, SelectField, TextField } from "../field.tsx";
import { ModalForm } from "../modal.tsx";

const NEVER = "";
const ENDS: readonly (readonly [value: string, words: string])[] = [
  ["1d", "After a day"],
  ["7d", "After 7 days"],
  ["30d", "After 30 days"],
  ["365d", "After a year"],
  [NEVER, "Only when you remove it"],
];

/** One relay a line; empty lines are no relays. */
function relaysIn(text: string): string[] {
  return text.split(/\s+/).filter((line) => line !== "");
}

export function CreatePersona({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [label, setLabel] = useState("");
  const [name, setName] = useState("");
  const [relays, setRelays] = useState("");
  const [expires, setExpires] = useState("30d");
  const [failure, setFailure] = useState<ApiFailure>();
  const refused = (error: unknown): void => {
    if (!(error instanceof ApiFailure)) throw error;
    setFailure(error);
  };
  const create = useAction(async () => {
    setFailure(undefined);
    const chosen = expires === NEVER ? {} : { expires };
    const request: NewPersona = { label: label.trim(), name: name.trim(), relays: relaysIn(relays), ...chosen };
    await createPersona(request);
    onClose();
  }, refused);
  const ofRelays = failure?.code.includes("relay") ?? false;
  return (
    <ModalForm
      title="New persona"
      open
      onClose={onClose}
      action="Make it"
      busy={create.busy}
      onSubmit={() => void create.run()}
    >
      <TextField
        label="Label"
        dir="auto"
        required
        maxLength={64}
        value={label}
        onChange={(event) => setLabel(event.target.value)}
        hint="What it is for. Only you see it."
        error={failure && !ofRelays ? failure.words : undefined}
      />
      <TextField
        label="Name (optional)"
        dir="auto"
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.target.value)}
        hint="What its contacts see."
      />
      <RelaysField value={relays} onChange={setRelays} error={ofRelays ? failure?.words : undefined} />
      <SelectField
        label="It ends"
        value={expires}
        onChange={(event) => setExpires(event.target.value)}
        hint="Its keys, contacts and messages are then destroyed. Nobody is told."
      >
        {ENDS.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </SelectField>
      <p className="text-sm text-muted">{ADDRESS_WORDS}</p>
    </ModalForm>
  );
}

interface RelaysFieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: string | undefined;
}

function RelaysField({ value, onChange, error }: RelaysFieldProps): ReactNode {
  return (
    <Field
      label="Relays of its own"
      hint="One a line, and none that you or another persona uses: a relay of both would see both from one address."
      error={error}
    >
      {(control) => (
        <textarea
          {...control}
          dir="ltr"
          required
          rows={2}
          placeholder="wss://"
          spellCheck={false}
          autoCapitalize="none"
          value={value}
          onChange={(event) => onChange(event.target.value)}
          className="field resize-none font-mono"
        />
      )}
    </Field>
  );
}
