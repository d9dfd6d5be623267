/**
 * Conditions under which a client wants its request carried out: the `If` header of RFC 4918, and those of RFC 9110
 * section 13. Where one does not hold nothing is done.
 */
import type { Context } from "hono";
import type { ApiEnvironment } from "../environment.ts";
import { DavError } from "./dav-error.ts";
import { readDestination } from "./dav-path.ts";
import { parseIfHeader, type StateCondition, type StateList } from "./if-header.ts";
import type { LockTable } from "./lock-table.ts";
import type { Resource } from "./resource.ts";

export interface StateFinder {
  readonly path: string;
  readonly host: string | undefined;
  readonly locks: LockTable;
  readonly find: (path: string) => Resource | null;
}

/** The lock tokens that the header shows. Throws DavError 400 `bad_if_header`, 412 `precondition_failed`. */
export function checkIfHeader(header: string | undefined, finder: StateFinder): ReadonlySet<string> {
  if (header === undefined) return new Set();
  const lists = parseIfHeader(header);
  if (!lists.some((list) => holds(list, finder))) throw failed();
  const conditions = lists.flatMap((list) => list.conditions);
  return new Set(conditions.filter(({ kind }) => kind === "token").map(({ value }) => value));
}

function holds({ resource, conditions }: StateList, { path, host, locks, find }: StateFinder): boolean {
  const at = resource === null ? path : placeOf(resource, host);
  if (at === null) return false;
  const found = find(at);
  const isTrue = ({ kind, value }: StateCondition): boolean =>
    kind === "token"
      ? locks.covering(at).some(({ token }) => token === value)
      : found?.kind === "file" && found.etag === value;
  return conditions.every((condition) => isTrue(condition) !== condition.negated);
}

/** null for what is not ours, about which nothing holds. */
function placeOf(resource: string, host: string | undefined): string | null {
  try {
    return readDestination(resource, host);
  } catch {
    return null;
  }
}

/**
 * Whether the client has what is there already (304). Throws DavError 412 `precondition_failed`. In the order of
 * RFC 9110 section 13.2.2.
 */
export function checkPreconditions(c: Context<ApiEnvironment>, found: Resource | null): boolean {
  const { ifMatch, ifNone, unmodified, modified } = headersOf(c);
  const changedMs = found?.changedAt ? secondsOf(found.changedAt) : null;
  if (ifMatch !== undefined) {
    if (!names(ifMatch, found)) throw failed();
  } else if (unmodified !== null && changedMs !== null && changedMs > unmodified) throw failed();
  const isRead = c.req.method === "GET" || c.req.method === "HEAD";
  if (ifNone !== undefined) {
    if (!names(ifNone, found)) return false;
    if (isRead) return true;
    throw failed();
  }
  return isRead && modified !== null && changedMs !== null && changedMs <= modified;
}

function headersOf(c: Context<ApiEnvironment>) {
  const date = (name: string): number | null => {
    const atMs = Date.parse(c.req.header(name) ?? "");
    return Number.isNaN(atMs) ? null : atMs;
  };
  return {
    ifMatch: c.req.header("if-match"),
    ifNone: c.req.header("if-none-match"),
    unmodified: date("if-unmodified-since"),
    modified: date("if-modified-since"),
  };
}

/** Our tags are strong and name one content, so that a weak one of a client's means the same. */
function names(header: string, found: Resource | null): boolean {
  if (header.trim() === "*") return found !== null;
  if (found?.kind !== "file") return false;
  return Array.from(header.matchAll(/"[^"]*"/g), ([tag]) => tag).includes(found.etag);
}

/** HTTP knows no parts of a second. */
function secondsOf(time: string): number {
  return Math.floor(Date.parse(time) / 1000) * 1000;
}

function failed(): DavError {
  return new DavError(412, "precondition_failed", "It is no longer as this request expects.");
}
