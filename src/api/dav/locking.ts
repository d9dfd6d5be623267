/** LOCK and UNLOCK. */
import { DAV_LIMITS } from "../../core/limits.ts";
import { noParent, putEmpty } from "./content.ts";
import { DavError } from "./dav-error.ts";
import { checkNewName, parentOf } from "./dav-path.ts";
import { done, type Exchange, readDepth } from "./exchange.ts";
import { activeLock } from "./live-properties.ts";
import type { Lock } from "./lock-table.ts";
import { XML_START, XML_TYPE } from "./multistatus.ts";
import { readLockInfo } from "./xml-requests.ts";

/**
 * Without a body it refreshes the one lock that `If` shows. On a URL where nothing is, an empty file is made, so that the
 * name is taken (RFC 4918 section 7.3).
 */
export async function lock(exchange: Exchange): Promise<Response> {
  const { c, path, find, locks, shown } = exchange;
  const body = await c.req.text();
  const timeoutMs = readTimeoutMs(c.req.header("timeout"));
  if (body.trim() === "") return refresh(exchange, timeoutMs);
  const { scope, owner } = readLockInfo(body);
  const depth = readDepth(c.req.header("depth"), "infinity");
  if (depth === null || depth === "1") throw new DavError(400, "bad_depth", "A lock has Depth 0 or infinity.");
  const isNew = find(path) === null;
  if (isNew) {
    checkNewName(path);
    if (find(parentOf(path))?.kind !== "folder") throw noParent();
    locks.check(path, "name", shown);
  }
  const taken = locks.take({ path, scope, isDeep: depth === "infinity", owner, timeoutMs });
  try {
    if (isNew) await putEmpty(exchange);
  } catch (error) {
    locks.release(taken.token, path);
    throw error;
  }
  return answer(c, taken, isNew ? 201 : 200, { "lock-token": `<${taken.token}>` });
}

function refresh({ c, path, locks, shown }: Exchange, timeoutMs: number): Response {
  const [token, another] = shown;
  if (token === undefined || another !== undefined) {
    throw new DavError(400, "no_lock_token", "A lock is refreshed with its token in the header If.");
  }
  const refreshed = locks.refresh(token, path, timeoutMs);
  if (refreshed) return answer(c, refreshed, 200);
  const words = "This lock has ended, or is on something else.";
  throw new DavError(412, "unknown_lock", words, { name: "lock-token-matches-request-uri" });
}

export function unlock({ c, path, locks }: Exchange): Response {
  const token = /^<(.+)>$/.exec(c.req.header("lock-token")?.trim() ?? "")?.[1];
  if (token === undefined) throw new DavError(400, "no_lock_token", "The header Lock-Token is missing.");
  if (locks.release(token, path)) return done(c, 204);
  const words = "This lock has ended, or is on something else.";
  throw new DavError(409, "unknown_lock", words, { name: "lock-token-matches-request-uri" });
}

function answer(c: Exchange["c"], held: Lock, status: 200 | 201, headers: Record<string, string> = {}): Response {
  const active = activeLock(held, held.expiresMs - held.timeoutMs);
  const text = `${XML_START}<D:prop xmlns:D="DAV:"><D:lockdiscovery>${active}</D:lockdiscovery></D:prop>\n`;
  return c.body(text, status, { ...headers, "content-type": XML_TYPE });
}

/** The first time of a list that is understood; longer than we give is cut. */
function readTimeoutMs(header: string | undefined): number {
  const seconds = /Second-(\d{1,10})/i.exec(header ?? "")?.[1];
  return seconds === undefined ? DAV_LIMITS.lockMs : Math.max(1, Number(seconds)) * 1000;
}
