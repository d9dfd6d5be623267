/** The sign of a channel: the same for all, because a name of one's own choosing needs no picture that proves nothing. */
import { Megaphone } from "lucide-react";
import type { ReactNode } from "react";

export function ChannelSign(): ReactNode {
  return (
    <span className="flex size-11 shrink-0 items-center justify-center rounded-full bg-divider">
      <Megaphone aria-hidden className="size-5" strokeWidth={1.8} />
    </span>
  );
}
