/** The first minute: the identity is there already, nothing has to be filled in, restoring is one click away. */
import { HardDrive, KeyRound, type LucideIcon, MonitorSmartphone, UserPlus } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { IdentityView, Settings } from "../../src/api/contract.ts";
import { useIdentity, useSettings, useStatus } from "../api/queries.ts";
import { useAction } from "../api/use-action.ts";
import { Button, ButtonLink } from "../components/button.tsx";
import { TextField } from "../components/field.tsx";
import { KeyGroups } from "../components/key-groups.tsx";
import { ImportKeyDialog, RestoreDialog } from "../components/restore-dialog.tsx";
import { Scene } from "../components/scene.tsx";
import { changeSettings } from "../components/settings/change-settings.ts";
import { StarSign } from "../components/star-sign.tsx";

/** Shown while nothing has happened yet; every part can be left as it is. */
export function WelcomeScene(): ReactNode {
  const { data: identity } = useIdentity();
  const { data: settings } = useSettings();
  return (
    <Scene title="You are ready">
      <div className="grid grid-cols-1 gap-x-16 gap-y-8 pane:grid-cols-[minmax(0,1fr)_18rem]">
        <p className="text-lg text-muted pane:col-span-2">
          Nocturne made an identity on this machine. No account, no server, nothing to fill in.
        </p>
        {identity && <IdentityCard identity={identity} />}
        <div className="flex flex-col gap-8">
          {settings && <DisplayName settings={settings} />}
          <div className="flex flex-wrap gap-3">
            <ButtonLink kind="primary" href="/invite" icon={UserPlus}>
              Invite someone
            </ButtonLink>
            <ButtonLink href="/chats">Go to chats</ButtonLink>
          </div>
          <KeyPlace />
          <OtherDevice />
          <BeenBefore />
        </div>
      </div>
    </Scene>
  );
}

function IdentityCard({ identity }: { readonly identity: IdentityView }): ReactNode {
  return (
    <div className="flex items-center gap-5 self-start rounded-2xl border border-divider bg-surface p-5 pane:order-last pane:flex-col pane:items-start pane:p-6">
      <StarSign npub={identity.npub} className="size-16 pane:size-full" />
      <div className="min-w-0">
        <p className="mb-1 font-medium">Your fingerprint</p>
        <KeyGroups value={identity.fingerprint} label="Your fingerprint" />
      </div>
    </div>
  );
}

/** Saved when one leaves the field: there is no form to complete. */
function DisplayName({ settings }: { readonly settings: Settings }): ReactNode {
  const [name, setName] = useState(settings.displayName);
  const save = useAction(async () => {
    if (name.trim() !== settings.displayName) await changeSettings({ displayName: name.trim() });
  });
  return (
    <TextField
      label="Display name (optional)"
      dir="auto"
      maxLength={64}
      autoComplete="nickname"
      value={name}
      onChange={(event) => setName(event.target.value)}
      onBlur={() => void save.run()}
      hint="Shown to the people you write to, and to nobody else. You can leave it empty."
    />
  );
}

interface PartProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly words: string;
  readonly children: ReactNode;
}

function Part({ icon: Icon, title, words, children }: PartProps): ReactNode {
  return (
    <section className="flex gap-4 border-t border-divider pt-6">
      <Icon aria-hidden className="mt-0.5 size-5 shrink-0" />
      <div className="flex flex-col items-start gap-3">
        <div>
          <h2 className="font-semibold">{title}</h2>
          <p className="text-muted">{words}</p>
        </div>
        {children}
      </div>
    </section>
  );
}

/** Said plainly and early: convenience now, and what it costs. */
function KeyPlace(): ReactNode {
  const { data: status } = useStatus();
  if (status?.protection !== "key-file") return null;
  return (
    <Part
      icon={HardDrive}
      title="Where your key lies"
      words="In a file beside the encrypted vault, so that you could start without a password. Whoever can read this disk as you can open the vault, until you set a passphrase."
    >
      <ButtonLink href="/settings/security">Set a passphrase</ButtonLink>
    </Part>
  );
}

function OtherDevice(): ReactNode {
  return (
    <Part
      icon={MonitorSmartphone}
      title="On another computer already?"
      words="Use the same account here: with all conversations, and also while the other one is off."
    >
      <ButtonLink href="/link-device">Link to my other device</ButtonLink>
    </Part>
  );
}

function BeenBefore(): ReactNode {
  const [dialog, setDialog] = useState<"restore" | "import" | null>(null);
  const close = (): void => setDialog(null);
  return (
    <Part
      icon={KeyRound}
      title="Been here before?"
      words="A recovery key brings back your identity and the people you know, a backup everything, a Nostr key your npub."
    >
      <div className="flex flex-wrap gap-3">
        <ButtonLink href="/recover">I have a recovery key</ButtonLink>
        <Button onClick={() => setDialog("restore")}>I have a backup</Button>
        <Button onClick={() => setDialog("import")}>Use a Nostr key</Button>
      </div>
      <RestoreDialog open={dialog === "restore"} onClose={close} />
      <ImportKeyDialog open={dialog === "import"} onClose={close} />
    </Part>
  );
}
