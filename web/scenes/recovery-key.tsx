/**
 * The recovery key, shown once: read, written down, confirmed by two of its words. It is fetched on a click,
 * never cached, and gone from memory when one leaves.
 */
import { CircleCheck, Eye, EyeOff, Printer } from "lucide-react";
import { type ReactNode, type SubmitEvent, useState } from "react";
import type { RecoveryView } from "../../src/api/contract.ts";
import { call } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { queryClient, useSettings } from "../api/queries.ts";
import { useAction } from "../api/use-action.ts";
import { Button, ButtonLink } from "../components/button.tsx";
import { CopyLine } from "../components/copy-line.tsx";
import { useIsLinked } from "../components/devices/main-device.tsx";
import { TextField } from "../components/field.tsx";
import { Empty, Notice, Skeleton } from "../components/feedback.tsx";
import { KeyGroups } from "../components/key-groups.tsx";
import { QrCode } from "../components/qr-code.tsx";
import { Scene } from "../components/scene.tsx";
import { WordList } from "../components/word-list.tsx";
import { type AskedWords, askWords, wordsMatch } from "../lib/asked-words.ts";

/** before -> shown -> two words typed -> confirmed, after which this page does not show it any more */
export function RecoveryKeyScene(): ReactNode {
  const { data: settings } = useSettings();
  const [key, setKey] = useState<RecoveryView | null>(null);
  const [asked, setAsked] = useState<AskedWords | null>(null);
  const show = useAction(async () => setKey(await call<RecoveryView>("GET", "/recovery")));
  const confirmed = settings?.recoveryConfirmed ?? false;
  return (
    <Scene title="Recovery key" back="/settings/recovery">
      {!settings && <Skeleton rows={3} label="Loading" />}
      {confirmed && <Confirmed />}
      {settings && !confirmed && !key && <Before busy={show.busy} onShow={() => void show.run()} />}
      {!confirmed && key && !asked && <Shown recovery={key} onNext={() => setAsked(askWords(key.words))} />}
      {!confirmed && asked && <Confirm asked={asked} onBack={() => setAsked(null)} />}
    </Scene>
  );
}

function Confirmed(): ReactNode {
  return (
    <Empty
      icon={CircleCheck}
      title="Your recovery key is written down"
      action={<ButtonLink href="/settings/recovery">Back to settings</ButtonLink>}
    >
      <p className="mb-3">
        It is not shown here again. If you have lost the paper, a terminal on this machine still shows it:
      </p>
      <CopyLine text="nocturne recovery show" what="Command" />
    </Empty>
  );
}

function Before({ busy, onShow }: { readonly busy: boolean; readonly onShow: () => void }): ReactNode {
  const linked = useIsLinked();
  return (
    <div className="flex max-w-xl flex-col gap-6">
      <p className="text-lg">
        {linked
          ? "The key of this linked device: it opens its vault without the passphrase, and its backups. Your identity comes back by the recovery key of your main device alone."
          : "One key for the worst day: it opens your vault without the passphrase, opens your backups, and brings your identity and the people you know back on an empty machine."}
      </p>
      <Notice icon={EyeOff} title="Make sure nobody is looking">
        Whoever has this key has everything. Write it on paper and keep it where you keep your passport. A photo or a
        note in the cloud is read by others.
      </Notice>
      <Button kind="primary" icon={Eye} busy={busy} onClick={onShow} className="self-start">
        Show my recovery key
      </Button>
    </div>
  );
}

/** Words for paper, hex for programs, a code for a phone that is about to take over; all the same key. */
function Shown({ recovery, onNext }: { readonly recovery: RecoveryView; readonly onNext: () => void }): ReactNode {
  return (
    <div className="flex flex-col gap-8">
      <div data-paper className="flex flex-col gap-6">
        <p>Write down these 24 words, in this order. It is shown this one time.</p>
        <WordList words={recovery.words} />
        <div className="grid grid-cols-1 items-start gap-6 rail:grid-cols-[12rem_minmax(0,1fr)]">
          <QrCode text={recovery.words} label="your recovery key" />
          <div>
            <h2 className="mb-2 font-semibold">The same key in hex</h2>
            <KeyGroups value={recovery.hex} label="Recovery key in hex" />
            <p className="mt-3 text-muted">
              Checksum, which catches a typing error: <code className="font-mono text-ink">{recovery.checksum}</code>
            </p>
            <Relays relays={recovery.relays} />
          </div>
        </div>
      </div>
      <div className="flex flex-wrap gap-3">
        <Button kind="primary" onClick={onNext}>
          I wrote it down
        </Button>
        <Button icon={Printer} onClick={() => print()}>
          Print
        </Button>
      </div>
    </div>
  );
}

/** They belong on the same paper: without one of them the key brings back the identity alone. */
function Relays({ relays }: { readonly relays: readonly string[] }): ReactNode {
  if (relays.length === 0) {
    return (
      <p className="mt-4 text-muted">
        You use no relay of others yet. Once you do, write one down, too: your contacts come back from there.
      </p>
    );
  }
  return (
    <>
      <h2 className="mt-4 mb-2 font-semibold">Write down a relay, too: your contacts come back from there</h2>
      <ul dir="ltr" className="font-mono">
        {relays.map((url) => (
          <li key={url} className="break-all">
            {url}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Two words prove that a paper exists; all of them would only make people photograph it. */
function Confirm({ asked, onBack }: { readonly asked: AskedWords; readonly onBack: () => void }): ReactNode {
  const [typed, setTyped] = useState(["", ""]);
  const [problem, setProblem] = useState<string>();
  const confirm = useAction(async () => {
    await call("POST", "/recovery/confirm");
    await queryClient.invalidateQueries({ queryKey: keys.settings });
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (wordsMatch(asked, typed)) void confirm.run();
    else setProblem("These are not the words of your key. Look at your paper again.");
  };
  return (
    <form onSubmit={submit} noValidate className="flex max-w-md flex-col gap-6">
      <p>Type two of the words from your paper.</p>
      {asked.map(({ place }, i) => (
        <TextField
          key={place}
          label={`Word ${place}`}
          dir="ltr"
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- the page asks for this one thing
          autoFocus={i === 0}
          autoCapitalize="none"
          spellCheck={false}
          value={typed[i] ?? ""}
          onChange={(event) => setTyped(typed.with(i, event.target.value))}
          error={i === 1 ? problem : undefined}
          className="font-mono"
        />
      ))}
      <div className="flex flex-wrap gap-3">
        <Button type="submit" kind="primary" busy={confirm.busy}>
          Confirm
        </Button>
        <Button onClick={onBack}>Show the key again</Button>
      </div>
    </form>
  );
}
