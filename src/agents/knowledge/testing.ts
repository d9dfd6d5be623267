/** For tests: entries, their ids, and an index in a folder that goes with the test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { toHex, utf8Encode } from "../../core/bytes.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { EntryId, NetworkId, OperatorId } from "../agent-ids.ts";
import { encodeStatement } from "../statement.ts";
import { encodeKnowledgeEntry, entryIdOf, type KnowledgeEntry } from "./entry.ts";
import { EntryIndex } from "./entry-index.ts";
import type { EntryQuery } from "./entry-search.ts";
import type { EntryLevel } from "./entry-level.ts";
import type { EntryBounds } from "./entry-table.ts";

export const NOW: number = Date.UTC(2026, 10, 27);

const named = (name: string): string => toHex(sha256(utf8Encode(name)));

export const NETWORK = named("network") as NetworkId;

/** The same at every call. */
export function operatorCalled(name: string): OperatorId {
  return named(`operator ${name}`) as OperatorId;
}

export function entryWith(changes: Partial<KnowledgeEntry> = {}): KnowledgeEntry {
  return {
    operator: operatorCalled("ada"),
    type: "observation",
    confidence: 50,
    ttlS: 0,
    domain: "rust/async",
    content: "A lock that is held across an await stops the whole runtime.",
    tags: [],
    sources: [],
    supersedes: [],
    ...changes,
  };
}

export function idOf(entry: KnowledgeEntry, network: NetworkId = NETWORK): EntryId {
  return entryIdOf(encodeStatement({ kind: "entry", network, body: encodeKnowledgeEntry(entry) }));
}

/** An index of a test's own, and a short way to fill and ask it. */
export class TestIndex {
  readonly path: string;
  index: EntryIndex;
  readonly #bounds: EntryBounds | undefined;

  constructor(t: TestContext, bounds?: EntryBounds) {
    const folder = mkdtempSync(join(tmpdir(), "nocturne-knowledge-"));
    this.path = join(folder, "entries.db");
    this.#bounds = bounds;
    this.index = new EntryIndex(this.path, bounds);
    t.after(() => {
      this.index.close();
      rmSync(folder, { recursive: true });
    });
  }

  /** Its id. */
  put(changes: Partial<KnowledgeEntry> = {}, level: EntryLevel = "low", madeAtMs: number = NOW): EntryId {
    const entry = entryWith(changes);
    const id = idOf(entry);
    this.index.put(entry, { id, madeAtMs, level });
    return id;
  }

  /** Ids, the best first; everybody weighs the same. */
  ask(query: Partial<EntryQuery> = {}): EntryId[] {
    return this.index.query({ limit: 100, nowMs: NOW, weightOf: () => 1_000, ...query }).map(({ id }) => id);
  }

  reopen(): void {
    this.index.close();
    this.index = new EntryIndex(this.path, this.#bounds);
  }
}
