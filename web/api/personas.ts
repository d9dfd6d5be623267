/** What the scenes read and change of personas; kept true by the push event "personas" and those that carry one. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { NewPersona, Persona } from "../../src/api/contract.ts";
import { actingStore } from "../stores/acting.ts";
import { useStore } from "../stores/store.ts";
import { call } from "./client.ts";
import { keys } from "./keys.ts";
import { queryClient } from "./queries.ts";

/** All of them, in the order in which they were made. */
export function usePersonas(): UseQueryResult<readonly Persona[]> {
  return useQuery<readonly Persona[]>({
    queryKey: keys.personas,
    queryFn: ({ signal }) => call("GET", "/personas", undefined, signal),
  });
}

/** The one that this tab acts as; null for yourself, undefined while loading and once it has ended. */
export function useActingPersona(): Persona | null | undefined {
  const acting = useStore(actingStore);
  const { data } = usePersonas();
  return acting && data?.find(({ id }) => id === acting.id);
}

/** Throws ApiFailure. */
export async function createPersona(request: NewPersona): Promise<Persona> {
  const made = await call<Persona>("POST", "/personas", request);
  await queryClient.invalidateQueries({ queryKey: keys.personas });
  return made;
}

/** Throws ApiFailure. */
export async function removePersona(id: string): Promise<void> {
  await call("DELETE", `/personas/${id}`);
  await queryClient.invalidateQueries({ queryKey: keys.personas });
}
