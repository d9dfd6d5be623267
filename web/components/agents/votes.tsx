/** Votes under way: what is voted on, until when, how the own agent votes, and the buttons for it. */
import { Vote } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { CaseView, VoteView } from "../../../src/api/contract.ts";
import { useAgentHealth, useAgentPeers, useAgentVotes, useCases, useEntry } from "../../api/agents.ts";
import { isoTime, peerName } from "../../lib/agent-words.ts";
import { formatUntil } from "../../lib/format.ts";
import { Empty, LoadFailure, Skeleton } from "../feedback.tsx";
import { EntryCard } from "./entry-card.tsx";
import { OthersText } from "./others-text.tsx";
import { VoteButtons } from "./vote-buttons.tsx";

export function VotesPart(): ReactNode {
  const { data, error, refetch } = useAgentVotes();
  return (
    <section aria-labelledby="votes-heading" className="flex max-w-4xl flex-col gap-6 py-6">
      <div className="flex flex-col gap-2">
        <h2 id="votes-heading" className="text-lg font-semibold">
          Votes under way
        </h2>
        <p>
          A vote is sealed first and opened in the second window, so nobody can follow others. Your agent does both by
          itself; it only has to run.
        </p>
      </div>
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton rows={3} label="Loading the votes" />}
      {data?.length === 0 && (
        <Empty icon={Vote} title="No vote is under way">
          Open an entry in Knowledge to vote on it.
        </Empty>
      )}
      {data && data.length > 0 && (
        <ul aria-label="Votes under way" className="flex flex-col">
          {data.map((vote) => (
            <li key={vote.subject} className="flex flex-col gap-4 border-b border-divider py-6 first:pt-0">
              <VoteItem vote={vote} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function VoteItem({ vote }: { readonly vote: VoteView }): ReactNode {
  const { dataUpdatedAt } = useAgentHealth();
  const { subject, kind, windowEndsMs, round } = vote;
  return (
    <>
      <p className="facts text-sm text-muted">
        <span>Round {round}</span>
        <span>this window ends {formatUntil(isoTime(windowEndsMs), dataUpdatedAt)}</span>
      </p>
      {kind === "entry" ? <SubjectEntry id={subject} /> : <SubjectCase id={subject} />}
      <VoteButtons subject={subject} vote={vote} what={kind === "entry" ? "this entry" : "this case"} />
    </>
  );
}

function SubjectEntry({ id }: { readonly id: string }): ReactNode {
  const { data: entry, error } = useEntry(id);
  const { data: peers = [] } = useAgentPeers();
  if (error && !entry) return <p>This entry is not here: {error.message}</p>;
  return entry ? <EntryCard entry={entry} peers={peers} /> : <Skeleton rows={1} label="Loading the entry" />;
}

function SubjectCase({ id }: { readonly id: string }): ReactNode {
  const { data: cases = [] } = useCases();
  const found = cases.find((one) => one.id === id);
  if (!found) return <p>This case is not here yet.</p>;
  return <ShortCase found={found} />;
}

function ShortCase({ found: { accused, action, by, words } }: { readonly found: CaseView }): ReactNode {
  const { data: peers = [] } = useAgentPeers();
  return (
    <>
      <Link
        href="/agents/quarantine"
        className="ring-inside flex min-h-11 items-center rounded font-medium underline underline-offset-4"
      >
        <span>
          {action === "quarantine" ? "Quarantine of " : "Reinstatement of "}
          <bdi>{peerName(accused, peers)}</bdi>
        </span>
      </Link>
      {words !== "" && <OthersText text={words} by={peerName(by, peers)} />}
    </>
  );
}
