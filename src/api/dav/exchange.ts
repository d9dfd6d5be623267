/** One request to the mount and the rooms that answer it: what every method is handed. */
import type { Context } from "hono";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { FileLibrary } from "../../files/library.ts";
import type { FileTree } from "../../files/tree.ts";
import type { ApiEnvironment } from "../environment.ts";
import type { LockTable } from "./lock-table.ts";
import type { Resource } from "./resource.ts";

export interface DavRooms {
  readonly library: FileLibrary;
  readonly tree: FileTree;
  readonly locks: LockTable;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Exchange extends DavRooms {
  readonly c: Context<ApiEnvironment>;
  readonly path: string;
  /** What is at this path now; null for nothing. */
  readonly find: (path: string) => Resource | null;
  /** The lock tokens that the request shows. */
  readonly shown: ReadonlySet<string>;
}

export type Method = (exchange: Exchange) => Response | Promise<Response>;

type Answering = Context<ApiEnvironment>;

/** By the context, which adds the protecting headers. */
export function done(c: Answering, status: 200 | 201 | 204, headers: Record<string, string> = {}): Response {
  return c.body(null, status, headers);
}

/** `Depth`, or what it is when nothing is said. Anything else is null. */
export function readDepth(header: string | undefined, usual: "0" | "infinity"): "0" | "1" | "infinity" | null {
  const depth = header?.trim().toLowerCase() ?? usual;
  return depth === "0" || depth === "1" || depth === "infinity" ? depth : null;
}
