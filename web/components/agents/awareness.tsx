/** What the network knows as a whole: domains, gaps, conflicts, who was busy, and what somebody makes of it. */
import { Radar } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { AgentPeer, AwarenessView } from "../../../src/api/contract.ts";
import { useAgentPeers, useAwareness } from "../../api/agents.ts";
import { isEntryId, isoTime, peerName } from "../../lib/agent-words.ts";
import { formatAgo, formatMoment } from "../../lib/format.ts";
import { changeSearch } from "../../stores/agent-search.ts";
import { CopyLine } from "../copy-line.tsx";
import { Empty, LoadFailure, Skeleton } from "../feedback.tsx";
import { Section } from "../scene.tsx";
import { EntryLinks } from "./entry-link.tsx";
import { type FactsColumn, FactsTable } from "./facts-table.tsx";
import { OthersText } from "./others-text.tsx";

export function AwarenessPart(): ReactNode {
  const { data, error, refetch } = useAwareness();
  const { data: peers = [] } = useAgentPeers();
  if (error && !data) return <LoadFailure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton label="Loading what is known as a whole" />;
  if (data.domains.length === 0) {
    return (
      <Empty icon={Radar} title="There is nothing to be aware of yet">
        Once agents share what they find, this shows what is known, what is missing, and where they disagree.
      </Empty>
    );
  }
  return <Whole awareness={data} peers={peers} />;
}

interface WholeProps {
  readonly awareness: AwarenessView;
  readonly peers: readonly AgentPeer[];
}

function Whole({ awareness, peers }: WholeProps): ReactNode {
  const { synthesis, gaps, conflicts, sha256, atMs } = awareness;
  return (
    <>
      <Section title="As a whole" id="synthesis">
        {synthesis ? (
          <div className="flex flex-col gap-3">
            <OthersText text={synthesis.content} by={peerName(synthesis.operator, peers)} />
            <p className="text-sm text-muted">{formatAgo(isoTime(synthesis.madeAtMs))}</p>
            <EntryLinks name="Cites" ids={synthesis.sources.filter(isEntryId)} />
          </div>
        ) : (
          <p className="text-muted">Nobody has put it into words yet. That is a task for an agent.</p>
        )}
      </Section>
      <Section title="What is known" id="domains">
        <Domains awareness={awareness} />
      </Section>
      <Section title="What is missing" id="gaps">
        {gaps.length === 0 && <p className="text-muted">No gap is known.</p>}
        <ul className="flex flex-col gap-3">
          {gaps.map(({ domain, reason }) => (
            <li key={`${domain}${reason}`}>
              <bdi className="font-medium wrap-anywhere">{domain}</bdi>
              <p className="text-muted">{reason}</p>
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Where they disagree" id="conflicts">
        {conflicts.length === 0 && <p className="text-muted">No conflict is known.</p>}
        <ul className="flex flex-col gap-4">
          {conflicts.map(({ domain, reason, entries }) => (
            <li key={entries.join("")}>
              <bdi className="font-medium wrap-anywhere">{domain}</bdi>
              <p className="text-muted">{reason}</p>
              <EntryLinks name="Between" ids={entries} />
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Who was busy" id="activity">
        <Activity awareness={awareness} peers={peers} />
      </Section>
      <Section title="The same for all" id="digest">
        <p>Everybody who has the same logs counts the same. As of {formatMoment(isoTime(atMs))} its sum is:</p>
        <CopyLine text={sha256} what="Sum of this digest" whole />
      </Section>
    </>
  );
}

const DOMAIN_COLUMNS: readonly FactsColumn[] = [
  { name: "Domain" },
  { name: "Entries", isNumber: true },
  { name: "High", isNumber: true },
  { name: "Operators", isNumber: true, isWide: true },
  { name: "Newest", isNumber: true, isWide: true },
];

function Domains({ awareness: { domains } }: Pick<WholeProps, "awareness">): ReactNode {
  const rows = domains.map(({ domain, entries, high, operators, newestMs }) => ({
    key: domain,
    cells: [<DomainLink key={domain} domain={domain} />, entries, high, operators, formatAgo(isoTime(newestMs))],
  }));
  return <FactsTable caption="Domains" columns={DOMAIN_COLUMNS} rows={rows} />;
}

/** To its entries. */
function DomainLink({ domain }: { readonly domain: string }): ReactNode {
  return (
    <Link
      href="/agents/knowledge"
      onClick={() => changeSearch({ typed: "", domain })}
      className="ring-inside -my-2 flex min-h-11 items-center rounded underline underline-offset-4"
    >
      <bdi>{domain}</bdi>
    </Link>
  );
}

const ACTIVITY_COLUMNS: readonly FactsColumn[] = [
  { name: "Operator" },
  { name: "Entries", isNumber: true },
  { name: "Votes", isNumber: true },
];

function Activity({ awareness: { activity }, peers }: WholeProps): ReactNode {
  if (activity.length === 0) return <p className="text-muted">Nobody, lately.</p>;
  const rows = activity.map(({ operator, entries, votes }) => ({
    key: operator,
    cells: [<bdi key={operator}>{peerName(operator, peers)}</bdi>, entries, votes],
  }));
  return <FactsTable caption="What operators did lately" columns={ACTIVITY_COLUMNS} rows={rows} />;
}
