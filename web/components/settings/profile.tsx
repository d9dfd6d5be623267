/** Settings: the name that others see, and who may write. */
import { type ReactNode, type SubmitEvent, useState } from "react";
import type { Settings } from "../../../src/api/contract.ts";
import { useWorkCosts } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { chosenOf, settingsOf, strangerOptions } from "../../lib/stranger-words.ts";
import { notify } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";
import { Choice } from "../choice.tsx";
import { TextField } from "../field.tsx";
import { Section } from "../scene.tsx";
import { Toggle } from "../toggle.tsx";
import { changeSettings } from "./change-settings.ts";

interface SettingsProps {
  readonly settings: Settings;
}

/** Saved on a button: half a name must not be sent to anybody. */
export function ProfileSection({ settings }: SettingsProps): ReactNode {
  const [name, setName] = useState(settings.displayName);
  const save = useAction(async () => {
    await changeSettings({ displayName: name.trim() });
    notify("Your name was saved");
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void save.run();
  };
  return (
    <Section title="Profile" id="profile">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label="Display name"
          dir="auto"
          maxLength={64}
          autoComplete="nickname"
          value={name}
          onChange={(event) => setName(event.target.value)}
          hint="Shown to the people you write to, and to nobody else. Empty means none."
        />
        <Button type="submit" busy={save.busy} className="self-start">
          Save
        </Button>
      </form>
    </Section>
  );
}

/** Switches take effect at once and fall back if the node refuses. */
export function PrivacySection({ settings }: SettingsProps): ReactNode {
  const change = useAction(changeSettings);
  const { data: costs } = useWorkCosts();
  return (
    <Section title="Privacy" id="privacy">
      <Toggle
        label="Read receipts"
        note="Tell senders that you have read their messages. Off, they see no more than that a message arrived."
        checked={settings.readReceipts}
        onChange={(readReceipts) => void change.run({ readReceipts })}
      />
      <Toggle
        label="Typing"
        note="Show the people you write to that you are typing, before you send anything. Only under the cover Fast and without a courier: otherwise it would come too late."
        checked={settings.typingIndicators}
        onChange={(typingIndicators) => void change.run({ typingIndicators })}
      />
      <Choice
        legend="Who may write to you first"
        name="strangers"
        value={chosenOf(settings)}
        options={strangerOptions(costs ?? [])}
        onChange={(choice) => void change.run(settingsOf(choice))}
      />
    </Section>
  );
}
