/** Somebody's node who keeps files in the mesh and nothing for others, in the test's own process or in one that it started. */
import { type Clock, systemClock, type Timers } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { ed25519 } from "../../src/crypto/signing.ts";
import { type MeshNode, startMeshNode } from "../../src/mesh/mesh-node.ts";
import { dialDirectly } from "../../src/route/direct-route.ts";

export interface ClientSetup {
  readonly folder: string;
  /** The owner's, 32 bytes. */
  readonly secret: Uint8Array;
  readonly bootstrap: readonly string[];
  /** Looks for neighbours in the local network; it does not by default. */
  readonly lan?: boolean;
  /** The machine's own by default. */
  readonly time?: Clock & Timers;
}

export function startMeshClient({ folder, secret, bootstrap, lan = false, time }: ClientSetup): Promise<MeshNode> {
  return startMeshNode({
    folder,
    nodeKey: ed25519.createKeyPair(),
    owner: { secret },
    listen: null,
    bootstrap,
    lan,
    tracker: null,
    privateKey: null,
    maxBytes: null,
    care: false,
    relay: false,
    dial: (address, signal) => dialDirectly(address, signal),
    fetch: () => Promise.reject(new Error("no web here")),
    clock: time ?? systemClock,
    ...(time ? { timers: time } : {}),
    log: createLogger("warn"),
  });
}
