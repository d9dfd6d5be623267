/** Whether the relays of one conversation are reached as usual, or always by Tor. */
import type { ReactNode } from "react";
import { changeConversation } from "../../api/change-conversation.ts";
import { useConversation } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { Choice } from "../choice.tsx";
import { Section } from "../scene.tsx";

type Chosen = "usual" | "tor";

export function ConversationRoute({ who }: { readonly who: string }): ReactNode {
  const conversation = useConversation(who);
  const change = useAction((chosen: Chosen) => changeConversation(who, { route: chosen === "tor" ? "tor" : null }));
  if (!conversation) return null;
  return (
    <Section title="Route" id="route">
      <Choice
        legend="Route of this conversation"
        name="route"
        value={conversation.route ?? "usual"}
        onChange={(chosen) => void change.run(chosen)}
        options={[
          { value: "usual", title: "As usual", note: "Each of its relays the way that you chose for it." },
          {
            value: "tor",
            title: "Always by Tor",
            note: "On this device, every relay of this conversation is reached by Tor, and with it the other conversations that use that relay. If Tor does not work, messages wait.",
          },
        ]}
      />
    </Section>
  );
}
