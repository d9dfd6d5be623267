/** After one has come with a link: what happens next, and that nothing more is to be done. */
import { Hourglass } from "lucide-react";
import type { ReactNode } from "react";
import { ButtonLink } from "../button.tsx";
import { Empty } from "../feedback.tsx";

export function Asked(): ReactNode {
  return (
    <Empty icon={Hourglass} title="You asked to come in" action={<ButtonLink href="/chats">Back to chats</ButtonLink>}>
      <output>
        An admin of the group has to agree first. Once that is done, the group stands among your chats. You read what is
        written from then on.
      </output>
    </Empty>
  );
}
