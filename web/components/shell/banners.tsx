/** What must be known in every scene: an unguarded key, an unwritten one, and a node that does not answer. */
import { HardDrive, KeyRound, type LucideIcon, Unplug, X } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Settings, Status } from "../../../src/api/contract.ts";
import { connectedStore } from "../../api/push.ts";
import { useSettings, useStatus } from "../../api/queries.ts";
import { type Store, createStore, useStore } from "../../stores/store.ts";
import { IconButton } from "../button.tsx";
import { useIsLinked } from "../devices/main-device.tsx";

/** Put away until the next launch: they come back, because the risk stays. */
const putAwayStore: Store<ReadonlySet<string>> = createStore<ReadonlySet<string>>(new Set());

/** Said once more on the welcome scene and in the settings, where it would only repeat what stands there. */
const SILENT_IN = /^\/($|welcome|settings)/;

interface Risk {
  readonly name: string;
  readonly icon: LucideIcon;
  readonly words: string;
  readonly action: string;
  readonly href: string;
}

const UNGUARDED: Risk = {
  name: "Unguarded key",
  icon: HardDrive,
  words: "Your key lies in a file: whoever can read this disk can open your vault.",
  action: "Set a passphrase",
  href: "/settings/security",
};

const UNWRITTEN: Risk = {
  name: "Recovery key",
  icon: KeyRound,
  words: "Your recovery key is not written down: without it nothing comes back if this machine is lost.",
  action: "Write it down",
  href: "/settings/recovery-key",
};

/** One at a time, the worse first. A linked device loses nothing that the main one has not. */
function risksOf(status: Status, settings: Settings, linked: boolean): Risk[] {
  const unguarded = status.protection === "key-file" ? [UNGUARDED] : [];
  return settings.recoveryConfirmed || linked ? unguarded : [...unguarded, UNWRITTEN];
}

/** Gives its room to an open conversation on a narrow screen. */
export function RiskBanner({ aside }: { readonly aside: boolean }): ReactNode {
  const [location] = useLocation();
  const { data: status } = useStatus();
  const { data: settings } = useSettings();
  const linked = useIsLinked();
  const putAway = useStore(putAwayStore);
  if (!status || !settings || SILENT_IN.test(location)) return null;
  const risk = risksOf(status, settings, linked).find(({ name }) => !putAway.has(name));
  if (!risk) return null;
  const { name, icon: Icon, words, action, href } = risk;
  return (
    <aside
      aria-label={name}
      className={`flex shrink-0 items-center gap-3 border-b border-divider bg-surface ps-4 pe-2 ${aside ? "max-rail:hidden" : ""}`}
    >
      <Icon aria-hidden className="size-5 shrink-0" />
      <p className="grow py-2 text-sm">
        {words}{" "}
        <Link href={href} className="font-medium underline underline-offset-4">
          {action}
        </Link>
      </p>
      <IconButton icon={X} label="Put away" onClick={() => putAwayStore.set(new Set(putAway).add(name))} />
    </aside>
  );
}

/** A short break is nobody's business; only a lasting one is shown. */
const BREAK_MS = 1_500;

/** What is on screen stays usable; only new things do not come. */
export function ConnectionBanner(): ReactNode {
  return useStore(connectedStore) ? null : <LastingBreak />;
}

function LastingBreak(): ReactNode {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLasting(true), BREAK_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!lasting) return null;
  return (
    <div
      role="alert"
      className="fixed inset-x-4 bottom-20 z-10 mx-auto flex max-w-md items-center gap-3 rounded-xl border border-control bg-surface px-4 py-3 rail:bottom-24"
    >
      <Unplug aria-hidden className="size-5 shrink-0" />
      <p>
        Nocturne does not answer; trying again. If it was stopped, run <code className="font-mono">nocturne start</code>
        .
      </p>
    </div>
  );
}
