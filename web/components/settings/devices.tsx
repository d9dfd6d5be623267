/** Settings: the devices of the account; the main one links and revokes. */
import { Laptop, MonitorSmartphone, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { DeviceView } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { queryClient, useDevices } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { isLinked, isUnlinked, MAIN_ONLY, stateWords } from "../../lib/device-words.ts";
import { formatDate } from "../../lib/format.ts";
import { notify } from "../../stores/toasts.ts";
import { Button, IconButton } from "../button.tsx";
import { Badge } from "../choice.tsx";
import { DeviceLinkDialog } from "../devices/device-link.tsx";
import { LoadFailure, Skeleton } from "../feedback.tsx";
import { ModalForm } from "../modal.tsx";
import { Section } from "../scene.tsx";

export function DevicesSection(): ReactNode {
  const { data, error, refetch } = useDevices();
  return (
    <Section title="Devices" id="devices">
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton rows={1} label="Loading your devices" />}
      {data && <Devices devices={data} />}
    </Section>
  );
}

interface DevicesProps {
  readonly devices: readonly DeviceView[];
}

/** Removed ones stay listed: it can be seen that they were there, and that they are out. */
function Devices({ devices }: DevicesProps): ReactNode {
  const [linking, setLinking] = useState(false);
  const [leaving, setLeaving] = useState<DeviceView | null>(null);
  const linked = isLinked(devices);
  return (
    <>
      <p>{introduction(devices)}</p>
      <ul className="flex flex-col">
        {devices.map((device) => (
          <DeviceRow key={device.id} device={device}>
            {!linked && !device.main && device.state !== "revoked" && (
              <IconButton icon={X} label={`Revoke ${device.name}`} onClick={() => setLeaving(device)} />
            )}
          </DeviceRow>
        ))}
      </ul>
      {!linked && (
        <Button icon={MonitorSmartphone} onClick={() => setLinking(true)} className="self-start">
          Link a device
        </Button>
      )}
      {linking && <DeviceLinkDialog devices={devices} onClose={() => setLinking(false)} />}
      {leaving && <RevokeQuestion device={leaving} onClose={() => setLeaving(null)} />}
    </>
  );
}

function introduction(devices: readonly DeviceView[]): string {
  if (isUnlinked(devices)) {
    return "This device does not belong to your account any more. What it has received until then stays here until you wipe it; afterwards it can be linked anew.";
  }
  if (isLinked(devices)) return `${MAIN_ONLY} Devices are linked and revoked there.`;
  return "The same account on your other computers: each has all conversations and works alone while the others are off. This one is the main device and alone holds your account’s keys.";
}

interface DeviceRowProps {
  readonly device: DeviceView;
  readonly children: ReactNode;
}

function DeviceRow({ device, children }: DeviceRowProps): ReactNode {
  const { name, addedAt, main, me, state } = device;
  return (
    <li className="flex min-h-16 items-center gap-3 border-b border-divider py-2">
      <Laptop aria-hidden className="size-5 shrink-0" />
      <div className="min-w-0 grow">
        <p className={`flex flex-wrap items-center gap-x-2 gap-y-1 ${state === "revoked" ? "text-muted" : ""}`}>
          <bdi className="wrap-anywhere">{name}</bdi>
          {main && name !== "Main device" && <Badge>Main device</Badge>}
          {me && <Badge>This device</Badge>}
        </p>
        <p className="text-sm text-muted">
          {stateWords(device)} · added <time dateTime={addedAt}>{formatDate(addedAt)}</time>
        </p>
      </div>
      {children}
    </li>
  );
}

interface RevokeQuestionProps {
  readonly device: DeviceView;
  readonly onClose: () => void;
}

/** Says what a removal cannot do: the device is in somebody's hands. */
function RevokeQuestion({ device, onClose }: RevokeQuestionProps): ReactNode {
  const { id, name } = device;
  const revoke = useAction(async () => {
    queryClient.setQueryData(keys.devices, await call<DeviceView[]>("DELETE", `/devices/${id}`));
    notify(`${name} was removed`);
    onClose();
  });
  return (
    <ModalForm
      title={`Revoke ${name}?`}
      open
      onClose={onClose}
      action="Revoke"
      busy={revoke.busy}
      onSubmit={() => void revoke.run()}
    >
      <p>
        It cannot read what is written from now on, and cannot write as you. What it has received until now stays on it:
        if it was lost or stolen, count that as known to others.
      </p>
      <p className="text-muted">
        Everybody else goes on as before. It can only come back by being wiped and linked anew.
      </p>
    </ModalForm>
  );
}
