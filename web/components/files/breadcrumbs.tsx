/** The way from the top to a folder; each step takes what is dropped on it. */
import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { FolderView } from "../../../src/api/contract.ts";
import { dropInto } from "./moving.ts";

const STEP = "flex min-h-11 min-w-11 items-center rounded-lg px-1 wrap-anywhere underline-offset-4 hover:underline";

export function Breadcrumbs({ crumbs }: { readonly crumbs: readonly FolderView[] }): ReactNode {
  if (crumbs.length === 0) return null;
  return (
    <nav aria-label="Folders on the way" className="mb-2">
      <ol className="flex flex-wrap items-center gap-1">
        <li {...dropInto("")}>
          <Link href="/files" className={STEP}>
            All files
          </Link>
        </li>
        {crumbs.map(({ id, name }, i) => (
          <li key={id} className="flex items-center gap-1" {...dropInto(id)}>
            <ChevronRight aria-hidden className="size-4 text-muted rtl:-scale-x-100" />
            <Link href={`/files/${id}`} aria-current={i === crumbs.length - 1 ? "page" : undefined} className={STEP}>
              <bdi>{name}</bdi>
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  );
}
