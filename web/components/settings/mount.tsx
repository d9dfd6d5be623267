/** Settings: the library as a drive in the file manager of this machine, with the password that it asks for. */
import { Eye, RefreshCw } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { MountPassword, MountView, MountWay } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { queryClient, useMount } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { notify } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";
import { CopyLine } from "../copy-line.tsx";
import { LoadFailure, Skeleton } from "../feedback.tsx";
import { Section } from "../scene.tsx";
import { Toggle } from "../toggle.tsx";

const NOTE =
  "Every program that shows the password below reads and changes all your files. What it opens it may keep on the disk, unsealed.";

export function MountSection(): ReactNode {
  const { data, error, refetch } = useMount();
  return (
    <Section title="Files in your file manager" id="mount">
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton rows={1} label="Loading" />}
      {data && <MountSettings mount={data} />}
    </Section>
  );
}

async function change(patch: { readonly on?: boolean; readonly newPassword?: boolean }): Promise<void> {
  queryClient.setQueryData(keys.mount, await call<MountView>("PATCH", "/mount", patch));
}

function MountSettings({ mount }: { readonly mount: MountView }): ReactNode {
  const turn = useAction((on: boolean) => change({ on }));
  return (
    <>
      <p>
        File managers and other programs of this machine can open your files as a drive. Files with a password of their
        own are listed there, but only opened here.
      </p>
      <Toggle label="Show my files as a drive" note={NOTE} checked={mount.on} onChange={(on) => void turn.run(on)} />
      {mount.on && (
        <>
          <Line name="Address" text={mount.url} />
          <Line name="Name" text={mount.user} />
          <Password />
          {mount.ways.map((way) => (
            <Way key={way.system} way={way} />
          ))}
        </>
      )}
    </>
  );
}

function Line({ name, text }: { readonly name: string; readonly text: string }): ReactNode {
  return (
    <div className="flex flex-col gap-2">
      <p className="font-medium">{name}</p>
      <CopyLine text={text} what={name} whole />
    </div>
  );
}

/** Asked for on a click only, and kept in this part of the page alone. */
function Password(): ReactNode {
  const [password, setPassword] = useState<string | null>(null);
  const show = useAction(async () => setPassword((await call<MountPassword>("POST", "/mount/password")).password));
  const renew = useAction(async () => {
    await change({ newPassword: true });
    notify("There is a new password", "Programs that know the old one are shut out.");
    if (password !== null) await show.run();
  });
  return (
    <div className="flex flex-col items-start gap-3">
      {password === null ? (
        <Button icon={Eye} busy={show.busy} onClick={() => void show.run()}>
          Show the password
        </Button>
      ) : (
        <div className="w-full">
          <Line name="Password" text={password} />
        </div>
      )}
      <Button icon={RefreshCw} busy={renew.busy} onClick={() => void renew.run()}>
        Make a new password
      </Button>
    </div>
  );
}

function Way({ way: { system, steps } }: { readonly way: MountWay }): ReactNode {
  return (
    <div className="flex flex-col gap-2 border-t border-divider pt-6">
      <h3 className="font-medium">{system}</h3>
      {steps.map(({ words, command }) => (
        <div key={words} className="flex flex-col gap-2">
          <p className="text-sm">{words}</p>
          {command !== undefined && <CopyLine text={command} what={`Line for ${system}`} whole />}
        </div>
      ))}
    </div>
  );
}
