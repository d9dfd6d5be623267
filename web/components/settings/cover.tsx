/** Settings: when cells leave, what relays see of that, and what it costs. Chosen at the start of the node. */
import type { ReactNode } from "react";
import type { Status } from "../../../src/api/contract.ts";
import { Section } from "../scene.tsx";

const NAMES: Record<Status["cover"]["profile"], string> = {
  stealth: "Stealth: one cell in 30 seconds, always",
  balanced: "Balanced: one cell in 5 seconds, always",
  fast: "Fast: a message leaves at once, and nothing covers it",
};

export function CoverSection({ cover }: Pick<Status, "cover">): ReactNode {
  const { profile, kilobytesPerHour, secondsPerCell, sees } = cover;
  return (
    <Section title="Cover" id="cover">
      <p>
        Messages travel in cells of one size, under addresses that nobody else knows. Cover keeps the times from telling
        which cells are real.
      </p>
      <dl className="grid gap-x-6 gap-y-1 sm:grid-cols-[auto_1fr]">
        <dt className="text-muted">Now</dt>
        <dd>{NAMES[profile]}</dd>
        <dt className="text-muted">What relays see</dt>
        <dd>{sees}</dd>
        <dt className="text-muted">What it costs</dt>
        <dd>
          {kilobytesPerHour === 0
            ? "Nothing beyond the messages themselves"
            : `${kilobytesPerHour.toLocaleString()} KB an hour to your relays; a cell waits ${secondsPerCell} s on average, a longer message takes several`}
        </dd>
      </dl>
      <p className="text-sm text-muted">
        Another choice is made when Nocturne starts: <code>nocturne start --cover balanced</code>, <code>stealth</code>{" "}
        or <code>fast</code>. Cover is experimental and unaudited.
      </p>
    </Section>
  );
}
