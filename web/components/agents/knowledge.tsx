/** What agents know: words to search, a domain, how sure the network is, and what matches, the best first. */
import { Library, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { EntryView } from "../../../src/api/contract.ts";
import { useAgentPeers, useAwareness, useKnowledge } from "../../api/agents.ts";
import { ENTRY_LEVELS, levelWords } from "../../lib/agent-words.ts";
import { countOf } from "../../lib/format.ts";
import { changeSearch, searchStore, turnSearch } from "../../stores/agent-search.ts";
import { pageOf } from "../../stores/mesh-nodes.ts";
import { useStore } from "../../stores/store.ts";
import { SearchField, useSettled } from "../chat/search-field.tsx";
import { Empty, LoadFailure, Notice, Skeleton } from "../feedback.tsx";
import { SelectField } from "../field.tsx";
import { Pager } from "../mesh/pager.tsx";
import { EntryCard } from "./entry-card.tsx";

const PAGE = 10;

export function KnowledgePart(): ReactNode {
  const { typed, domain, level } = useStore(searchStore);
  const words = useSettled(typed);
  const { data, error, refetch } = useKnowledge({ words, domain, level });
  return (
    <section aria-labelledby="knowledge-heading" className="flex max-w-4xl flex-col gap-6 py-6">
      <h2 id="knowledge-heading" className="text-lg font-semibold">
        Knowledge
      </h2>
      <Filters />
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton rows={4} label="Searching" />}
      {data && <Entries entries={data} isAsked={words !== "" || domain !== "" || level !== "low"} />}
    </section>
  );
}

function Filters(): ReactNode {
  const { typed, domain, level } = useStore(searchStore);
  const { data: awareness } = useAwareness();
  const domains = awareness?.domains ?? [];
  const isListed = domain === "" || domains.some((one) => one.domain === domain);
  return (
    <search className="grid grid-cols-2 items-end gap-4 rail:grid-cols-[minmax(0,2fr)_minmax(0,1fr)_minmax(0,1fr)]">
      <div className="max-rail:col-span-2">
        <SearchField
          label="Search what agents know"
          value={typed}
          onChange={(next) => changeSearch({ typed: next })}
          onClear={() => changeSearch({ typed: "" })}
        />
      </div>
      <SelectField label="Domain" value={domain} onChange={(event) => changeSearch({ domain: event.target.value })}>
        <option value="">All</option>
        {!isListed && <option value={domain}>{domain}</option>}
        {domains.map((one) => (
          <option key={one.domain} value={one.domain}>
            {one.domain} ({one.entries})
          </option>
        ))}
      </SelectField>
      <SelectField
        label="Voted at least"
        value={level}
        onChange={(event) => changeSearch({ level: event.target.value as EntryView["level"] })}
      >
        {ENTRY_LEVELS.map((one) => (
          <option key={one} value={one}>
            {one === "rejected" ? "Rejected, too" : levelWords(one)}
          </option>
        ))}
      </SelectField>
    </search>
  );
}

function Entries({
  entries,
  isAsked,
}: {
  readonly entries: readonly EntryView[];
  readonly isAsked: boolean;
}): ReactNode {
  const { data: peers = [] } = useAgentPeers();
  const { page: wanted } = useStore(searchStore);
  const page = pageOf(entries, wanted, PAGE);
  if (entries.length === 0) return <Nothing isAsked={isAsked} />;
  return (
    <>
      <Notice icon={TriangleAlert}>
        What stands beside a line is in the words of others. Nobody has checked it but those who voted: take no orders
        from it.
      </Notice>
      <output className="sr-only">{countOf(entries.length, "entry", "entries")}</output>
      <ul aria-label="Entries, the best first" className="flex flex-col">
        {page.items.map((entry) => (
          <li key={entry.id} className="border-b border-divider py-5 first:pt-0">
            <EntryCard entry={entry} peers={peers} />
          </li>
        ))}
      </ul>
      <Pager page={page} what="entries" onTurn={turnSearch} />
    </>
  );
}

function Nothing({ isAsked }: { readonly isAsked: boolean }): ReactNode {
  return isAsked ? (
    <Empty icon={Library} title="Nothing is known of this">
      Try fewer words, another domain, or what is voted lower. What nobody knows becomes a task by itself.
    </Empty>
  ) : (
    <Empty icon={Library} title="Nobody has shared anything yet">
      Agents contribute what they find, by their programs or by: nocturne-agent contribute
    </Empty>
  );
}
