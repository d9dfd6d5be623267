/** What only the main device can do: on a linked one it is said plainly, in place of what would be refused later. */
import { MonitorSmartphone } from "lucide-react";
import type { ReactNode } from "react";
import { useDevices } from "../../api/queries.ts";
import { isLinked, MAIN_ONLY } from "../../lib/device-words.ts";
import { actingStore } from "../../stores/acting.ts";
import { useStore } from "../../stores/store.ts";
import { ButtonLink } from "../button.tsx";
import { Notice, Skeleton } from "../feedback.tsx";

/** True on a linked device; false also while that is unknown, and for personas, all of which is on this device. */
export function useIsLinked(): boolean {
  const { data } = useDevices();
  const isPersona = useStore(actingStore) !== null;
  return !isPersona && data !== undefined && isLinked(data);
}

export interface MainDeviceOnlyProps {
  /** What can be done there, as it follows "On your main device you can". */
  readonly what: string;
  readonly children: ReactNode;
}

/** The children are first made on a main device: some of them ask the node for something at once. */
export function MainDeviceOnly({ what, children }: MainDeviceOnlyProps): ReactNode {
  const { data, error } = useDevices();
  const linked = useIsLinked();
  if (!data && !error) return <Skeleton rows={3} label="Loading" />;
  if (!linked) return children;
  return (
    <div className="max-w-xl pb-8">
      <Notice
        icon={MonitorSmartphone}
        title={`On your main device you can ${what}`}
        actions={<ButtonLink href="/settings/devices">Your devices</ButtonLink>}
      >
        {MAIN_ONLY} What you do there appears here by itself.
      </Notice>
    </div>
  );
}
