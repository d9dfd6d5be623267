/** How far a message got. The four marks differ by shape, not by colour, and each has its word beside it. */
import { Check, CheckCheck, Clock, Eye, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { DeliveryState } from "../../../src/api/contract.ts";

const MARKS: Record<DeliveryState, { icon: LucideIcon; word: string }> = {
  queued: { icon: Clock, word: "Queued" },
  sent: { icon: Check, word: "Sent" },
  delivered: { icon: CheckCheck, word: "Delivered" },
  read: { icon: Eye, word: "Read" },
};

/** Clock, one tick, two ticks, eye: told apart without colour and at 16 px. */
export function DeliveryTick({ state }: { readonly state: DeliveryState }): ReactNode {
  const { icon: Icon, word } = MARKS[state];
  return (
    <span className="inline-flex items-center gap-1">
      <Icon aria-hidden className="size-4" />
      {word}
    </span>
  );
}
