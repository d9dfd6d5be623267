/** Words to be written down or read aloud, each with its number: one in the wrong place is the usual mistake. */
import type { ReactNode } from "react";

/** `words`: parted by spaces. */
export function WordList({ words }: { readonly words: string }): ReactNode {
  return (
    <ol dir="ltr" className="grid grid-cols-2 gap-x-6 gap-y-1 font-mono rail:grid-cols-3 pane:grid-cols-4">
      {words.split(" ").map((word, i) => (
        <li key={`${i}${word}`} className="flex min-h-9 items-baseline gap-3 border-b border-divider">
          <span className="w-6 text-end text-sm text-muted">{i + 1}</span>
          {word}
        </li>
      ))}
    </ol>
  );
}
