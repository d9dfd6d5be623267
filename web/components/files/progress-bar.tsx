/** How far something is, as a thin line. */
import { Progress } from "@base-ui/react/progress";
import type { ReactNode } from "react";

/** `percent` is 0 to 100; `label` says of what. */
export function ProgressBar({ percent, label }: { readonly percent: number; readonly label: string }): ReactNode {
  return (
    <Progress.Root value={percent} aria-label={label} className="mt-1.5 block">
      <Progress.Track className="block h-1 overflow-hidden rounded-full bg-divider">
        <Progress.Indicator className="block bg-ink transition-[width]" />
      </Progress.Track>
    </Progress.Root>
  );
}
