/** What the scenes read and change of routes; the push socket tells when the view is another one. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { BrowseWindowView, ChangeNetwork, ChooseRoute, NetworkView } from "../../src/api/contract.ts";
import { call } from "./client.ts";
import { keys } from "./keys.ts";
import { queryClient } from "./queries.ts";

export function useNetwork(): UseQueryResult<NetworkView> {
  return useQuery<NetworkView>({
    queryKey: keys.network,
    queryFn: ({ signal }) => call("GET", "/network", undefined, signal),
  });
}

/** What was chosen is shown at once, and what comes of it with the answer. Throws ApiFailure. */
export async function changeNetwork(change: ChangeNetwork): Promise<void> {
  const { usual, onionRelay, onionLinks } = change;
  await showAtOnce(
    (view) => ({
      ...view,
      usual: usual ?? view.usual,
      services: view.services.map((one) => ({
        ...one,
        on: (one.name === "relay" ? onionRelay : onionLinks) ?? one.on,
      })),
    }),
    () => call<NetworkView>("PATCH", "/network", change),
  );
}

/** As above, for one relay. Throws ApiFailure. */
export async function chooseRoute(choice: ChooseRoute): Promise<void> {
  const { url, way } = choice;
  await showAtOnce(
    (view) => ({ ...view, uses: view.uses.map((one) => (one.what === url ? { ...one, choice: way } : one)) }),
    () => call<NetworkView>("PUT", "/network/relays", choice),
  );
}

/** New circuits for everything. Throws ApiFailure. */
export async function renewCircuits(): Promise<void> {
  await call("POST", "/network/renew");
  await refetch();
}

/** Throws ApiFailure. */
export async function openBrowseWindow(): Promise<void> {
  await call<BrowseWindowView>("POST", "/network/windows");
  await refetch();
}

/** Throws ApiFailure. */
export async function closeBrowseWindow(id: string): Promise<void> {
  await call("DELETE", `/network/windows/${encodeURIComponent(id)}`);
  await refetch();
}

/** Another identity for what the window opens from now on. Throws ApiFailure. */
export async function renewBrowseWindow(id: string): Promise<void> {
  await call<BrowseWindowView>("POST", `/network/windows/${encodeURIComponent(id)}/renew`);
  await refetch();
}

/** A refused change is set back. */
async function showAtOnce(edit: (view: NetworkView) => NetworkView, ask: () => Promise<NetworkView>): Promise<void> {
  const before = queryClient.getQueryData<NetworkView>(keys.network);
  queryClient.setQueryData<NetworkView>(keys.network, (view) => view && edit(view));
  try {
    queryClient.setQueryData(keys.network, await ask());
    void queryClient.invalidateQueries({ queryKey: keys.status });
  } catch (error) {
    queryClient.setQueryData(keys.network, before);
    throw error;
  }
}

function refetch(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: keys.network });
}
