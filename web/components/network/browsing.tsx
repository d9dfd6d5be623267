/** Private browsing: windows of a throwaway profile, their sites, and the path that each takes. */
import { Fingerprint, Globe, X } from "lucide-react";
import type { ReactNode } from "react";
import type { BrowseWindowView, BrowsingView, CircuitView } from "../../../src/api/contract.ts";
import { closeBrowseWindow, openBrowseWindow, renewBrowseWindow } from "../../api/network.ts";
import { useAction } from "../../api/use-action.ts";
import { formatClock } from "../../lib/format.ts";
import { circuitWords } from "../../lib/network-words.ts";
import { notify } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";
import { Section } from "../scene.tsx";
import { Problem } from "./problem.tsx";

export function BrowsingSection({ browsing }: { readonly browsing: BrowsingView }): ReactNode {
  const { windows, problem } = browsing;
  const open = useAction(openBrowseWindow);
  return (
    <Section title="Private browsing" id="browsing">
      <p>
        Opens a browser window with a profile of its own, by Tor alone. Each site gets circuits of its own, and what the
        window remembers is deleted when it is closed. Sites can still know you again by what you type, or by how the
        browser looks: Tor Browser hides more of that.
      </p>
      {problem !== null && <Problem message="No window can be opened here" hint={problem} />}
      {problem === null && (
        <Button kind="primary" icon={Globe} busy={open.busy} onClick={() => void open.run()} className="self-start">
          Open a private window
        </Button>
      )}
      {windows.length > 0 && (
        <ul aria-label="Open windows" className="flex flex-col gap-4">
          {windows.map((one) => (
            <Window key={one.id} window={one} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function Window({ window }: { readonly window: BrowseWindowView }): ReactNode {
  const { id, openedAt, port, sites } = window;
  const opened = formatClock(openedAt);
  const renew = useAction(async () => {
    await renewBrowseWindow(id);
    notify("The window has a new identity");
  });
  const close = useAction(() => closeBrowseWindow(id));
  return (
    <li className="flex flex-col gap-4 rounded-xl border border-divider bg-surface p-4">
      <div>
        <h3 className="font-medium">Window opened at {opened}</h3>
        <p className="text-sm text-muted">Its proxy: 127.0.0.1:{port}, SOCKS5 and HTTP CONNECT</p>
      </div>
      {sites.length === 0 ? (
        <p className="text-sm text-muted">No site yet.</p>
      ) : (
        <ul aria-label="Sites" className="flex flex-col gap-3">
          {sites.map(({ site, circuit }) => (
            <li key={site} className="min-w-0">
              <p dir="ltr" className="font-mono break-all rtl:text-end">
                {site}
              </p>
              <Circuit circuit={circuit} />
            </li>
          ))}
        </ul>
      )}
      <div className="flex flex-wrap gap-3">
        <Button icon={Fingerprint} busy={renew.busy} onClick={() => void renew.run()}>
          New identity
        </Button>
        <Button
          icon={X}
          busy={close.busy}
          onClick={() => void close.run()}
          aria-label={`Close the window of ${opened}`}
        >
          Close
        </Button>
      </div>
    </li>
  );
}

/** "You › Sweden (Quintex42) › Germany (relayon0457) › France (F3Netze)" */
function Circuit({ circuit }: { readonly circuit: CircuitView | null }): ReactNode {
  if (circuit === null) return <p className="text-sm text-muted">Its circuit is not known yet.</p>;
  return (
    <ol aria-label="Circuit" className="flex flex-wrap gap-x-1.5 text-sm text-muted">
      {["You", ...circuitWords(circuit)].map((words, i) => (
        <li key={`${i} ${words}`} className="wrap-anywhere not-first:before:me-1.5 not-first:before:content-['›'/'']">
          {words}
        </li>
      ))}
    </ol>
  );
}
