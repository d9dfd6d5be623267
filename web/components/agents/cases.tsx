/** Cases against operators: what was noticed, who says so, what the accused signed, and what the network makes of it. */
import { ShieldCheck } from "lucide-react";
import type { ReactNode } from "react";
import type { CaseView } from "../../../src/api/contract.ts";
import { useAgentPeers, useAgentVotes, useCases } from "../../api/agents.ts";
import { caseStateWords, detectorWords, isoTime, peerName } from "../../lib/agent-words.ts";
import { countOf, formatAgo, formatMoment } from "../../lib/format.ts";
import { shortNode } from "../../lib/mesh-words.ts";
import { Badge } from "../choice.tsx";
import { Empty, LoadFailure, Skeleton } from "../feedback.tsx";
import { type FactsColumn, FactsTable } from "./facts-table.tsx";
import { OthersText } from "./others-text.tsx";
import { VoteButtons } from "./vote-buttons.tsx";

export function CasesPart(): ReactNode {
  const { data, error, refetch } = useCases();
  return (
    <section aria-labelledby="cases-heading" className="flex max-w-4xl flex-col gap-6 py-6">
      <div className="flex flex-col gap-2">
        <h2 id="cases-heading" className="text-lg font-semibold">
          Quarantine
        </h2>
        <p>
          An agent that notices something odd puts its author aside at once, for itself alone. Two thirds of a vote do
          it for the whole network, and the same bring one back.
        </p>
      </div>
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton rows={3} label="Loading the cases" />}
      {data?.length === 0 && (
        <Empty icon={ShieldCheck} title="Nobody is in quarantine">
          Your agent watches for floods, copies and timed crowds by itself.
        </Empty>
      )}
      {data && data.length > 0 && (
        <ul aria-label="Cases" className="flex flex-col">
          {data.map((one) => (
            <li key={one.id} className="border-b border-divider py-6 first:pt-0">
              <CaseCard one={one} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function CaseCard({ one }: { readonly one: CaseView }): ReactNode {
  const { id, accused, action, detector, words, by, madeAtMs, state, evidence, evidenceState } = one;
  const { data: peers = [] } = useAgentPeers();
  const { data: votes } = useAgentVotes();
  const name = peerName(accused, peers);
  return (
    <article aria-labelledby={`case-${id}`} className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h3 id={`case-${id}`} className="font-semibold wrap-anywhere">
          {action === "quarantine" ? "Quarantine of " : "Reinstatement of "}
          <bdi>{name}</bdi>
        </h3>
        <Badge>{caseStateWords(state)}</Badge>
      </div>
      <p>{detectorWords(detector)}.</p>
      {words !== "" && <OthersText text={words} by={peerName(by, peers)} />}
      <p className="facts text-sm text-muted">
        {words === "" && (
          <span>
            By <bdi>{peerName(by, peers)}</bdi>
          </span>
        )}
        <span title={formatMoment(isoTime(madeAtMs))}>{formatAgo(isoTime(madeAtMs))}</span>
      </p>
      {evidenceState !== "holds" && <p>{EVIDENCE_WORDS[evidenceState]}</p>}
      <Evidence evidence={evidence} name={name} />
      {state === "voting" && (
        <VoteButtons subject={id} vote={votes?.find(({ subject }) => subject === id) ?? null} what="this case" />
      )}
    </article>
  );
}

const EVIDENCE_WORDS = {
  fails: "Your agent looked at the evidence: it does not show this. The case has no effect.",
  missing: "Some of the evidence is not here yet, so your agent cannot check it.",
} as const;

const COLUMNS: readonly FactsColumn[] = [
  { name: "Log" },
  { name: "Number", isNumber: true },
  { name: "Kind" },
  { name: "When", isNumber: true },
];

/** What the accused signed; each can be found in his log by its number. */
function Evidence({ evidence, name }: Pick<CaseView, "evidence"> & { readonly name: string }): ReactNode {
  if (evidence.length === 0) return <p className="text-sm text-muted">No signed evidence is named.</p>;
  const rows = evidence.map(({ device, sequence, madeAtMs, kind }) => ({
    key: `${device}${sequence}`,
    cells: [
      <code key={device} className="font-mono">
        {shortNode(device)}
      </code>,
      sequence,
      kind ?? "not here yet",
      madeAtMs === null ? "" : formatMoment(isoTime(madeAtMs)),
    ],
  }));
  return (
    <details>
      <summary className="ring-inside min-h-11 rounded py-2.5 font-medium underline underline-offset-4">
        Evidence: {countOf(evidence.length, "signed statement")}
      </summary>
      <div className="text-sm">
        <FactsTable caption={`What ${name} signed`} columns={COLUMNS} rows={rows} />
      </div>
    </details>
  );
}
