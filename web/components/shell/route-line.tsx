/** One line on the usual way, leading to the network page. */
import { Waypoints } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useNetwork } from "../../api/network.ts";
import { routeLineWords } from "../../lib/network-words.ts";

export function RouteLine({ className }: { readonly className: string }): ReactNode {
  const { data: network } = useNetwork();
  const words = network ? routeLineWords(network) : "Network";
  return (
    <Link
      href="/network"
      title={`Network: ${words}`}
      aria-label={`Network: ${words}`}
      className={`${className} text-muted`}
    >
      <Waypoints aria-hidden className="size-5.5 shrink-0" strokeWidth={1.8} />
      <span className="max-side:sr-only">{words}</span>
    </Link>
  );
}
