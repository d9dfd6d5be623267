/** What the scenes of groups read and change; kept true by the push events "conversation" and "contacts". */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { Group } from "../../src/api/contract.ts";
import { type Method, call } from "./client.ts";
import { keys } from "./keys.ts";
import { refetchSoon } from "./push.ts";
import { queryClient } from "./queries.ts";

/** Null asks nothing: this conversation is no group. */
export function useGroup(id: string | null): UseQueryResult<Group> {
  return useQuery<Group>({
    queryKey: keys.group(id ?? ""),
    queryFn: ({ signal }) => call("GET", `/groups/${id}`, undefined, signal),
    enabled: id !== null,
  });
}

/** Every change of a group answers how the group is then. `path` begins after the group's id. Throws ApiFailure. */
export async function changeGroup(id: string, method: Method, path: string, body?: unknown): Promise<void> {
  keepGroup(await call<Group>(method, `/groups/${id}${path}`, body));
}

/** Puts what the node answered into the cache. */
export function keepGroup(group: Group): void {
  queryClient.setQueryData<Group>(keys.group(group.id), group);
  refetchSoon(keys.conversations);
}

const LINK_PREFIX = "nocturne:group/";

/** Whether this looks like the join link of a group; whether it is whole, the node decides. */
export function isGroupLink(text: string): boolean {
  return text.trim().startsWith(LINK_PREFIX);
}

/** Asks to be let in by a join link. Throws ApiFailure. */
export async function askToJoin(link: string): Promise<void> {
  await call("POST", "/groups/join", { link: link.trim() });
}
