/** One entry whole: its text, on what it rests, the own vote, and how the votes about it are counted. */
import type { ReactNode } from "react";
import type { TallyView } from "../../../src/api/contract.ts";
import { useAgentPeers, useAgentVotes, useEntry, useTally } from "../../api/agents.ts";
import { peerName } from "../../lib/agent-words.ts";
import { CopyLine } from "../copy-line.tsx";
import { LoadFailure, Skeleton } from "../feedback.tsx";
import { EntryCard } from "./entry-card.tsx";
import { type FactsColumn, FactsTable } from "./facts-table.tsx";
import { LevelSign } from "./level-sign.tsx";
import { VoteButtons } from "./vote-buttons.tsx";

const SIDE_WORDS: Record<TallyView["votes"][number]["side"], string> = {
  for: "For",
  against: "Against",
  none: "On no side",
};

export function EntryPage({ id }: { readonly id: string }): ReactNode {
  const { data: entry, error, refetch } = useEntry(id);
  const { data: peers = [] } = useAgentPeers();
  const { data: votes } = useAgentVotes();
  return (
    <section aria-labelledby="entry-heading" className="flex max-w-4xl flex-col gap-6 py-6">
      <h2 id="entry-heading" className="text-lg font-semibold">
        Entry
      </h2>
      {error && !entry && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!entry && !error && <Skeleton rows={2} label="Loading the entry" />}
      {entry && (
        <>
          <EntryCard entry={entry} peers={peers} whole />
          <CopyLine text={id} what="Id of this entry" whole />
          <h3 className="font-semibold">Your vote</h3>
          <VoteButtons subject={id} vote={votes?.find((one) => one.subject === id) ?? null} what="this entry" />
          <Count id={id} />
        </>
      )}
    </section>
  );
}

/** Sums of weights are told as the network counts them, in thousandths; people read the whole. */
const inWhole = (thousandths: number): string => (thousandths / 1000).toFixed(1);

function Count({ id }: { readonly id: string }): ReactNode {
  const { data: tally, error } = useTally(id);
  if (error && !tally) return <output className="text-muted">{error.message}</output>;
  if (tally === undefined) return <Skeleton rows={1} label="Loading the count" />;
  if (tally === null) return <output className="text-muted">No votes about it are counted yet.</output>;
  return (
    <>
      <h3 className="font-semibold">How it is counted</h3>
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <LevelSign level={tally.level} />
        <span>
          For {inWhole(tally.for)}, against {inWhole(tally.against)}, up to round {tally.round}
        </span>
      </p>
      <Ballots tally={tally} />
      <div className="flex flex-col gap-2">
        <p className="text-sm text-muted">The sum of this count is the same for everybody who counts:</p>
        <CopyLine text={tally.sha256} what="Sum of the count" whole />
      </div>
    </>
  );
}

const COLUMNS: readonly FactsColumn[] = [{ name: "Operator" }, { name: "Side" }, { name: "Weight", isNumber: true }];

function Ballots({ tally: { votes } }: { readonly tally: TallyView }): ReactNode {
  const { data: peers = [] } = useAgentPeers();
  const rows = votes.map((vote) => ({
    key: vote.operator,
    cells: [
      <bdi key={vote.operator}>{peerName(vote.operator, peers)}</bdi>,
      SIDE_WORDS[vote.side],
      inWhole(vote.weight),
    ],
  }));
  return <FactsTable caption="Votes about this entry" columns={COLUMNS} rows={rows} />;
}
