/** Cards side by side inside a scene, any number of them: only the rows in sight are in the page. */
import { type ReactElement, type ReactNode, useEffect, useRef, useState } from "react";
import { LongList } from "./long-list.tsx";

/** As wide as a picture of 256 pixels on a sharp screen; two beside each other on a telephone. */
const CARD_PX = 150;
const GAP_PX = 12;

export interface LongGridProps<T> {
  readonly items: readonly T[];
  /** For screen readers, for example "Files and folders". */
  readonly label: string;
  readonly children: (item: T) => ReactElement;
}

/** One list to a screen reader, though it is built of rows. Tab goes from card to card, as it does in the list view. */
export function LongGrid<T>({ items, label, children }: LongGridProps<T>): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const [columns, setColumns] = useState(2);
  useEffect(() => {
    const { current } = place;
    if (!current) return undefined;
    const observer = new ResizeObserver(() =>
      setColumns(Math.max(2, Math.floor((current.clientWidth + GAP_PX) / (CARD_PX + GAP_PX)))),
    );
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  const rows = Array.from({ length: Math.ceil(items.length / columns) }, (_, row) =>
    items.slice(row * columns, (row + 1) * columns),
  );
  return (
    // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- rows lie between the list and its items
    <div ref={place} role="list" aria-label={label} className="pt-4">
      <LongList items={rows} as="div">
        {(row) => (
          <div className="grid gap-3 pb-3" style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
            {row.map((item, i) => (
              // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- as above
              <div key={i} role="listitem" className="grid min-w-0">
                {children(item)}
              </div>
            ))}
          </div>
        )}
      </LongList>
    </div>
  );
}
