/** What the scenes read and change of couriers. Their counts move by themselves, so they are asked for again while shown. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { CouriersView } from "../../src/api/contract.ts";
import { call } from "./client.ts";
import { keys } from "./keys.ts";
import { queryClient } from "./queries.ts";

const REFRESH_MS = 3_000;

export function useCouriers(): UseQueryResult<CouriersView> {
  return useQuery<CouriersView>({
    queryKey: keys.couriers,
    queryFn: ({ signal }) => call("GET", "/couriers", undefined, signal),
    staleTime: 0,
    refetchInterval: REFRESH_MS,
  });
}

/** Throws ApiFailure. */
export async function changeCouriers(method: "PUT" | "DELETE", path: string, body?: unknown): Promise<void> {
  queryClient.setQueryData(keys.couriers, await call<CouriersView>(method, `/couriers/${path}`, body));
  void queryClient.invalidateQueries({ queryKey: keys.status });
}
