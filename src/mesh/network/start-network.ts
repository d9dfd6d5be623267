/**
 * The door of this room. libp2p takes a third of a second to load, which no program should wait for that does not join the
 * mesh: so it is loaded here, when somebody does.
 */
import type { MeshNetwork, NetworkOptions } from "./mesh-network.ts";

/** See `MeshNetwork.start`. */
export async function startNetwork(options: NetworkOptions): Promise<MeshNetwork> {
  const { MeshNetwork } = await import("./mesh-network.ts");
  return MeshNetwork.start(options);
}
