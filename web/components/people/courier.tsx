/** Of one contact: whether it carries for you, whether you carry for it, and how far that has got. */
import { type ReactNode, useState } from "react";
import type { Contact, CourierAllowance, CourierInUse, CourierOffer } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { changeCouriers, useCouriers } from "../../api/couriers.ts";
import { useAction } from "../../api/use-action.ts";
import { formatMoment } from "../../lib/format.ts";
import { notify } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";
import { TextField } from "../field.tsx";
import { ModalForm } from "../modal.tsx";
import { Section } from "../scene.tsx";
import { Toggle } from "../toggle.tsx";

const CELLS_PER_DAY = 2_000;

export function CourierSection({ contact }: { readonly contact: Contact }): ReactNode {
  const { data } = useCouriers();
  const { npub, name, state } = contact;
  if (!data) return null;
  const using = data.using?.npub === npub ? data.using : null;
  const offer = data.offers.find((one) => one.npub === npub);
  const allowance = data.carrying.find((one) => one.npub === npub);
  if (state !== "accepted" && !using) return null;
  return (
    <Section title="Courier" id="courier">
      <p className="text-muted">
        A courier’s node uploads your sealed mail: it goes on leaving while this machine is off, and the relays of the
        people you write to never see a connection of yours. A courier sees when, how much, and to which relays; not
        what, and not to whom, but in groups that it is in.
      </p>
      <UseToggle npub={npub} name={name} using={using} offer={offer} />
      {using && <Progress using={using} offer={offer} />}
      <CarryToggle npub={npub} name={name} allowance={allowance} />
      {!using && <Redeem npub={npub} name={name} offer={offer} />}
    </Section>
  );
}

interface UseProps {
  readonly npub: string;
  readonly name: string;
  readonly using: CourierInUse | null;
  readonly offer: CourierOffer | undefined;
}

/** Off until the other side has offered it: nobody becomes a courier unasked. */
function UseToggle({ npub, name, using, offer }: UseProps): ReactNode {
  const change = useAction((on: boolean) =>
    on ? changeCouriers("PUT", "use", { who: npub }) : changeCouriers("DELETE", "use"),
  );
  const isOffered = offer !== undefined && (offer.cellsPerDay > 0 || offer.credit > 0);
  if (!isOffered && !using) {
    return (
      <p>
        <bdi>{name}</bdi> has not said that it carries for you. That is set on the other side, on the page of you.
      </p>
    );
  }
  const budget = offer ? `${offer.cellsPerDay} cells a day, ${offer.credit} beside.` : "";
  return (
    <Toggle
      label={`Send my mail by ${name}`}
      note={`It carries for you: ${budget} What it cannot take waits, and does not go directly while this is on.`}
      checked={using !== null}
      onChange={(on) => void change.run(on)}
    />
  );
}

function Progress({
  using,
  offer,
}: {
  readonly using: CourierInUse;
  readonly offer: CourierOffer | undefined;
}): ReactNode {
  const reported = offer?.reportedAt ?? null;
  return (
    <>
      {using.why !== null && <output>Mail waits: {using.why}</output>}
      <dl className="grid gap-x-6 gap-y-1 sm:grid-cols-[auto_1fr]">
        <dt className="text-muted">Cells on the way there</dt>
        <dd>{using.handing}</dd>
        <dt className="text-muted">Cells there</dt>
        <dd>{using.entrusted}</dd>
        <dt className="text-muted">Left today</dt>
        <dd>{using.leftToday}</dd>
        <dt className="text-muted">Uploaded, by its word</dt>
        <dd>{offer?.taken ?? 0}</dd>
        <dt className="text-muted">Last report</dt>
        <dd>{reported === null ? "none yet" : formatMoment(reported)}</dd>
      </dl>
    </>
  );
}

interface CarryProps {
  readonly npub: string;
  readonly name: string;
  readonly allowance: CourierAllowance | undefined;
}

function CarryToggle({ npub, name, allowance }: CarryProps): ReactNode {
  const change = useAction((on: boolean) =>
    on
      ? changeCouriers("PUT", `carrying/${npub}`, { cellsPerDay: CELLS_PER_DAY })
      : changeCouriers("DELETE", `carrying/${npub}`),
  );
  const note = allowance
    ? `${allowance.usedToday} of ${allowance.cellsPerDay} cells today, ${allowance.credit} beside; ${allowance.queued} wait here, ${allowance.taken} uploaded.`
    : `This node uploads at most ${CELLS_PER_DAY.toLocaleString()} cells a day for ${name}, about 4 MB. You see when and how much, and not what or to whom.`;
  return (
    <Toggle
      label={`Carry mail for ${name}`}
      note={note}
      checked={allowance !== undefined}
      onChange={(on) => void change.run(on)}
    />
  );
}

const ANSWERS: Record<NonNullable<CourierOffer["redeemed"]>, string> = {
  asked: "Your voucher was sent; the answer is still to come.",
  accepted: "Your voucher was accepted.",
  refused: "Your voucher was refused: it is unknown, expired, or was used.",
};

function Redeem({ npub, name, offer }: Omit<UseProps, "using">): ReactNode {
  const [open, setOpen] = useState(false);
  const [code, setCode] = useState("");
  const { run, busy } = useAction(async () => {
    await call("POST", "/couriers/redeem", { who: npub, code: code.trim() });
    notify(`${name} was asked`);
    setOpen(false);
    setCode("");
  });
  return (
    <div>
      {offer?.redeemed && <p className="pb-3">{ANSWERS[offer.redeemed]}</p>}
      <Button onClick={() => setOpen(true)}>I have a voucher</Button>
      <ModalForm
        title="Present a voucher"
        open={open}
        onClose={() => setOpen(false)}
        action="Present"
        busy={busy}
        onSubmit={() => void run()}
      >
        <TextField
          label="Code"
          required
          maxLength={64}
          value={code}
          onChange={(event) => setCode(event.target.value)}
          hint={`${name} made it for you. It is good once.`}
        />
      </ModalForm>
    </div>
  );
}
