/** The head of a column by which a table is sorted: a button that says which way. */
import { ArrowDown, ArrowUp } from "lucide-react";
import type { ReactNode } from "react";

export interface HeadShape {
  readonly name: string;
  readonly isNumber?: true;
  /** Only where there is room. */
  readonly isWide?: true;
}

export interface SortedHeadProps extends HeadShape {
  /** Null where the table is sorted by another column. */
  readonly direction: "ascending" | "descending" | null;
  /** A class. */
  readonly padding: string;
  readonly onSort: () => void;
}

export function SortedHead({ name, isNumber, isWide, direction, padding, onSort }: SortedHeadProps): ReactNode {
  const Arrow = direction === "descending" ? ArrowDown : ArrowUp;
  const arrow = <Arrow aria-hidden className={`size-3.5 shrink-0 ${direction ? "" : "invisible max-rail:hidden"}`} />;
  return (
    <th
      scope="col"
      aria-sort={direction ?? undefined}
      className={`font-normal ${isNumber ? "ps-2 text-end" : "text-start"} ${isWide ? "max-rail:hidden" : ""} ${padding}`}
    >
      <button
        type="button"
        onClick={onSort}
        className={`ring-inside inline-flex min-h-11 min-w-11 items-center gap-1 rounded text-sm hover:text-ink ${isNumber ? "justify-end" : ""} ${direction ? "font-medium text-ink" : "text-muted"}`}
      >
        {isNumber && arrow}
        {name}
        {!isNumber && arrow}
      </button>
    </th>
  );
}
