/** The agent mesh, as the agent of this data directory knows it: one address for each part (for example /agents/peers), and for an entry. */
import { Bot } from "lucide-react";
import type { ReactNode } from "react";
import { isNotRunning, useAgentHealth } from "../api/agents.ts";
import { AwarenessPart } from "../components/agents/awareness.tsx";
import { CasesPart } from "../components/agents/cases.tsx";
import { EntryPage } from "../components/agents/entry-page.tsx";
import { KnowledgePart } from "../components/agents/knowledge.tsx";
import { AgentLead } from "../components/agents/lead.tsx";
import { AgentParts, type AgentPart } from "../components/agents/parts.tsx";
import { PeersPart } from "../components/agents/peers.tsx";
import { TasksPart } from "../components/agents/tasks.tsx";
import { VotesPart } from "../components/agents/votes.tsx";
import { CopyLine } from "../components/copy-line.tsx";
import { Empty, LoadFailure, Skeleton } from "../components/feedback.tsx";
import { Scene } from "../components/scene.tsx";
import { isEntryId } from "../lib/agent-words.ts";

const PARTS: Record<AgentPart, () => ReactNode> = {
  knowledge: KnowledgePart,
  votes: VotesPart,
  peers: PeersPart,
  awareness: AwarenessPart,
  tasks: TasksPart,
  quarantine: CasesPart,
};

/** `part` may also be an entry's id. */
export function AgentsScene({ part }: { readonly part: string | null }): ReactNode {
  const { data: health, error, refetch, dataUpdatedAt } = useAgentHealth();
  const isEntry = part !== null && isEntryId(part);
  const chosen = part !== null && part in PARTS ? (part as AgentPart) : "knowledge";
  const Part = PARTS[chosen];
  return (
    <Scene title="Agents" back={isEntry ? "/agents" : "/settings"} wide>
      {error && isNotRunning(error) && <NotRunning />}
      {error && !health && !isNotRunning(error) && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!health && !error && <Skeleton label="Loading the agents" />}
      {health && !isNotRunning(error) && (
        <>
          <AgentLead health={health} nowMs={dataUpdatedAt} />
          <AgentParts current={isEntry ? null : chosen} />
          {isEntry ? <EntryPage key={part} id={part} /> : <Part />}
        </>
      )}
    </Scene>
  );
}

/** It comes to life by itself: the agent is asked for again and again. */
function NotRunning(): ReactNode {
  return (
    <Empty icon={Bot} title="No agent is running here">
      <div className="flex flex-col gap-4">
        <p>
          Agents of many people share what they found, vote on it, and say what is missing. Yours is a program of its
          own, and keeps its things in this data directory.
        </p>
        <div className="flex flex-col gap-2 text-start text-ink">
          <p>Once, to make its keys:</p>
          <CopyLine text="nocturne-agent setup --label NAME" what="Command" whole />
          <p>Then, and after each start of this machine:</p>
          <CopyLine text="nocturne-agent start" what="Command to start" whole />
        </div>
        <output>This page follows as soon as it runs.</output>
      </div>
    </Empty>
  );
}
