/** Your invite: a link and its QR code by which somebody adds you, and your own identity beneath. */
import { Copy, RefreshCw, Unplug } from "lucide-react";
import type { ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import type { Invite } from "../../src/api/contract.ts";
import { call } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { useActingPersona } from "../api/personas.ts";
import { useIdentity } from "../api/queries.ts";
import { Button, ButtonLink } from "../components/button.tsx";
import { CopyLine } from "../components/copy-line.tsx";
import { MainDeviceOnly, useIsLinked } from "../components/devices/main-device.tsx";
import { LoadFailure, Notice, Skeleton } from "../components/feedback.tsx";
import { KeyGroups } from "../components/key-groups.tsx";
import { QrCode } from "../components/qr-code.tsx";
import { Scene, Section } from "../components/scene.tsx";
import { useOnlyHere } from "../components/shell/reach-notice.tsx";
import { copyText } from "../lib/clipboard.ts";
import { formatMoment, formatUntil } from "../lib/format.ts";

/** One invite serves until it ends: coming back to this scene shows the same one. */
const REUSE_MS = 3_600_000;

export function InviteScene(): ReactNode {
  const linked = useIsLinked();
  return (
    <Scene title="Invite someone" back="/contacts">
      <MainDeviceOnly what="invite people">
        <InviteLink />
      </MainDeviceOnly>
      {linked && <Identity />}
    </Scene>
  );
}

function InviteLink(): ReactNode {
  const { data, error, refetch, isFetching } = useQuery({
    queryKey: keys.invite,
    queryFn: () => call<Invite>("POST", "/invites"),
    staleTime: REUSE_MS,
  });
  return (
    <>
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton rows={3} label="Making your invite" />}
      {data && <InviteView invite={data} busy={isFetching} onRenew={() => void refetch()} />}
      {(data || error) && <Identity />}
    </>
  );
}

interface InviteViewProps {
  readonly invite: Invite;
  readonly busy: boolean;
  readonly onRenew: () => void;
}

/** The code is as large as a phone needs at arm's length. */
function InviteView({ invite, busy, onRenew }: InviteViewProps): ReactNode {
  const onlyHere = useOnlyHere();
  return (
    <div className="grid grid-cols-1 gap-8 pb-8 pane:grid-cols-[18rem_minmax(0,1fr)]">
      <QrCode text={invite.link} label="your invite link" />
      <div className="flex max-w-xl flex-col gap-5">
        <p>
          Let somebody scan this code with Nocturne, or send the link. It names you and proves that you invited the
          person: give it only to people you mean.
        </p>
        <CopyLine text={invite.link} what="Invite link" />
        <p className="text-muted">
          Ends <time dateTime={invite.expiresAt}>{formatUntil(invite.expiresAt)}</time>, on{" "}
          {formatMoment(invite.expiresAt)}.
        </p>
        {onlyHere && <OnlyHere />}
        <div className="flex flex-wrap gap-3">
          <Button kind="primary" icon={Copy} onClick={() => void copyText(invite.link, "Invite link")}>
            Copy link
          </Button>
          <Button icon={RefreshCw} busy={busy} onClick={onRenew}>
            New link
          </Button>
        </div>
      </div>
    </div>
  );
}

function OnlyHere(): ReactNode {
  return (
    <Notice
      icon={Unplug}
      title="This works on this machine only"
      actions={<ButtonLink href="/settings/relays">Choose a relay</ButtonLink>}
    >
      People elsewhere cannot use the link before you choose a relay. None is used unasked, because each one sees your
      address and when you are online.
    </Notice>
  );
}

/** For the other direction: somebody checks that a request is really yours. */
function Identity(): ReactNode {
  const { data: root } = useIdentity();
  const acting = useActingPersona();
  const data = acting === null ? root : acting;
  if (!data) return null;
  return (
    <Section title={acting ? "The identity of this persona" : "Your identity"} id="identity">
      <div>
        <p className="mb-2 text-muted">Read this aloud when somebody wants to be sure that a request comes from you.</p>
        <KeyGroups value={data.fingerprint} label="Your fingerprint" />
      </div>
      <CopyLine text={data.npub} what="Public key (npub)" />
    </Section>
  );
}
