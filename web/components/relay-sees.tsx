/** What an observer at a relay can see of one conversation now. */
import type { ReactNode } from "react";
import { useStatus } from "../api/queries.ts";
import { Section } from "./scene.tsx";

const INTEROP =
  "Each message shows relays this person’s public key, when it comes and how long it is. Who wrote it is not shown, but your network address is, unless the relay is reached by Tor.";
const ALSO = "Attachments, and the welcome into a large group, lie on your relays or your node and show their size.";

const COURIER =
  "Your cells are uploaded by a courier: relays of the people you write to see its connections, not yours.";

export function RelaySees({ interop = false }: { readonly interop?: boolean }): ReactNode {
  const { data: status } = useStatus();
  if (!status) return null;
  return (
    <Section title="What relays see" id="sees">
      {!interop && status.courier && <p>{COURIER}</p>}
      <p>{interop ? INTEROP : `${status.cover.sees} ${status.reading.sees} ${ALSO}`}</p>
    </Section>
  );
}
