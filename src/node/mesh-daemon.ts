/**
 * A node of the mesh as a program of its own: no vault, no person, only a key, a share of the disk, and the network.
 *
 *   <dataDir>/mesh-node/node.key    its Ed25519 seed: who can read it can be this node
 *                       ...         what `src/mesh/mesh-node.ts` keeps
 */
import { mkdirSync } from "node:fs";
import { systemClock } from "../core/clock.ts";
import { wipeBytes } from "../core/bytes.ts";
import { ValidationError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { ed25519, type SignatureKeyPair } from "../crypto/signing.ts";
import { exportLedger } from "../mesh/ledger/export.ts";
import { type MeshNode, startMeshNode } from "../mesh/mesh-node.ts";
import type { OwnerId } from "../mesh/node-id.ts";
import type { LeaveProgress, OperatorStatus } from "../mesh/operator-status.ts";
import { dialDirectly, DirectRoute } from "../route/direct-route.ts";
import { routeFetch } from "../route/route-fetch.ts";
import { Routes } from "../route/routes.ts";
import { openNodeKey, readNodeKey } from "./mesh-node-key.ts";
import { readSeed } from "./seed-file.ts";

export interface MeshDaemonOptions {
  /** Its own. */
  readonly folder: string;
  /** Real bytes of the disk that it may take. */
  readonly maxBytes: number;
  readonly bootstrap: readonly string[];
  readonly listen: { readonly host: string; readonly port: number };
  readonly tracker: string | null;
  /** Whether it looks for nodes in the local network. */
  readonly lan: boolean;
  /** Whether it repairs files of others that are given into its care. */
  readonly care: boolean;
  /** Whether it is reached by others' help, and helps others. */
  readonly relay: boolean;
  /** A file with the key of a private network; null: the mesh of everybody. */
  readonly networkKey: string | null;
  readonly log: Logger;
}

export interface VoucherTerms {
  /** 64 hex digits. */
  readonly owner: string;
  /** Of the node's disk. */
  readonly bytes: number;
  readonly untilMs: number;
}

export interface MeshDaemon extends AsyncDisposable {
  status(): OperatorStatus;
  /** 145 bytes (NEP-24), in the node's ledger when this resolves. Throws ValidationError `bad_owner`, and what `MeshNode.voucher` throws. */
  voucher(terms: VoucherTerms): Promise<Uint8Array>;
  /** Says that it leaves, and waits until others hold what it holds; `now`: does not wait. Then `left` is resolved. */
  leave(now: boolean, signal: AbortSignal): AsyncIterable<LeaveProgress>;
  /** Resolved when it was asked to leave, and may end. */
  readonly left: Promise<void>;
}

const OWNER = /^[0-9a-f]{64}$/;
const NETWORK_KEY_HINT = "Every node of a private network has the same file of 64 hex digits.";

/** Throws what `startMeshNode` throws, CodecError `node_key_corrupt` or `network_key_corrupt`. */
export async function startMeshDaemon(options: MeshDaemonOptions): Promise<MeshDaemon> {
  const { folder, networkKey, ...rest } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const nodeKey = keyOf(openNodeKey(folder));
  // A node has one way: its address is what others know it by.
  const routes = new Routes({
    routes: [new DirectRoute()],
    policy: () => ({ usual: "direct", relays: new Map(), demanded: new Set() }),
  });
  const node = await startMeshNode({
    ...rest,
    folder,
    nodeKey,
    owner: null,
    privateKey: networkKey === null ? null : readSeed(networkKey, "network_key_corrupt", NETWORK_KEY_HINT),
    dial: ({ host, port }, signal) => dialDirectly({ host, port }, signal),
    fetch: routeFetch(routes, "tracker"),
    clock: systemClock,
  });
  return daemonOf(node);
}

/**
 * Writes what the node of this folder signed into `to`, be it running or not; see `exportLedger`. Throws also CodecError
 * `node_key_corrupt` where no node ever was.
 */
export async function exportNodeLedger(folder: string, to: string): Promise<string[]> {
  const by = keyOf(readNodeKey(folder));
  try {
    return await exportLedger(folder, by, to);
  } finally {
    wipeBytes(by.secretKey);
  }
}

/** Wipes the seed. */
function keyOf(seed: Uint8Array): SignatureKeyPair {
  const key = ed25519.createKeyPair(seed);
  wipeBytes(seed);
  return key;
}

function ownerIn(text: string): OwnerId {
  if (OWNER.test(text)) return text as OwnerId;
  throw new ValidationError("bad_owner", "An owner is named by 64 hex digits.", {
    hint: "The owner reads them in: nocturne mesh status",
  });
}

function daemonOf(node: MeshNode): MeshDaemon {
  const left = Promise.withResolvers<void>();
  return {
    status: () => node.status(),
    voucher: async ({ owner, ...terms }) => node.voucher({ owner: ownerIn(owner), ...terms }),
    leave: async function* (now, signal) {
      yield* node.leave(now, signal);
      left.resolve();
    },
    left: left.promise,
    [Symbol.asyncDispose]: () => node.close(),
  };
}
