/** Settings: the way to the personas. */
import { VenetianMask } from "lucide-react";
import type { ReactNode } from "react";
import { usePersonas } from "../../api/personas.ts";
import { waitingFor } from "../../lib/persona-words.ts";
import { ButtonLink } from "../button.tsx";
import { Section } from "../scene.tsx";

export function PersonasSection(): ReactNode {
  const { data = [] } = usePersonas();
  const waiting = waitingFor(data);
  return (
    <Section title="Personas" id="personas">
      <div className="flex flex-col items-start gap-3">
        <p>
          Disposable identities for one contact or purpose, with contacts, chats and relays of their own.
          {data.length > 0 && ` You have ${data.length}.`}
          {waiting > 0 && ` ${waiting} messages or requests wait for them.`}
        </p>
        <ButtonLink href="/personas" icon={VenetianMask}>
          Your personas
        </ButtonLink>
      </div>
    </Section>
  );
}
