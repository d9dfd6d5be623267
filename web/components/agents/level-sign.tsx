/**
 * The sign of what votes made of an entry: bars that are filled, so that its shape alone says it.
 *
 *     high  three bars    medium  two    low  one    rejected  a cross
 */
import type { ReactNode } from "react";
import type { EntryLevelName } from "../../../src/api/contract.ts";
import { levelNote, levelWords } from "../../lib/agent-words.ts";

const FILLED: Record<EntryLevelName, number> = { high: 3, medium: 2, low: 1, rejected: 0 };
const BARS = [0, 1, 2];

export function LevelSign({ level }: { readonly level: EntryLevelName }): ReactNode {
  return (
    <span
      title={levelNote(level)}
      className="inline-flex items-center gap-1.5 rounded border border-control px-1.5 text-sm whitespace-nowrap text-ink"
    >
      <svg aria-hidden viewBox="0 0 12 12" className="size-3 shrink-0">
        {level === "rejected" ? (
          <path d="M2 2L10 10M10 2L2 10" className="stroke-alarm stroke-2" strokeLinecap="round" />
        ) : (
          BARS.map((bar) => (
            <rect
              key={bar}
              x={bar * 4.25 + 0.5}
              y={7.5 - bar * 3.5}
              width={2.5}
              height={4 + bar * 3.5}
              className={bar < FILLED[level] ? "fill-ink stroke-ink" : "fill-none stroke-muted"}
            />
          ))
        )}
      </svg>
      {levelWords(level)}
    </span>
  );
}
