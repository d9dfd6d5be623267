/** Why something of the network does not work, what to do, and the line to type where there is one. */
import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { splitHint } from "../../lib/network-words.ts";
import { CopyLine } from "../copy-line.tsx";
import { Notice } from "../feedback.tsx";

export interface ProblemProps {
  readonly message: string;
  readonly hint?: string;
}

export function Problem({ message, hint = "" }: ProblemProps): ReactNode {
  const { words, command, after } = splitHint(hint);
  return (
    <Notice icon={TriangleAlert} title={message} alert>
      {words}
      {command !== null && (
        <div className="my-2 text-ink">
          <CopyLine text={command} what="Command" whole />
        </div>
      )}
      {after}
    </Notice>
  );
}
