/**
 * The safety number: the one check that no relay and no inviter can fake. Both people see the same sixty
 * digits exactly if nobody sits between them.
 */
import { Camera, ShieldAlert, ShieldCheck, ShieldQuestionMark } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Contact, VerifyResult } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { queryClient } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { notify } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";
import { Notice } from "../feedback.tsx";
import { KeyGroups } from "../key-groups.tsx";
import { QrCode } from "../qr-code.tsx";
import { QrScanner } from "../qr-scanner.tsx";

/** In words first: most people never compare numbers because nobody told them what for. */
export function SafetyNumber({ contact }: { readonly contact: Contact }): ReactNode {
  const { name, verified, changedSafety } = contact;
  const safety = changedSafety ?? contact.safety;
  if (safety === null) {
    return (
      <p className="text-muted">
        There is no safety number yet: it appears once <bdi>{name}</bdi>’s card has arrived, usually with the first
        answer.
      </p>
    );
  }
  return (
    <>
      {changedSafety !== null && <OfNewCard name={name} />}
      <p>
        You and <bdi>{name}</bdi> see the same number if nobody sits between you. Read it to each other in person or in
        a call, or scan each other’s code. If a single group differs, somebody may be listening.
      </p>
      <KeyGroups value={safety} label={`Safety number with ${name}`} large />
      <QrCode text={digitsOf(safety)} label={`Safety number with ${name}`} />
      {verified && (
        <p className="flex items-center gap-2 font-medium">
          <ShieldCheck aria-hidden className="size-5" />
          You have verified this number.
        </p>
      )}
      <Verify contact={contact} safety={safety} />
    </>
  );
}

/** A scanned number is sent to the node as it was read: the node compares, and forgets a verification that fails. */
function Verify({ contact, safety }: { readonly contact: Contact; readonly safety: string }): ReactNode {
  const { npub, name, verified } = contact;
  const [scanning, setScanning] = useState(false);
  const [differs, setDiffers] = useState(false);
  const verify = useAction(async (compared: string) => {
    const { verified: match } = await call<VerifyResult>("POST", `/contacts/${npub}/verify`, { safety: compared });
    setDiffers(!match);
    if (match) notify(`${name} is verified`);
    await queryClient.invalidateQueries({ queryKey: keys.contacts });
  });
  const onScanned = (text: string): void => {
    setScanning(false);
    if (digitsOf(text).length === digitsOf(safety).length) void verify.run(digitsOf(text));
    else notify("This is not the code of a safety number.", `It stands on ${name}’s screen, on the card of you.`);
  };
  return (
    <>
      {differs && <Differs name={name} />}
      <div className="flex flex-wrap gap-3">
        {!verified && (
          <Button kind="primary" icon={ShieldCheck} busy={verify.busy} onClick={() => void verify.run(safety)}>
            The numbers match
          </Button>
        )}
        <Button icon={Camera} onClick={() => setScanning(true)}>
          Scan their code
        </Button>
      </div>
      <QrScanner title="Scan the safety number" open={scanning} onClose={() => setScanning(false)} onText={onScanned} />
    </>
  );
}

/** Whoever was verified before has to be compared anew: the number of before would never match. */
function OfNewCard({ name }: { readonly name: string }): ReactNode {
  return (
    <Notice alert icon={ShieldQuestionMark} title={`The card of ${name} changed`}>
      This is the number of the new card. Nothing is sent until you decide: if the numbers match, the new card is
      accepted, and you can write to each other again.
    </Notice>
  );
}

function Differs({ name }: { readonly name: string }): ReactNode {
  return (
    <Notice alert icon={ShieldAlert} title="The numbers differ">
      Do not send anything you would not show a stranger. Make sure that the code belongs to your conversation with{" "}
      <bdi>{name}</bdi>; if it does, somebody may be between you. Add each other anew in person.
    </Notice>
  );
}

function digitsOf(text: string): string {
  return text.replace(/\D/g, "");
}
