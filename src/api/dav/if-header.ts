/**
 * The `If` header (RFC 4918 section 10.4), which says in which state things must be for a request to be carried out:
 *
 *   If: (<urn:uuid:1> ["etag"]) (Not <DAV:no-lock>)             about the resource of the request
 *   If: </dav/a> (<urn:uuid:1>) </dav/b> (<urn:uuid:2>)         each list about the resource before it
 *
 * One list that holds is enough; a list holds when all its conditions do. Every token in it counts as shown.
 */
import { DAV_LIMITS } from "../../core/limits.ts";
import { DavError } from "./dav-error.ts";

export interface StateCondition {
  readonly negated: boolean;
  readonly kind: "token" | "etag";
  /** A token without its brackets; an entity tag with its quotes. */
  readonly value: string;
}

export interface StateList {
  /** The URL, as the client wrote it, or null for the resource of the request. */
  readonly resource: string | null;
  readonly conditions: readonly StateCondition[];
}

const SPACE = /^[ \t]+/;
const TAG = /^<([^<>\s]+)>/;
const CONDITION = /^(Not[ \t]*)?(?:<([^<>\s]+)>|\[((?:W\/)?"[^"]*")\])/i;

/** Throws DavError 400 `bad_if_header`. */
export function parseIfHeader(header: string): StateList[] {
  const lists: StateList[] = [];
  let resource: string | null = null;
  let left = DAV_LIMITS.conditions;
  let rest = header.trim();
  while (rest !== "") {
    const tag = TAG.exec(rest);
    if (tag !== null) {
      // The first word decides whether lists are tagged, and a tag without a list says nothing.
      if (lists.length > 0 && resource === null) throw bad();
      resource = tag[1] as string;
      rest = rest.slice(tag[0].length).replace(SPACE, "");
    }
    const list = readList(rest, left);
    left -= list.conditions.length;
    lists.push({ resource, conditions: list.conditions });
    rest = list.rest;
  }
  if (lists.length === 0) throw bad();
  return lists;
}

function readList(text: string, most: number): { conditions: StateCondition[]; rest: string } {
  if (!text.startsWith("(")) throw bad();
  const conditions: StateCondition[] = [];
  let rest = text.slice(1).replace(SPACE, "");
  while (!rest.startsWith(")")) {
    const found = CONDITION.exec(rest);
    if (found === null || conditions.length >= most) throw bad();
    const [whole, not, token, etag] = found;
    const negated = not !== undefined;
    conditions.push(
      token === undefined ? { negated, kind: "etag", value: etag as string } : { negated, kind: "token", value: token },
    );
    rest = rest.slice(whole.length).replace(SPACE, "");
  }
  if (conditions.length === 0) throw bad();
  return { conditions, rest: rest.slice(1).replace(SPACE, "") };
}

function bad(): DavError {
  return new DavError(400, "bad_if_header", "The header If cannot be read.");
}
