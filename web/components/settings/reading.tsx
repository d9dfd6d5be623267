/** Settings: by which way cells are fetched from each relay, what that costs, and how much it may. */
import { type ReactNode, type SubmitEvent, useState } from "react";
import type { Status } from "../../../src/api/contract.ts";
import { useAction } from "../../api/use-action.ts";
import { notify } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";
import { TextField } from "../field.tsx";
import { Section } from "../scene.tsx";
import { changeSettings } from "./change-settings.ts";

type Reading = Status["reading"];

const NAMES: Record<Reading["relays"][number]["way"], string> = {
  crowd: "Whole crowd",
  headers: "Header first",
  private: "Private retrieval",
};

export function ReadingSection({ reading }: { readonly reading: Reading }): ReactNode {
  return (
    <Section title="Reading" id="reading">
      <p>
        A relay is never asked for your cells alone. As long as it costs no more than you allow, everything is fetched;
        beyond that only what names each cell, and a few bodies in a way that hides which of them are yours.
      </p>
      <ul className="flex flex-col gap-4">
        {reading.relays.map((relay) => (
          <li key={relay.url}>
            <p className="break-all text-sm text-muted">{relay.url}</p>
            <p>
              {NAMES[relay.way]}, {relay.kilobytesPerHour.toLocaleString()} KB an hour now
            </p>
            <p className="text-sm">{relay.sees}</p>
          </li>
        ))}
      </ul>
      {!reading.fits && (
        <p>
          This costs more than you allow, even in the cheapest way. Nothing is left out: allow more, or leave a relay.
        </p>
      )}
      <Budget megabytes={reading.budgetMegabytesPerHour} />
    </Section>
  );
}

function Budget({ megabytes }: { readonly megabytes: number }): ReactNode {
  const [text, setText] = useState(`${megabytes}`);
  const save = useAction(async () => {
    await changeSettings({ readingMegabytesPerHour: Number(text) });
    notify("Your budget was saved");
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void save.run();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <TextField
        label="Megabytes an hour"
        type="number"
        inputMode="numeric"
        min={1}
        max={100_000}
        required
        value={text}
        onChange={(event) => setText(event.target.value)}
        hint="For all your relays together, and as much again for each persona. Relays on this machine do not count."
      />
      <Button type="submit" busy={save.busy} className="self-start">
        Save budget
      </Button>
    </form>
  );
}
