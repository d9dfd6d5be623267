/**
 * Answers a filter from the store, page by page, the newest first.
 *
 *   filter {"authors": [a, b], "kinds": [1]}
 *     -> scans   (a, 1): 90 80 20 ...   (b, 1): 85 30 ...      each an index in order of time
 *     -> merged  90 85 80 30 20 ...     -> matched one by one -> page
 *
 * A page ends after so many bytes or looked-at events, whichever comes first, and says where the next
 * one starts: nobody's question, however wide, keeps the others waiting for long. All pages of a
 * question show the store as it was at the first one (`snapshot`), so that what comes later is live.
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { fromHex, toHex } from "../core/bytes.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { type Filter, matchesFilter, tagFields } from "../nostr/filter.ts";
import { KIND } from "../nostr/kinds.ts";
import { isVisible, mayShowWraps } from "./visibility.ts";

/** Where a page starts: behind the event of this time and id. */
export interface Position {
  readonly ts: number;
  readonly id: string;
}

export interface PageRequest {
  readonly filter: Filter;
  /** Keys (hex) that the reader has proven. */
  readonly keys: readonly string[];
  readonly from: Position | null;
  /** How many events at most, this and all further pages together. */
  readonly remaining: number;
  /** The snapshot of the first page; null to take one. */
  readonly snapshot: number | null;
}

export interface Page {
  readonly events: readonly { readonly id: string; readonly json: string }[];
  /** null after the last page. */
  readonly next: Pick<PageRequest, "from" | "remaining"> | null;
  /** The highest lid that this question sees. */
  readonly snapshot: number;
}

interface Candidate {
  readonly lid: number;
  readonly id: Uint8Array;
  readonly pk: Uint8Array;
  readonly kind: number;
  readonly ts: number;
}

type Values = Record<string, string | number | Uint8Array>;

const PAGE_CHARACTERS = 262_144;
const PAGE_CANDIDATES = 2_000;
const MAX_PAIRS = 200; // of author and kind; beyond it the authors alone lead
const FIRST_CHUNK = 64;
const MAX_CHUNK = 256;

// Each names its index, so that no statistics can talk SQLite into sorting the whole table.
const SOURCES = {
  id: "ev e WHERE e.id = :key",
  author: "ev e INDEXED BY ev_pk WHERE e.pk = :key",
  authorKind: "ev e INDEXED BY ev_pk_kind WHERE e.pk = :key AND e.kind = :kind",
  kind: "ev e INDEXED BY ev_kind WHERE e.kind = :kind",
  any: "ev e INDEXED BY ev_ts WHERE true",
  tag: "tag t CROSS JOIN ev e ON e.lid = t.lid WHERE t.name = :name AND t.val = :key",
} as const;
type Source = keyof typeof SOURCES;

export class EventQuery {
  readonly #statements: Record<Source, StatementSync>;
  readonly #json: StatementSync;
  readonly #newestLid: StatementSync;

  constructor(database: DatabaseSync) {
    const prepared = Object.keys(SOURCES).map((name) => [name, database.prepare(selectFrom(name as Source))]);
    this.#statements = Object.fromEntries(prepared) as Record<Source, StatementSync>;
    this.#json = database.prepare("SELECT json FROM ev WHERE lid = ?");
    this.#newestLid = database.prepare("SELECT coalesce(max(lid), 0) AS lid FROM ev");
  }

  /** The next events that answer the request and that its reader may see. `nowS` hides what has expired. */
  page(request: PageRequest, nowS: number): Page {
    const { filter } = request;
    const snapshot = request.snapshot ?? (this.#newestLid.get() as { lid: number }).lid;
    const { scans, covered } = this.#plan(filter, {
      ts: request.from?.ts ?? filter.until ?? Number.MAX_SAFE_INTEGER,
      id: request.from ? fromHex(request.from.id) : new Uint8Array(0),
      since: filter.since ?? 0,
      now: nowS,
      snapshot,
    });
    const accept = this.#acceptor(filter, new Set(request.keys), covered);
    return { ...collectPage(scans, accept, request.remaining), snapshot };
  }

  /** The scans that together see every event of the filter, and whether they prove its tag conditions. */
  #plan(filter: Filter, values: Values): { scans: Scan[]; covered: boolean } {
    const tags = tagFields(filter).sort(([, a], [, b]) => a.length - b.length);
    const scan = (source: Source, keys: Values[]): Scan[] =>
      keys.map((key) => new Scan(this.#statements[source], { ...values, ...key }, firstChunk(keys.length)));
    if (filter.ids) return { scans: scan("id", hexKeys(filter.ids)), covered: tags.length === 0 };
    if (tags[0]) {
      const [name, wanted] = tags[0];
      const keys = [...new Set(wanted)].map((key) => ({ name, key }));
      return { scans: scan("tag", keys), covered: tags.length === 1 };
    }
    const kinds = filter.kinds && [...new Set(filter.kinds)].map((kind) => ({ kind }));
    const authors = filter.authors && hexKeys(filter.authors);
    if (authors && kinds && authors.length * kinds.length <= MAX_PAIRS) {
      const pairs = authors.flatMap((author) => kinds.map((kind) => ({ ...author, ...kind })));
      return { scans: scan("authorKind", pairs), covered: true };
    }
    if (authors) return { scans: scan("author", authors), covered: true };
    if (kinds) return { scans: scan("kind", kinds), covered: true };
    return { scans: scan("any", [{}]), covered: true };
  }

  /** A function that gives a candidate's JSON when it is an answer, else null. */
  #acceptor(filter: Filter, keys: ReadonlySet<string>, covered: boolean): (candidate: Candidate) => string | null {
    const kinds = filter.kinds && new Set(filter.kinds);
    const authors = filter.authors && new Set(filter.authors);
    const showsWraps = mayShowWraps(filter, keys);
    return ({ lid, kind, pk }) => {
      if (kinds && !kinds.has(kind)) return null;
      if (authors && !authors.has(toHex(pk))) return null;
      if (kind === KIND.wrap && !showsWraps) return null;
      const { json } = this.#json.get(lid) as { json: string };
      if (covered && kind !== KIND.deletion) return json;
      const event = JSON.parse(json) as NostrEvent;
      return matchesFilter(filter, event) && isVisible(event, filter, keys) ? json : null;
    };
  }
}

