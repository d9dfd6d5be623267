/** What the agents' page reads of a running `nocturne-agent`. It pushes nothing to the app, so it is asked as long as the page is shown. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type {
  AgentHealth,
  AgentPeer,
  AwarenessView,
  CaseView,
  EntryView,
  TallyView,
  TaskView,
  VoteView,
} from "../../src/api/contract.ts";
import { ApiFailure, call } from "./client.ts";
import { keys } from "./keys.ts";

const REFRESH_MS = 5_000;
/** A search costs the agent more than telling how it is. */
const SEARCH_AGAIN_MS = 20_000;
const ENTRIES = 100;

function useAgent<T>(
  queryKey: readonly string[],
  path: string,
  refetchInterval: number = REFRESH_MS,
): UseQueryResult<T> {
  return useQuery<T>({
    queryKey,
    queryFn: ({ signal }) => call("GET", `/agents${path}`, undefined, signal),
    refetchInterval,
    staleTime: 0,
  });
}

export const useAgentHealth = (): UseQueryResult<AgentHealth> => useAgent(keys.agent("health"), "/health");
export const useAgentPeers = (): UseQueryResult<readonly AgentPeer[]> => useAgent(keys.agent("peers"), "/peers");
export const useAgentVotes = (): UseQueryResult<readonly VoteView[]> => useAgent(keys.agent("votes"), "/votes");
export const useAgentTasks = (): UseQueryResult<readonly TaskView[]> => useAgent(keys.agent("tasks"), "/compute");
export const useAwareness = (): UseQueryResult<AwarenessView> => useAgent(keys.agent("awareness"), "/awareness");
export const useCases = (): UseQueryResult<readonly CaseView[]> => useAgent(keys.agent("cases"), "/quarantine");

export interface KnowledgeQuery {
  readonly words: string;
  /** Empty: all of them. */
  readonly domain: string;
  /** Voted at least so high. */
  readonly level: EntryView["level"];
}

/** Best first, at most a hundred. The last answer stays until the next one is there. */
export function useKnowledge({ words, domain, level }: KnowledgeQuery): UseQueryResult<readonly EntryView[]> {
  const query = new URLSearchParams({ level, limit: String(ENTRIES) });
  if (words !== "") query.set("query", words);
  if (domain !== "") query.set("domain", domain);
  return useQuery<readonly EntryView[]>({
    queryKey: keys.agent("knowledge", query.toString()),
    queryFn: ({ signal }) => call("GET", `/agents/knowledge?${query}`, undefined, signal),
    refetchInterval: SEARCH_AGAIN_MS,
    staleTime: 0,
    placeholderData: (before) => before,
  });
}

export const useEntry = (id: string): UseQueryResult<EntryView> =>
  useAgent(keys.agent("entry", id), `/knowledge/${id}`);
/** Null before any vote is counted. */
export const useTally = (id: string): UseQueryResult<TallyView | null> =>
  useAgent(keys.agent("tally", id), `/knowledge/tally?entry=${id}`);

/** Whether an answer means that there is no agent to ask. */
export function isNotRunning(error: unknown): boolean {
  return error instanceof ApiFailure && error.code === "agent_not_running";
}
