/** An entry: what votes made of it, what it says in whose words, on what it rests, how old it is. */
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { AgentPeer, EntryView } from "../../../src/api/contract.ts";
import { isEntryId, isoTime, peerName, typeWords } from "../../lib/agent-words.ts";
import { formatAgo, formatMoment, formatUntil } from "../../lib/format.ts";
import { percentWords, shortNode } from "../../lib/mesh-words.ts";
import { EntryLinks } from "./entry-link.tsx";
import { LevelSign } from "./level-sign.tsx";
import { OthersText } from "./others-text.tsx";

export interface EntryCardProps {
  readonly entry: EntryView;
  readonly peers: readonly AgentPeer[];
  /** All of its text, and no way to itself. */
  readonly whole?: boolean;
}

export function EntryCard({ entry, peers, whole = false }: EntryCardProps): ReactNode {
  const { id, type, level, domain, content, tags, operator, supersedes, supersededBy } = entry;
  return (
    <article aria-label={`${typeWords(type)} about ${domain}`} className="flex flex-col gap-3">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <LevelSign level={level} />
        <span className="font-medium">{typeWords(type)}</span>
        <bdi className="wrap-anywhere text-muted">{domain}</bdi>
      </p>
      <OthersText text={content} by={peerName(operator, peers)} whole={whole} />
      <Provenance entry={entry} peers={peers} />
      <Sources sources={entry.sources} whole={whole} />
      {whole && <EntryLinks name="Takes the place of" ids={supersedes} />}
      <EntryLinks name="Replaced by" ids={supersededBy === null ? [] : [supersededBy]} />
      {tags.length > 0 && (
        <ul aria-label="Tags" className="flex flex-wrap gap-2">
          {tags.map((tag) => (
            <li key={tag} className="rounded-full bg-divider px-2.5 text-sm wrap-anywhere">
              <bdi>{tag}</bdi>
            </li>
          ))}
        </ul>
      )}
      {!whole && (
        <Link
          href={`/agents/${id}`}
          className="ring-inside flex min-h-11 items-center self-start rounded font-medium underline underline-offset-4"
        >
          Votes and sources<span className="sr-only"> of {shortNode(id)}</span>
        </Link>
      )}
    </article>
  );
}

/** What its author's votes weigh, how sure he claims to be, and since when and until when it stands. */
function Provenance({ entry, peers }: Pick<EntryCardProps, "entry" | "peers">): ReactNode {
  const { operator, confidence, madeAtMs, endsAtMs } = entry;
  const peer = peers.find((one) => one.operator === operator);
  return (
    <p className="facts text-sm text-muted">
      <span>{peer ? `Author’s weight ${peer.weight.toFixed(1)}` : "Author without standing now"}</span>
      <span>{percentWords(confidence)} sure of it</span>
      <span title={formatMoment(isoTime(madeAtMs))}>{formatAgo(isoTime(madeAtMs))}</span>
      {endsAtMs !== null && <span>ends {formatUntil(isoTime(endsAtMs))}</span>}
    </p>
  );
}

/** Other entries are links; addresses are text, because to open one would tell a stranger that you read this. */
function Sources({ sources, whole }: { readonly sources: readonly string[]; readonly whole: boolean }): ReactNode {
  const entries = sources.filter(isEntryId);
  const words = sources.filter((source) => !isEntryId(source));
  if (!whole && sources.length > 0) return <p className="text-sm text-muted">{shortSources(entries, words)}</p>;
  return (
    <>
      <EntryLinks name="Rests on" ids={entries} />
      {words.length > 0 && (
        <div className="text-sm">
          <p className="text-muted">Sources, as the author names them</p>
          <ul className="list-disc ps-5">
            {words.map((source) => (
              <li key={source} dir="auto" className="wrap-anywhere">
                {source}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

function shortSources(entries: readonly string[], words: readonly string[]): string {
  const parts = [
    entries.length > 0 && `${entries.length} ${entries.length === 1 ? "entry" : "entries"}`,
    words.length > 0 && `${words.length} named ${words.length === 1 ? "source" : "sources"}`,
  ].filter(Boolean);
  return `Rests on ${parts.join(" and ")}`;
}
