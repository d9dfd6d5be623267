/** What the scenes read and change of the storage mesh; the push socket tells when the view is another one. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { JoinMesh, MeshView, MeshVoucherView } from "../../src/api/contract.ts";
import { call } from "./client.ts";
import { keys } from "./keys.ts";
import { queryClient } from "./queries.ts";

export function useMesh(): UseQueryResult<MeshView> {
  return useQuery<MeshView>({
    queryKey: keys.mesh,
    queryFn: ({ signal }) => call("GET", "/mesh", undefined, signal),
  });
}

/** Joins, or changes how it is joined. Throws ApiFailure. */
export async function joinMesh(wanted: JoinMesh): Promise<void> {
  show(await call<MeshView>("POST", "/mesh/join", wanted));
}

/** Gives up what is kept there; answers once the nodes that are there were told, or after some seconds. Throws ApiFailure. */
export async function leaveMesh(): Promise<void> {
  show(await call<MeshView>("POST", "/mesh/leave"));
}

/** Throws ApiFailure. */
export async function addVoucher(voucher: string): Promise<MeshVoucherView> {
  const added = await call<MeshVoucherView>("POST", "/mesh/vouchers", { voucher });
  await queryClient.invalidateQueries({ queryKey: keys.mesh });
  return added;
}

function show(view: MeshView): void {
  queryClient.setQueryData(keys.mesh, view);
  for (const queryKey of [keys.status, keys.files, keys.folders]) void queryClient.invalidateQueries({ queryKey });
}
