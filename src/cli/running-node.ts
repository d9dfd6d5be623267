/** Getting along with a node that comes and goes: waiting until it is back, until it is gone, until there is room. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InternalError, NetworkError, NocturneError, NoNodeError } from "../core/errors.ts";
import { socketPath } from "../node/socket-path.ts";
import { DATABASE_FILE } from "../vault/data-directory.ts";
import { Database } from "../vault/database.ts";

/** How long a node that ended may take to come back before the call counts as failed. */
const RETURN_MS = 15_000;
/** A node that was asked to stop lets running calls end first. */
const STOP_MS = 15_000;
/** Another command may hold the data directory for a moment, and a node may just be starting or ending. */
const HELD_MS = 10_000;
const POLL_MS = 100;

/** True when the node was there and ended in the middle of the call. */
export function isNodeGone(error: unknown): boolean {
  return error instanceof NetworkError && error.code === "node_gone";
}

function isInUse(error: unknown): boolean {
  return error instanceof NocturneError && error.code === "vault_in_use";
}

/**
 * Repeats an attempt that finds the data directory held by somebody else, for a while; not if `isLasting` says that
 * it will stay so.
 */
export async function untilFree<T>(
  attempt: () => Promise<T>,
  isLasting: () => Promise<boolean> = async () => false,
): Promise<T> {
  for (const deadline = performance.now() + HELD_MS; ; await sleep(POLL_MS)) {
    try {
      return await attempt();
    } catch (error) {
      const isPassing = isInUse(error) || isNodeGone(error);
      if (!isPassing || performance.now() > deadline || (await isLasting())) throw error;
    }
  }
}

/**
 * Repeats a call that a crash or restart of the node cut off, once the node is back. Only for calls that do no harm
 * when they are made twice. `known`: the node answered before, so that finding none means that it ended. `onAway` is
 * called once, when it is waited for.
 */
export async function untilBack<T>(
  call: () => Promise<T>,
  known: boolean,
  returnMs: number = RETURN_MS,
  onAway: () => void = () => {},
): Promise<T> {
  let wasThere = known;
  let isTold = false;
  for (const deadline = performance.now() + returnMs; ; ) {
    try {
      return await call();
    } catch (error) {
      wasThere ||= isNodeGone(error);
      const mayReturn = wasThere && (isNodeGone(error) || error instanceof NoNodeError);
      if (!mayReturn || performance.now() > deadline) throw error;
      if (!isTold) onAway();
      isTold = true;
      await sleep(POLL_MS);
    }
  }
}

/**
 * Resolves when the node that was asked to end is gone: socket and lock of the data directory are free, so that the
 * next one can start. Throws InternalError `still_stopping`.
 */
export async function untilGone(dataDir: string): Promise<void> {
  for (const deadline = performance.now() + STOP_MS; isHeld(dataDir); await sleep(POLL_MS)) {
    if (performance.now() < deadline) continue;
    throw new InternalError("still_stopping", "The running Nocturne was told to stop, but has not ended yet.", {
      hint: "Wait a little, then look with: nocturne status",
    });
  }
}

function isHeld(dataDir: string): boolean {
  if (existsSync(socketPath(dataDir))) return true;
  const path = join(dataDir, DATABASE_FILE);
  if (!existsSync(path)) return false;
  try {
    new Database(path).close();
    return false;
  } catch (error) {
    return isInUse(error);
  }
}
