/** Letting a device in: a link as a QR code, to copy and as words, for ten minutes; closed by the device that comes. */
import { useQuery } from "@tanstack/react-query";
import { RefreshCw, Unplug } from "lucide-react";
import { type ReactNode, useEffect, useEffectEvent, useState } from "react";
import { useLocation } from "wouter";
import type { DeviceLinkView, DeviceView } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { useDevices, useSettings, useStatus } from "../../api/queries.ts";
import { countdown, LINKED_MAY, newcomer } from "../../lib/device-words.ts";
import { notify } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";
import { CopyLine } from "../copy-line.tsx";
import { LoadFailure, Notice, Skeleton } from "../feedback.tsx";
import { Modal } from "../modal.tsx";
import { QrCode } from "../qr-code.tsx";
import { useOnlyHere } from "../shell/reach-notice.tsx";

const TICK_MS = 1_000;

export interface DeviceLinkDialogProps {
  /** As the list is when the dialog opens. */
  readonly devices: readonly DeviceView[];
  readonly onClose: () => void;
}

/** The link is a secret: it is asked for when the dialog opens, and forgotten with it. */
export function DeviceLinkDialog({ devices, onClose }: DeviceLinkDialogProps): ReactNode {
  const { data, error, refetch, isFetching } = useQuery({
    queryKey: ["device-link"],
    queryFn: () => call<DeviceLinkView>("POST", "/devices/links"),
    gcTime: 0,
  });
  useNewcomer(devices, ({ name }) => {
    notify(`${name} is a device of yours now`, "Your conversations are on their way to it.");
    onClose();
  });
  return (
    <Modal title="Link a device" description={LINKED_MAY} open onClose={onClose}>
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton rows={3} label="Making the link" />}
      {data && (
        <LinkView key={data.link} link={data} busy={isFetching} onRenew={() => void refetch()} onLeave={onClose} />
      )}
    </Modal>
  );
}

/** Calls once when a device came in that was not there at first. */
function useNewcomer(before: readonly DeviceView[], onCame: (device: DeviceView) => void): void {
  const { data = before } = useDevices();
  const [first] = useState(before);
  const came = newcomer(first, data);
  const tell = useEffectEvent(onCame);
  const id = came?.id;
  useEffect(() => {
    if (came) tell(came);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- told once for each device
  }, [id]);
}

interface LinkViewProps {
  readonly link: DeviceLinkView;
  readonly busy: boolean;
  readonly onRenew: () => void;
  readonly onLeave: () => void;
}

function LinkView({ link, busy, onRenew, onLeave }: LinkViewProps): ReactNode {
  const leftMs = useLeft(link.expiresAt);
  const onlyHere = useOnlyHere();
  if (leftMs <= 0) {
    return (
      <div className="flex flex-col items-start gap-4">
        <p role="alert">This link has ended without a device.</p>
        <Button kind="primary" icon={RefreshCw} busy={busy} onClick={onRenew}>
          New link
        </Button>
      </div>
    );
  }
  return (
    <div className="flex flex-col gap-5">
      {onlyHere && <OnlyHere onLeave={onLeave} />}
      <p>
        On the new device open Nocturne, choose <strong>Link to my other device</strong> and scan this, or paste the
        link. It brings in one device, within <span className="tabular-nums">{countdown(leftMs)}</span>; leave this
        device on meanwhile. Show it to nobody else: whoever has it becomes a device of yours.
      </p>
      <div className="w-full max-w-72 self-center">
        <QrCode text={link.link} label="your device link" />
      </div>
      <CopyLine text={link.link} what="Device link" />
      <Words words={link.words} />
    </div>
  );
}

/** Another computer would ask in vain where nobody listens. */
function OnlyHere({ onLeave }: { readonly onLeave: () => void }): ReactNode {
  const [, navigate] = useLocation();
  const choose = (): void => {
    onLeave();
    navigate("/settings/relays");
  };
  return (
    <Notice
      icon={Unplug}
      title="This works on this machine only"
      actions={<Button onClick={choose}>Choose a relay</Button>}
    >
      On another computer this leads nowhere before you choose a relay, on which the two meet. The new device then uses
      it, too.
    </Notice>
  );
}

/** Words are short because they do not say where the two meet. */
function Words({ words }: { readonly words: string }): ReactNode {
  const { data: settings } = useSettings();
  const { data: status } = useStatus();
  const relay = settings?.relays[0] ?? status?.embeddedRelay;
  return (
    <div>
      <p className="mb-1.5 text-muted">
        Or type these words there
        {relay && (
          <>
            {" "}
            and the relay <span className="font-mono text-ink wrap-anywhere">{relay}</span>
          </>
        )}
        :
      </p>
      <p dir="ltr" data-words className="font-mono">
        {words}
      </p>
    </div>
  );
}

function useLeft(expiresAt: string): number {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return Date.parse(expiresAt) - nowMs;
}
