/** One line on who can reach this node, leading to the relays. */
import { RadioTower, Unplug } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useStatus } from "../../api/queries.ts";
import { reachWords } from "../../lib/reach.ts";

/** A node that nobody can reach looks like one that nobody writes to; this tells them apart. */
export function ReachLine({ className }: { readonly className: string }): ReactNode {
  const { data: status } = useStatus();
  if (!status) return null;
  const words = reachWords(status);
  const Icon = status.reachable === "this-machine" ? Unplug : RadioTower;
  return (
    <Link href="/settings/relays" title={words} className={`${className} text-muted`}>
      <Icon aria-hidden className="size-5.5 shrink-0" strokeWidth={1.8} />
      <span className="max-side:sr-only">{words}</span>
    </Link>
  );
}
