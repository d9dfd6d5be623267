/** Turning the pages of a list; not shown for one page. */
import { ChevronLeft, ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import type { Page } from "../../stores/mesh-nodes.ts";
import { IconButton } from "../button.tsx";

export interface PagerProps {
  readonly page: Page<unknown>;
  /** What is on the pages, for example "nodes". */
  readonly what: string;
  readonly onTurn: (page: number) => void;
}

export function Pager({ page: { page, pages, words }, what, onTurn }: PagerProps): ReactNode {
  if (pages === 1) return null;
  const turn = (to: number): void => {
    if (to >= 0 && to < pages) onTurn(to);
  };
  return (
    <div className="flex items-center justify-between gap-2">
      <output className="text-sm text-muted tabular-nums">{words}</output>
      <span className="flex">
        <IconButton
          icon={ChevronLeft}
          label={`Previous ${what}`}
          aria-disabled={page === 0}
          onClick={() => turn(page - 1)}
          className="rtl:-scale-x-100"
        />
        <IconButton
          icon={ChevronRight}
          label={`Next ${what}`}
          aria-disabled={page === pages - 1}
          onClick={() => turn(page + 1)}
          className="rtl:-scale-x-100"
        />
      </span>
    </div>
  );
}
