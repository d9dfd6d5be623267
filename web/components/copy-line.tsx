/** A line to be copied as a whole: a command, a link, a key. */
import { Copy } from "lucide-react";
import type { ReactNode } from "react";
import { copyText } from "../lib/clipboard.ts";
import { IconButton } from "./button.tsx";

export interface CopyLineProps {
  readonly text: string;
  /** Names the line in the copy button and in the notice, for example "Invite link". */
  readonly what: string;
  /** Show all of it on several lines instead of cutting it off. */
  readonly whole?: boolean;
}

/** Left to right in every language: commands, links and keys have no other direction. */
export function CopyLine({ text, what, whole = false }: CopyLineProps): ReactNode {
  return (
    <div className="flex min-w-0 items-center gap-1 rounded-lg border border-divider bg-surface ps-3.5">
      <code dir="ltr" className={`min-w-0 grow py-2 font-mono ${whole ? "wrap-anywhere" : "truncate"}`}>
        {text}
      </code>
      <IconButton icon={Copy} label={`Copy ${lowerFirst(what)}`} onClick={() => void copyText(text, what)} />
    </div>
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
