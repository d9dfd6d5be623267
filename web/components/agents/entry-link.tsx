/** Ways to entries, by the beginnings of their ids. */
import type { ReactNode } from "react";
import { Link } from "wouter";
import { shortNode } from "../../lib/mesh-words.ts";

function EntryLink({ id }: { readonly id: string }): ReactNode {
  return (
    <Link
      href={`/agents/${id}`}
      className="ring-inside inline-flex min-h-11 min-w-11 items-center rounded font-mono underline underline-offset-4"
    >
      <span className="sr-only">Entry </span>
      {shortNode(id)}
    </Link>
  );
}

export interface EntryLinksProps {
  /** For example "Replaces". */
  readonly name: string;
  readonly ids: readonly string[];
}

/** Nothing where there are none. */
export function EntryLinks({ name, ids }: EntryLinksProps): ReactNode {
  if (ids.length === 0) return null;
  return (
    <p className="flex flex-wrap items-center gap-x-3 text-sm">
      <span className="text-muted">{name}</span>
      {ids.map((id) => (
        <EntryLink key={id} id={id} />
      ))}
    </p>
  );
}
