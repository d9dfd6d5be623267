/** For or against, with a way back until the notice closes: after that the vote stands in a log for good. */
import { ThumbsDown, ThumbsUp } from "lucide-react";
import type { ReactNode } from "react";
import type { VoteView } from "../../../src/api/contract.ts";
import { ownVoteWords } from "../../lib/agent-words.ts";
import { promisedSide, type Side, voteLater } from "../../stores/agent-votes.ts";
import { removalsStore } from "../../stores/removals.ts";
import { useStore } from "../../stores/store.ts";
import { Button } from "../button.tsx";

export interface VoteButtonsProps {
  readonly subject: string;
  /** Null: nobody votes on it yet. */
  readonly vote: VoteView | null;
  /** For the notice, for example "this entry". */
  readonly what: string;
}

const SIDES = [
  { side: 1, words: "For", icon: ThumbsUp },
  { side: -1, words: "Against", icon: ThumbsDown },
] as const;

export function VoteButtons({ subject, vote, what }: VoteButtonsProps): ReactNode {
  const promised = useStore(removalsStore);
  const waiting = promisedSide(promised, subject);
  const own: Side | null = waiting ?? vote?.own ?? null;
  const state = waiting === null ? (vote?.state ?? "waiting") : "waiting";
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap gap-3">
        {SIDES.map(({ side, words, icon }) => (
          <Button
            key={side}
            icon={icon}
            aria-pressed={own === side}
            onClick={() => voteLater(promised, subject, side, what)}
            className="aria-pressed:border-ink aria-pressed:bg-divider"
          >
            {words}
          </Button>
        ))}
      </div>
      <output className="text-sm text-muted">
        {waiting === null
          ? ownVoteWords({ own, state })
          : "Not given yet: you can take it back until the notice closes."}
      </output>
    </div>
  );
}
