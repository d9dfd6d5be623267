/** Settings: when cells leave, what relays see of that, and what each choice costs. */
import type { ReactNode } from "react";
import type { Status } from "../../../src/api/contract.ts";
import { useAction } from "../../api/use-action.ts";
import { Choice, type Option } from "../choice.tsx";
import { Section } from "../scene.tsx";
import { changeSettings } from "./change-settings.ts";

type Cover = Status["cover"];
type Profile = Cover["profile"];

const TITLES: Record<Profile, string> = { stealth: "Stealth", balanced: "Balanced", fast: "Fast" };
const NOTES: Record<Profile, string> = {
  stealth: "One cell in 30 seconds to each relay, by day and by night.",
  balanced: "One cell in 5 seconds to each relay, by day and by night.",
  fast: "A message leaves at once, and nothing covers it.",
};

export function CoverSection({ cover }: { readonly cover: Cover }): ReactNode {
  const change = useAction(changeSettings);
  return (
    <Section title="Cover" id="cover">
      <p>
        Messages travel in cells of one size, under addresses that nobody else knows. Cover keeps the times from telling
        which cells are real. It is experimental and unaudited.
      </p>
      {cover.changeable ? (
        <Choice
          legend="When cells leave"
          name="cover"
          value={cover.profile}
          options={cover.choices.map(asOption)}
          onChange={(profile) => void change.run({ cover: profile })}
        />
      ) : (
        <p>
          {TITLES[cover.profile]}: {NOTES[cover.profile]} {costOf(cover)} Chosen when Nocturne was started, with{" "}
          <code>--cover</code>; without that you choose here.
        </p>
      )}
      <p className="text-sm text-muted">{cover.sees}</p>
    </Section>
  );
}

function asOption(choice: Cover["choices"][number]): Option<Profile> {
  const { profile } = choice;
  return { value: profile, title: TITLES[profile], note: `${NOTES[profile]} ${costOf(choice)}` };
}

function costOf({ kilobytesPerHour, secondsPerCell }: Cover["choices"][number]): string {
  if (kilobytesPerHour === 0) return "It costs no more than the messages themselves.";
  return `${kilobytesPerHour.toLocaleString()} KB an hour to your relays; a cell waits ${secondsPerCell} seconds on average, a longer message takes several, and meeting somebody about twenty, one after the other.`;
}
