/** A small table: each row has a heading and a few facts. On a narrow screen columns that can be missed are. */
import type { ReactNode } from "react";

export interface FactsColumn {
  readonly name: string;
  readonly isNumber?: true;
  readonly isWide?: true;
}

export interface FactsRow {
  readonly key: string;
  /** As many as there are columns; the first one is the heading. */
  readonly cells: readonly ReactNode[];
}

export interface FactsTableProps {
  /** For who does not see the table. */
  readonly caption: string;
  readonly columns: readonly FactsColumn[];
  readonly rows: readonly FactsRow[];
}

export function FactsTable({ caption, columns, rows }: FactsTableProps): ReactNode {
  return (
    <table className="w-full text-start">
      <caption className="sr-only">{caption}</caption>
      <thead>
        <tr className="border-b border-control text-sm text-muted">
          {columns.map((column, i) => (
            <th key={column.name} scope="col" className={`py-2 font-normal ${shapeOf(column, i)}`}>
              {column.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, cells }) => (
          <tr key={key} className="border-b border-divider">
            <th scope="row" className="py-2 text-start font-normal wrap-anywhere">
              {cells[0]}
            </th>
            {columns.slice(1).map((column, i) => (
              <td key={column.name} className={shapeOf(column, i + 1)}>
                {cells[i + 1]}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function shapeOf({ isNumber, isWide }: FactsColumn, place: number): string {
  const gap = place === 0 ? "" : "ps-3";
  return `${gap} ${isNumber ? "text-end whitespace-nowrap tabular-nums" : "text-start"} ${isWide ? "max-rail:hidden" : ""}`;
}
