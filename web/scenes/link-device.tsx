/** Making this new installation a device of an account that is used elsewhere: the link, a name, then the history. */
import { Progress } from "@base-ui/react/progress";
import { CircleCheck, Hourglass } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { DeviceView, JoinAccount } from "../../src/api/contract.ts";
import { call } from "../api/client.ts";
import { queryClient, useDevices } from "../api/queries.ts";
import { ButtonLink } from "../components/button.tsx";
import { Empty, Skeleton } from "../components/feedback.tsx";
import { TextField } from "../components/field.tsx";
import { LinkForm } from "../components/link-form.tsx";
import { Scene } from "../components/scene.tsx";
import { isDeviceLink, isLinked, thisDevice } from "../lib/device-words.ts";

/** form -> main device answers -> coming in -> history -> linked; coming back later shows how far it is. */
export function LinkDeviceScene(): ReactNode {
  const { data: devices, error } = useDevices();
  const own = devices && isLinked(devices) ? thisDevice(devices) : undefined;
  return (
    <Scene title="Link to my other device" back={own ? "/chats" : "/welcome"}>
      {!devices && !error && <Skeleton rows={3} label="Loading" />}
      {own && <Arriving own={own} />}
      {(devices || error) && !own && <Form />}
    </Scene>
  );
}

/** The answer may take a minute: the main device may be at the other end of a slow line. */
function Form(): ReactNode {
  const [name, setName] = useState("");
  const [relay, setRelay] = useState("");
  const join = async (link: string): Promise<void> => {
    const withRelay = !isDeviceLink(link) && relay.trim() !== "";
    const request: JoinAccount = { link, name: name.trim(), ...(withRelay && { relay: relay.trim() }) };
    await call("POST", "/devices/join", request);
    await queryClient.invalidateQueries();
  };
  return (
    <LinkForm
      label="Device link, or its 12 words"
      placeholder="nocturne:device/…"
      hint="On your main device: Settings, Devices, Link a device. Leave it on until this one is in."
      missing="Paste the link, scan its QR code, or type its 12 words."
      action="Link this device"
      scanTitle="Scan a device link"
      onLink={join}
      note={<Note />}
    >
      {(link) => (
        <>
          {link.trim() !== "" && !isDeviceLink(link) && (
            <TextField
              label="Relay on which the two meet"
              type="url"
              dir="ltr"
              placeholder="wss://"
              spellCheck={false}
              value={relay}
              onChange={(event) => setRelay(event.target.value)}
              hint="Words do not name one: take a relay from the settings of your main device."
              className="font-mono"
            />
          )}
          <TextField
            label="Name of this device (optional)"
            dir="auto"
            maxLength={64}
            value={name}
            onChange={(event) => setName(event.target.value)}
            hint="By it you tell your devices apart. Other people do not see it."
          />
        </>
      )}
    </LinkForm>
  );
}

function Note(): ReactNode {
  return (
    <p className="text-muted">
      This installation becomes a device of that account: the identity that was made here at the first start is not used
      any more. Messages and contacts come by themselves, over the relays that the link names.
    </p>
  );
}

/** The numbers come by the push socket; nothing has to be pressed, and one may go elsewhere meanwhile. */
function Arriving({ own }: { readonly own: DeviceView }): ReactNode {
  if (own.state === "active" && own.history === null) {
    return (
      <Empty
        icon={CircleCheck}
        title="This device is linked"
        action={
          <ButtonLink kind="primary" href="/chats">
            Go to chats
          </ButtonLink>
        }
      >
        <output>
          Your conversations are here. Once your main device lists this one as active, it is in all of them and works
          alone, too.
        </output>
      </Empty>
    );
  }
  const percent = Math.floor((own.history ?? 0) * 100);
  return (
    <Empty icon={Hourglass} title={percent === 0 ? "Your main device lets this one in" : "Getting the history"}>
      <Progress.Root value={percent === 0 ? null : percent} aria-label="History" className="mb-3 block">
        <Progress.Track className="block h-1 overflow-hidden rounded-full bg-divider">
          <Progress.Indicator className="block bg-ink transition-[width]" />
        </Progress.Track>
      </Progress.Root>
      <output>
        {percent === 0
          ? "It puts this device into each conversation. Leave it on until it is done."
          : `${percent} % of your conversations are here. You can use Nocturne meanwhile.`}
      </output>
    </Empty>
  );
}
