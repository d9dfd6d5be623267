/** Settings: the relays by which others reach you. Public ones are listed on request and never used unasked. */
import { Plus, X } from "lucide-react";
import { type ReactNode, type SubmitEvent, useState } from "react";
import type { RelayState, Settings, Status } from "../../../src/api/contract.ts";
import { ApiFailure } from "../../api/client.ts";
import { useOfferedRelays } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { showFailure } from "../../stores/toasts.ts";
import { Button, IconButton } from "../button.tsx";
import { TextField } from "../field.tsx";
import { LoadFailure, Skeleton } from "../feedback.tsx";
import { Section } from "../scene.tsx";
import { changeSettings } from "./change-settings.ts";

export interface RelaysSectionProps {
  readonly settings: Settings;
  readonly status: Status;
}

/** Your own relay stands first; without others it reaches this machine only. */
export function RelaysSection({ settings, status }: RelaysSectionProps): ReactNode {
  const { relays } = settings;
  const change = useAction((next: readonly string[]) => changeSettings({ relays: next }));
  const use = (url: string): void => void change.run([...relays, url]);
  const drop = (url: string): void => void change.run(relays.filter((relay) => relay !== url));
  return (
    <Section title="Relays" id="relays">
      <p>
        A relay keeps messages for you until you fetch them. Your own node runs one; people on other machines need one
        that both of you can reach. A relay cannot read messages, but it sees when you are online, and your network
        address unless it is reached by Tor.
      </p>
      <ul className="flex flex-col">
        {status.embeddedRelay && (
          <RelayRow url={status.embeddedRelay} note="Your own, on this machine" states={status.relays} />
        )}
        {relays.map((url) => (
          <RelayRow key={url} url={url} states={status.relays} onRemove={() => drop(url)} />
        ))}
      </ul>
      <AddRelay relays={relays} />
      <OfferedRelays chosen={relays} onUse={use} />
    </Section>
  );
}

const STATE_WORDS: Record<RelayState["state"], string> = {
  connected: "Connected",
  connecting: "Connecting",
  waiting: "Not reached, trying again",
  closed: "Not in use",
};

interface RelayRowProps {
  readonly url: string;
  readonly note?: string;
  readonly states: readonly RelayState[];
  readonly onRemove?: () => void;
}

/** The state in words, with the measured round trip where there is one. */
function RelayRow({ url, note, states, onRemove }: RelayRowProps): ReactNode {
  const relay = states.find((state) => state.url === url);
  const words = relay ? STATE_WORDS[relay.state] : "Not in use";
  const latency =
    relay?.state === "connected" && relay.latencyMs !== null ? `, ${Math.max(1, Math.round(relay.latencyMs))} ms` : "";
  return (
    <li className="flex min-h-14 items-center gap-3 border-b border-divider py-1">
      <div className="min-w-0 grow">
        <p dir="ltr" className="truncate font-mono rtl:text-end">
          {url}
        </p>
        <p className="text-sm text-muted">
          {note && `${note} · `}
          {words}
          {latency}
        </p>
      </div>
      {onRemove && <IconButton icon={X} label={`Stop using ${url}`} onClick={onRemove} />}
    </li>
  );
}

/** The form is checked here for a quick answer and by the node for a true one. */
function AddRelay({ relays }: { readonly relays: readonly string[] }): ReactNode {
  const [url, setUrl] = useState("");
  const [problem, setProblem] = useState<string>();
  const refused = (error: unknown): void => {
    if (error instanceof ApiFailure && error.status === 400) setProblem(error.words);
    else showFailure(error);
  };
  const add = useAction(async () => {
    await changeSettings({ relays: [...relays, url.trim()] });
    setUrl("");
  }, refused);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setProblem(undefined);
    if (/^wss?:\/\/\S+$/.test(url.trim())) void add.run();
    else setProblem("A relay's address begins with wss:// or ws://, for example wss://relay.example.org.");
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <TextField
        label="Add a relay"
        type="url"
        dir="ltr"
        placeholder="wss://"
        spellCheck={false}
        value={url}
        onChange={(event) => setUrl(event.target.value)}
        error={problem}
        className="font-mono"
      />
      <Button type="submit" icon={Plus} busy={add.busy} className="self-start">
        Add
      </Button>
    </form>
  );
}

interface OfferedRelaysProps {
  readonly chosen: readonly string[];
  readonly onUse: (url: string) => void;
}

/** Not even their names are fetched before the click. */
function OfferedRelays({ chosen, onUse }: OfferedRelaysProps): ReactNode {
  const [asked, setAsked] = useState(false);
  const { data, error, refetch } = useOfferedRelays(asked);
  if (!asked) {
    return (
      <div className="flex flex-col items-start gap-3">
        <p className="text-muted">
          You know none? Public relays are run by strangers; none is used before you choose it.
        </p>
        <Button onClick={() => setAsked(true)}>Show public relays</Button>
      </div>
    );
  }
  if (error) return <LoadFailure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={2} label="Loading public relays" />;
  return (
    <ul aria-label="Public relays" className="flex flex-col">
      {data
        .filter(({ url }) => !chosen.includes(url))
        .map(({ url, note }) => (
          <li key={url} className="flex min-h-16 items-center gap-3 border-b border-divider py-2">
            <div className="min-w-0 grow">
              <p dir="ltr" className="font-mono break-all rtl:text-end">
                {url}
              </p>
              <p className="text-sm text-muted">{note}</p>
            </div>
            <Button onClick={() => onUse(url)} aria-label={`Use ${url}`}>
              Use
            </Button>
          </li>
        ))}
    </ul>
  );
}
