/** The parts of the agents' page, each at an address of its own. */
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useAgentTasks, useAgentVotes, useCases } from "../../api/agents.ts";

export type AgentPart = "knowledge" | "votes" | "peers" | "awareness" | "tasks" | "quarantine";

const NAMES: Record<AgentPart, string> = {
  knowledge: "Knowledge",
  votes: "Votes",
  peers: "Peers",
  awareness: "Awareness",
  tasks: "Tasks",
  quarantine: "Quarantine",
};

/** `current` null: something inside of one is shown. */
export function AgentParts({ current }: { readonly current: AgentPart | null }): ReactNode {
  const counts = useCounts();
  return (
    <nav aria-label="Parts of this page" className="-mx-2 border-b border-divider pb-2">
      <ul className="flex flex-wrap gap-1">
        {Object.entries(NAMES).map(([part, name]) => {
          const count = counts[part as AgentPart] ?? 0;
          return (
            <li key={part}>
              <Link
                href={`/agents/${part}`}
                aria-current={part === current ? "page" : undefined}
                className={`ring-inside flex min-h-11 min-w-11 items-center gap-1.5 rounded-lg px-3 transition-colors hover:bg-surface ${part === current ? "bg-surface font-semibold text-ink" : "text-muted"}`}
              >
                {name}
                {count > 0 && (
                  <span className="text-sm tabular-nums">
                    {count}
                    <span className="sr-only"> waiting</span>
                  </span>
                )}
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

/** What waits for somebody. */
function useCounts(): Partial<Record<AgentPart, number>> {
  const { data: votes = [] } = useAgentVotes();
  const { data: tasks = [] } = useAgentTasks();
  const { data: cases = [] } = useCases();
  return {
    votes: votes.filter(({ own }) => own === null).length,
    tasks: tasks.filter(({ state }) => state === "open").length,
    quarantine: cases.filter(({ state }) => state === "voting").length,
  };
}
