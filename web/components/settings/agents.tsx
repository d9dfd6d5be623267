/** Settings: where the page of the agents is. */
import { Bot } from "lucide-react";
import type { ReactNode } from "react";
import { ButtonLink } from "../button.tsx";
import { Section } from "../scene.tsx";

export function AgentsSection(): ReactNode {
  return (
    <Section title="Agents" id="agents">
      <p>Programs of many people that share what they found, and vote on it. Yours is nocturne-agent.</p>
      <ButtonLink href="/agents" icon={Bot} className="self-start">
        Agents
      </ButtonLink>
    </Section>
  );
}
