/**
 * A filter: what a subscriber asks of a relay (NIP-01).
 *
 *   { "kinds": [1059], "#p": ["<pubkey>"], "since": 1700000000, "limit": 100 }
 *
 * Every field must match (and); inside a list any value does (or). An empty list matches nothing.
 */

import { utf8Encode } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { RELAY_LIMITS } from "../core/limits.ts";
import { isHex, type NostrEvent } from "./event.ts";

export interface Filter {
  readonly ids?: readonly string[];
  readonly authors?: readonly string[];
  readonly kinds?: readonly number[];
  /** Seconds since 1970, both ends included. */
  readonly since?: number;
  readonly until?: number;
  /** How many stored events at most, the newest first. Says nothing about live ones. */
  readonly limit?: number;
  readonly [tag: `#${string}`]: readonly string[] | undefined;
}

export type FilterLimits = Readonly<Record<"filterValues" | "tagValueBytes", number>>;

/**
 * A filter of plain data. A field we do not know (such as `search`) is refused, because leaving it
 * out would answer a wider question than the one asked. Throws CodecError `bad_filter`.
 */
export function parseFilter(value: unknown, limits: FilterLimits = RELAY_LIMITS): Filter {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badFilter("it must be an object");
  const filter: Record<string, unknown> = {};
  let values = 0;
  for (const [name, field] of Object.entries(value)) {
    filter[name] = readField(name, field, limits);
    if (Array.isArray(field)) values += field.length;
  }
  if (values > limits.filterValues) throw badFilter(`more than ${limits.filterValues} values`);
  return filter as Filter;
}

/** Does the event answer the filter? `limit` plays no part. */
export function matchesFilter(filter: Filter, event: NostrEvent): boolean {
  if (filter.ids && !filter.ids.includes(event.id)) return false;
  if (filter.authors && !filter.authors.includes(event.pubkey)) return false;
  if (filter.kinds && !filter.kinds.includes(event.kind)) return false;
  if (filter.since !== undefined && event.created_at < filter.since) return false;
  if (filter.until !== undefined && event.created_at > filter.until) return false;
  return tagFields(filter).every(([name, values]) =>
    event.tags.some((tag) => tag[0] === name && tag[1] !== undefined && values.includes(tag[1])),
  );
}

/** The tag conditions of a filter: pairs of the tag's name without `#` and its values. */
export function tagFields(filter: Filter): [name: string, values: readonly string[]][] {
  const fields: [string, readonly string[]][] = [];
  for (const key in filter) {
    if (key[0] === "#") fields.push([key.slice(1), filter[key as `#${string}`] ?? []]);
  }
  return fields;
}

function readField(name: string, field: unknown, limits: FilterLimits): unknown {
  if (name === "ids" || name === "authors") return readList(name, field, (item) => isHex(item, 32));
  if (name === "kinds") return readList(name, field, (item) => isCount(item) && item <= 65_535);
  if (name === "since" || name === "until" || name === "limit") {
    if (!isCount(field)) throw badFilter(`${name} must be a whole number, zero or more`);
    return field;
  }
  if (/^#[a-zA-Z]$/.test(name)) return readList(name, field, (item) => isTagValue(item, limits));
  throw badFilter("it has a field that is not supported");
}

function readList(name: string, field: unknown, accepts: (item: unknown) => boolean): unknown[] {
  if (!Array.isArray(field)) throw badFilter(`${name} must be a list`);
  if (!field.every(accepts)) throw badFilter(`${name} holds a value of the wrong form`);
  return [...field];
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTagValue(value: unknown, limits: FilterLimits): boolean {
  return typeof value === "string" && value.isWellFormed() && utf8Encode(value).length <= limits.tagValueBytes;
}

function badFilter(reason: string): CodecError {
  return new CodecError("bad_filter", `This is not a valid filter: ${reason}.`);
}
