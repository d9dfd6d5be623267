/** Shares of the recovery key: who keeps one of yours, giving them anew, and showing the one that you keep for somebody. */
import { type ReactNode, type SubmitEvent, useState } from "react";
import { TriangleAlert } from "lucide-react";
import type { Contact, KeptShareView, SharesView } from "../../src/api/contract.ts";
import { call } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { queryClient, useContacts, useShares } from "../api/queries.ts";
import { useAction } from "../api/use-action.ts";
import { Button } from "../components/button.tsx";
import { useIsLinked } from "../components/devices/main-device.tsx";
import { LoadFailure, Notice, Skeleton } from "../components/feedback.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { ContactPicker } from "../components/groups/contact-picker.tsx";
import { QrCode } from "../components/qr-code.tsx";
import { Scene, Section } from "../components/scene.tsx";
import { WordList } from "../components/word-list.tsx";
import { canBeAsked } from "../lib/group-words.ts";
import { givenWords, OLD_SHARES_STAY } from "../lib/recovery-words.ts";
import { notify } from "../stores/toasts.ts";

export function SharesScene(): ReactNode {
  const { data: shares, error, refetch } = useShares();
  const { data: contacts = [] } = useContacts();
  const linked = useIsLinked();
  const people = contacts.filter(canBeAsked);
  return (
    <Scene title="Shares of your recovery key" back="/settings/recovery">
      {error && !shares && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!shares && !error && <Skeleton rows={4} label="Loading" />}
      {shares && !linked && <Given shares={shares} people={people} />}
      {shares && <Kept count={shares.kept} people={people} />}
    </Scene>
  );
}

function Given({ shares, people }: { readonly shares: SharesView; readonly people: readonly Contact[] }): ReactNode {
  return (
    <Section title="Yours" id="given">
      <p>
        People whom you trust each keep a share. Some of them together can give you the key back, and fewer know nothing
        of it. So many of them, acting together or deceived, are you: choose with care.
      </p>
      <p className="text-muted">{givenWords(shares)}</p>
      {people.length >= 2 ? (
        <GiveForm people={people} />
      ) : (
        <p className="text-muted">At least two of your contacts have to have accepted you first.</p>
      )}
    </Section>
  );
}

function GiveForm({ people }: { readonly people: readonly Contact[] }): ReactNode {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [need, setNeed] = useState("2");
  const give = useAction(async () => {
    await call("POST", "/recovery/shares", { need: Number(need), people: chosen });
    await queryClient.invalidateQueries({ queryKey: keys.shares });
    setChosen([]);
    notify("The shares are on their way");
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void give.run();
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <ContactPicker legend="Who keeps a share" contacts={people} chosen={chosen} onChange={setChosen} />
      <TextField
        label="How many of them give the key back"
        inputMode="numeric"
        value={need}
        onChange={(event) => setNeed(event.target.value.replace(/\D/g, ""))}
        hint="Fewer than there are, so that one may be away or have lost it."
      />
      <p className="text-muted">{OLD_SHARES_STAY}</p>
      <Button type="submit" busy={give.busy} disabled={chosen.length < 2} className="self-start">
        Give the shares
      </Button>
    </form>
  );
}

/** Whose they are is not listed: nobody is shown who did not ask. */
function Kept({ count, people }: { readonly count: number; readonly people: readonly Contact[] }): ReactNode {
  const [who, setWho] = useState("");
  const [share, setShare] = useState<KeptShareView | null>(null);
  const show = useAction(async () => {
    setShare(await call<KeptShareView>("POST", `/recovery/shares/${encodeURIComponent(who)}/show`));
  });
  const name = people.find(({ npub }) => npub === who)?.name ?? "this person";
  return (
    <Section title="Kept for others" id="kept">
      <p>{count === 0 ? "You keep no share for anybody." : `You keep shares for others: ${count}.`}</p>
      {count > 0 && (
        <SelectField
          label="Who asks you for a share"
          value={who}
          onChange={(event) => (setWho(event.target.value), setShare(null))}
        >
          <option value="">Choose</option>
          {people.map((person) => (
            <option key={person.npub} value={person.npub}>
              {person.name}
            </option>
          ))}
        </SelectField>
      )}
      {who !== "" && !share && (
        <Notice
          icon={TriangleAlert}
          title={`Is it really ${name} who asks?`}
          actions={
            <Button busy={show.busy} onClick={() => void show.run()}>
              I am sure: show it
            </Button>
          }
        >
          Somebody else may ask in the name of {name}: by mail, by a chat, from a new number, with a voice that sounds
          right. Give it in person, or in a call in which you talked of what only the two of you know. Do not send it in
          a message. Enough shares in the wrong hands are the whole account.
        </Notice>
      )}
      {share && <ShownShare share={share} />}
    </Section>
  );
}

function ShownShare({ share }: { readonly share: KeptShareView }): ReactNode {
  return (
    <div data-paper className="flex flex-col gap-4">
      <p>Read these 33 words aloud, in this order, or let the code be scanned.</p>
      <WordList words={share.words} />
      <QrCode text={share.text} label={`the share of ${share.name}`} />
    </div>
  );
}
