/**
 * The usual way from here to a relay, with what stands on it and what that learns.
 *
 *     You -- (eye) your line -- guard -- middle -- exit -- relay       a row; on a narrow screen a column
 */
import { DoorOpen, Eye, Laptop, type LucideIcon, Server, ShieldHalf, Shuffle, Signpost } from "lucide-react";
import type { ReactNode } from "react";
import type { NetworkView } from "../../../src/api/contract.ts";
import { type Hop, hopsOf } from "../../lib/network-words.ts";

const ICONS: Record<string, LucideIcon> = {
  You: Laptop,
  "Your line": Eye,
  Guard: ShieldHalf,
  Bridge: Signpost,
  Middle: Shuffle,
  Exit: DoorOpen,
  Relay: Server,
};

export function WayPicture({ network }: { readonly network: NetworkView }): ReactNode {
  const hops = hopsOf(network);
  return (
    <figure className="flex flex-col gap-5">
      <ol aria-label="The way to a relay" className="flex flex-col rail:flex-row">
        {hops.map((hop, i) => (
          <HopItem key={hop.name} hop={hop} next={hops[i + 1]} />
        ))}
      </ol>
      {network.usual === "tor" && (
        <figcaption className="text-sm text-muted">
          An onion address needs no exit: who has one is met inside the Tor network, and neither side learns the other’s
          network address.
        </figcaption>
      )}
    </figure>
  );
}

interface HopItemProps {
  readonly hop: Hop;
  readonly next: Hop | undefined;
}

/** Lit is told by fill and line, and by a word for who does not see them. */
function HopItem({ hop, next }: HopItemProps): ReactNode {
  const { name, knows, watched, lit } = hop;
  const Icon = ICONS[name] ?? Server;
  const look = watched || !lit ? "border-control bg-page" : "border-ink bg-ink text-page";
  return (
    <li className="relative flex min-w-0 gap-4 max-rail:pb-5 rail:grow rail:basis-0 rail:flex-col rail:gap-2 rail:pe-3">
      {next && <Line lit={lit && next.lit} />}
      <span
        className={`z-1 flex size-11 shrink-0 items-center justify-center rounded-full border ${look} ${watched ? "border-dashed" : ""}`}
      >
        <Icon aria-hidden className="size-5" strokeWidth={1.8} />
      </span>
      <div className="min-w-0">
        <p className={lit ? "font-medium" : "text-muted"}>
          {name}
          {!lit && <span className="sr-only"> (not reached now)</span>}
        </p>
        <p className="text-sm text-muted">{knows}</p>
      </div>
    </li>
  );
}

/** From the middle of this circle to the next one. */
function Line({ lit }: { readonly lit: boolean }): ReactNode {
  return (
    <span
      aria-hidden
      className={`absolute max-rail:start-5.5 max-rail:top-11 max-rail:bottom-0 max-rail:border-s-2 rail:start-11 rail:end-0 rail:top-5.5 rail:border-t-2 ${lit ? "border-ink" : "border-dotted border-control"}`}
    />
  );
}
