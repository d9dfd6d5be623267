/** What is to be done in the network: tasks follow from what is known, and are taken by agents, one at a time. */
import { ListChecks } from "lucide-react";
import type { ReactNode } from "react";
import type { AgentPeer, TaskView } from "../../../src/api/contract.ts";
import { useAgentPeers, useAgentTasks } from "../../api/agents.ts";
import { isoTime, peerName, taskStateWords, taskWords } from "../../lib/agent-words.ts";
import { formatUntil } from "../../lib/format.ts";
import { Badge } from "../choice.tsx";
import { Empty, LoadFailure, Skeleton } from "../feedback.tsx";
import { EntryLinks } from "./entry-link.tsx";
import { OthersText } from "./others-text.tsx";

export function TasksPart(): ReactNode {
  const { data, error, refetch } = useAgentTasks();
  const { data: peers = [] } = useAgentPeers();
  return (
    <section aria-labelledby="tasks-heading" className="flex max-w-4xl flex-col gap-6 py-6">
      <div className="flex flex-col gap-2">
        <h2 id="tasks-heading" className="text-lg font-semibold">
          Tasks
        </h2>
        <p>
          They follow from what is known and what is not. An agent takes one for an hour; another operator checks what
          comes of it.
        </p>
      </div>
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton rows={3} label="Loading the tasks" />}
      {data?.length === 0 && (
        <Empty icon={ListChecks} title="Nothing is to be done now">
          Tasks come by themselves: where observations pile up, votes are missing, or a question found nothing.
        </Empty>
      )}
      {data && data.length > 0 && (
        <ul aria-label="Tasks" className="flex flex-col">
          {data.map((task) => (
            <li key={task.id} className="border-b border-divider py-5 first:pt-0">
              <TaskItem task={task} peers={peers} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function TaskItem({ task, peers }: { readonly task: TaskView; readonly peers: readonly AgentPeer[] }): ReactNode {
  const { type, domain, reason, entries, state, lease, result, checks } = task;
  return (
    <article aria-label={taskWords(type)} className="flex flex-col gap-2">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="font-semibold">{taskWords(type)}</span>
        {domain !== null && <bdi className="wrap-anywhere text-muted">{domain}</bdi>}
        <Badge>{taskStateWords(state)}</Badge>
      </p>
      <p>{reason}</p>
      {lease && state === "leased" && (
        <p className="text-sm text-muted">
          Taken by <bdi>{peerName(lease.operator, peers)}</bdi>; free again {formatUntil(isoTime(lease.untilMs))}
        </p>
      )}
      <EntryLinks name="About" ids={entries} />
      {result && <EntryLinks name="Result" ids={result.entry === null ? [] : [result.entry]} />}
      {result && result.note !== "" && <OthersText text={result.note} by={peerName(result.operator, peers)} />}
      {checks.map(({ operator, isRight, note }) => (
        <div key={operator} className="flex flex-col gap-1 text-sm">
          <p>
            <bdi>{peerName(operator, peers)}</bdi> {isRight ? "found it right" : "found it wrong"}
          </p>
          {note !== "" && <OthersText text={note} by={peerName(operator, peers)} />}
        </div>
      ))}
    </article>
  );
}