/** One index read in order of time, in chunks that double: most readers want only the top. */
class Scan {
  readonly #statement: StatementSync;
  readonly #values: Values;
  #chunk: number;
  #rows: Candidate[] = [];
  #next = 0;
  #finished = false;

  constructor(statement: StatementSync, values: Values, chunk: number) {
    this.#statement = statement;
    this.#values = values;
    this.#chunk = chunk;
  }

  peek(): Candidate | null {
    if (this.#next === this.#rows.length && !this.#finished) this.#refill();
    return this.#rows[this.#next] ?? null;
  }

  skip(): void {
    this.#next++;
  }

  #refill(): void {
    const last = this.#rows.at(-1);
    if (last) Object.assign(this.#values, { ts: last.ts, id: last.id });
    this.#rows = this.#statement.all({ ...this.#values, count: this.#chunk }) as unknown as Candidate[];
    this.#next = 0;
    this.#finished = this.#rows.length < this.#chunk;
    this.#chunk = Math.min(this.#chunk * 2, MAX_CHUNK);
  }
}

function collectPage(
  scans: readonly Scan[],
  accept: (candidate: Candidate) => string | null,
  limit: number,
): Pick<Page, "events" | "next"> {
  const events: { id: string; json: string }[] = [];
  let characters = 0;
  let last: Candidate | null = null;
  for (let examined = 0; events.length < limit; examined++) {
    if (last && (examined >= PAGE_CANDIDATES || characters >= PAGE_CHARACTERS)) {
      return { events, next: { from: { ts: last.ts, id: toHex(last.id) }, remaining: limit - events.length } };
    }
    const candidate = takeNewest(scans);
    if (!candidate) break;
    // Two values of one tag find the same event twice, one after the other.
    const json = candidate.lid === last?.lid ? null : accept(candidate);
    last = candidate;
    if (json === null) continue;
    events.push({ id: toHex(candidate.id), json });
    characters += json.length;
  }
  return { events, next: null };
}

function takeNewest(scans: readonly Scan[]): Candidate | null {
  let newest: Candidate | null = null;
  let owner: Scan | null = null;
  for (const scan of scans) {
    const candidate = scan.peek();
    if (candidate && (!newest || comesBefore(candidate, newest))) [newest, owner] = [candidate, scan];
  }
  owner?.skip();
  return newest;
}

// The newest first; in the same second the lowest id first. (NIP-01)
function comesBefore(a: Candidate, b: Candidate): boolean {
  return a.ts !== b.ts ? a.ts > b.ts : Buffer.compare(a.id, b.id) < 0;
}

/** One chunk of an index, in the order of answers. */
export function selectFrom(source: Source): string {
  const ts = source === "tag" ? "t.ts" : "e.ts";
  return `SELECT e.lid, e.id, e.pk, e.kind, e.ts FROM ${SOURCES[source]}
    AND ${ts} <= :ts AND ${ts} >= :since AND (${ts} < :ts OR e.id > :id)
    AND e.lid <= :snapshot AND (e.exp IS NULL OR e.exp > :now)
    ORDER BY ${ts} DESC, e.id LIMIT :count`;
}

function hexKeys(values: readonly string[]): Values[] {
  return [...new Set(values)].map((value) => ({ key: fromHex(value) }));
}

function firstChunk(scans: number): number {
  return Math.max(2, Math.ceil(FIRST_CHUNK / Math.max(1, scans)));
}
