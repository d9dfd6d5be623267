import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { NostrEvent } from "../nostr/event.ts";
import { EventStore } from "./event-store.ts";
import { newFolder } from "./testing.ts";

const GIB = 2 ** 30;
const [alice, bob, carol] = ["a".repeat(64), "b".repeat(64), "c".repeat(64)] as const;

let made = 0;
/** An event with an id of its own; the store does not look at signatures. */
function event(change: Partial<NostrEvent> = {}): NostrEvent {
  const id = createHash("sha256").update(String(made++)).digest("hex");
  return { id, pubkey: alice, created_at: 100, kind: 1, tags: [], content: "", sig: "", ...change };
}

function newStore(t: TestContext, maxBytes = GIB): EventStore {
  const store = new EventStore(join(newFolder(t), "relay"), maxBytes);
  t.after(() => store.close());
  return store;
}

/** Puts one event and says whether it is stored, else why not. */
function put(store: EventStore, value: NostrEvent): string {
  const [outcome] = store.putAll([value]);
  return outcome?.lid ? "stored" : (outcome?.reason ?? "");
}

function storedIds(store: EventStore): string[] {
  const rows = store.database.prepare("SELECT json FROM ev ORDER BY lid").all() as { json: string }[];
  return rows.map(({ json }) => (JSON.parse(json) as NostrEvent).id);
}

function count(store: EventStore, table: "ev" | "tag"): number {
  return (store.database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
}

test("an event is stored once", (t) => {
  const store = newStore(t);
  const note = event();
  assert.deepEqual(store.putAll([note]), [{ accepted: true, reason: "", lid: 1 }]);
  const [again] = store.putAll([note]);
  assert.deepEqual([again?.accepted, again?.lid], [true, null]);
  assert.match(again?.reason ?? "", /^duplicate:/);
  assert.equal(count(store, "ev"), 1);
});

test("of a replaceable kind only the newest stays, and of one second the lowest id", (t) => {
  const store = newStore(t);
  const old = event({ kind: 10_050, tags: [["relay", "x"]] });
  const recent = event({ kind: 10_050, created_at: 200 });
  assert.equal(put(store, old), "stored");
  assert.equal(put(store, recent), "stored");
  assert.match(put(store, event({ kind: 10_050, created_at: 150 })), /^duplicate:/);
  assert.deepEqual(storedIds(store), [recent.id]);
  const [low, high] = ["0".repeat(64), "f".repeat(64)] as const;
  assert.match(put(store, event({ id: high, kind: 10_050, created_at: 200 })), /^duplicate:/);
  assert.equal(put(store, event({ id: low, kind: 10_050, created_at: 200 })), "stored");
  assert.deepEqual(storedIds(store), [low]);
  assert.equal(put(store, event({ kind: 10_050, pubkey: bob })), "stored");
  assert.equal(put(store, event({ kind: 0 })), "stored");
  assert.equal(count(store, "ev"), 3);
});

test("an addressable event has one place for each d tag", (t) => {
  const store = newStore(t);
  const [one, two] = [[["d", "one"]], [["d", "two"]]];
  assert.equal(put(store, event({ kind: 30_000, tags: one })), "stored");
  assert.equal(put(store, event({ kind: 30_000, tags: two })), "stored");
  assert.equal(put(store, event({ kind: 30_000 })), "stored");
  assert.equal(put(store, event({ kind: 30_000, tags: one, created_at: 101 })), "stored");
  assert.match(put(store, event({ kind: 30_000, tags: one, created_at: 100 })), /^duplicate:/);
  assert.equal(count(store, "ev"), 3);
  assert.equal(count(store, "tag"), 2, "the tags of the replaced one are gone");
});

test("an author deletes his own events and nobody else's", (t) => {
  const store = newStore(t);
  const [mine, theirs] = [event({ tags: [["t", "x"]] }), event({ pubkey: bob })];
  store.putAll([mine, theirs]);
  const deletion = event({ kind: 5, tags: [["e", mine.id], ["e", theirs.id], ["e", "no id"], ["e"]] });
  assert.equal(put(store, deletion), "stored");
  assert.deepEqual(storedIds(store), [theirs.id, deletion.id]);
  assert.match(put(store, mine), /^blocked: this event was deleted/);
  assert.match(put(store, theirs), /^duplicate:/);
});

test("a deletion that comes first keeps the event out", (t) => {
  const store = newStore(t);
  const note = event();
  store.putAll([event({ kind: 5, pubkey: bob, tags: [["e", note.id]] })]);
  const [kept, refused] = [note, event()];
  store.putAll([event({ kind: 5, tags: [["e", refused.id]] })]);
  assert.equal(put(store, kept), "stored", "a stranger's deletion says nothing");
  assert.match(put(store, refused), /^blocked:/);
});

test("a deletion cannot be deleted", (t) => {
  const store = newStore(t);
  const note = event();
  const deletion = event({ kind: 5, tags: [["e", note.id]] });
  store.putAll([note, deletion, event({ kind: 5, tags: [["e", deletion.id]] })]);
  assert.ok(storedIds(store).includes(deletion.id));
  assert.match(put(store, note), /^blocked:/);
});

test("an address is deleted up to the date of its deletion", (t) => {
  const store = newStore(t);
  const article = (change: Partial<NostrEvent>): NostrEvent => event({ kind: 30_023, tags: [["d", "a:b"]], ...change });
  const deletion = event({ kind: 5, created_at: 150, tags: [["a", `30023:${alice}:a:b`]] });
  const foreign = event({ kind: 5, pubkey: bob, created_at: 500, tags: [["a", `30023:${alice}:a:b`]] });
  store.putAll([article({})]);
  assert.equal(put(store, foreign), "stored");
  assert.equal(storedIds(store).length, 2);
  assert.equal(put(store, deletion), "stored");
  assert.deepEqual(storedIds(store), [foreign.id, deletion.id]);
  assert.match(put(store, article({ created_at: 150 })), /^blocked:/);
  const later = article({ created_at: 151 });
  assert.equal(put(store, later), "stored");
  assert.equal(put(store, { ...deletion, id: "d".repeat(64) }), "stored");
  assert.ok(storedIds(store).includes(later.id), "what came after the deletion stays");
});

test("a wrap is deleted by its recipient, not by a stranger", (t) => {
  const store = newStore(t);
  const wrap = event({ kind: 1059, tags: [["p", bob]] });
  store.putAll([wrap]);
  assert.equal(put(store, event({ kind: 5, pubkey: carol, tags: [["e", wrap.id]] })), "stored");
  assert.ok(storedIds(store).includes(wrap.id));
  assert.equal(
    put(
      store,
      event({
        kind: 5,
        pubkey: bob,
        tags: [
          ["e", wrap.id],
          ["k", "1059"],
        ],
      }),
    ),
    "stored",
  );
  assert.ok(!storedIds(store).includes(wrap.id));
  assert.match(put(store, wrap), /^blocked:/);
  const note = event({ tags: [["p", bob]] });
  store.putAll([note, event({ kind: 5, pubkey: bob, tags: [["e", note.id]] })]);
  assert.ok(storedIds(store).includes(note.id), "being named in a public note gives no right over it");
});

test("expired events are swept with their tags, at most a thousand at once", (t) => {
  const store = newStore(t);
  const tags = [
    ["expiration", "150"],
    ["t", "x"],
  ];
  store.putAll(Array.from({ length: 1_001 }, () => event({ tags })));
  store.putAll([event(), event({ tags: [["expiration", "151"]] }), event({ tags: [["expiration", "soon"]] })]);
  assert.equal(store.sweep(149), 0);
  assert.equal(store.sweep(150), 1_000);
  assert.equal(store.sweep(150), 1);
  assert.deepEqual([count(store, "ev"), count(store, "tag")], [3, 0]);
});

test("lids are never used again", (t) => {
  const store = newStore(t);
  const note = event();
  store.putAll([note]);
  const lids = store.putAll([event({ kind: 5, tags: [["e", note.id]] }), event()]).map(({ lid }) => lid);
  assert.deepEqual(lids, [2, 3]);
});

test("nobody else on the machine can read the store", (t) => {
  const folder = join(newFolder(t), "relay");
  mkdirSync(folder, { mode: 0o755 });
  const store = new EventStore(folder, GIB);
  store.putAll([event()]);
  const mode = (path: string): number => statSync(path).mode & 0o777;
  assert.equal(mode(folder), 0o700);
  const files = readdirSync(folder);
  assert.ok(files.length >= 2, "the WAL file is there too");
  for (const file of files) assert.equal(mode(join(folder, file)), 0o600, file);
  store.close();
});

test("a store in use, or what is none, is refused", (t) => {
  const folder = join(newFolder(t), "relay");
  const store = new EventStore(folder, GIB);
  store.putAll([event()]);
  assert.throws(() => new EventStore(folder, GIB), { code: "relay_store_unusable" });
  assert.equal(put(store, event()), "stored");
  store.close();
  const reopened = new EventStore(folder, GIB);
  assert.equal(count(reopened, "ev"), 2);
  reopened.database.exec("PRAGMA user_version = 99");
  reopened.close();
  assert.throws(() => new EventStore(folder, GIB), { code: "relay_store_unusable" });
  writeFileSync(join(folder, "events.db"), "This is not a database. ".repeat(1_000));
  assert.throws(() => new EventStore(folder, GIB), { code: "relay_store_unusable" });
});

test("a full store refuses a batch as a whole, and a deletion makes room", (t) => {
  const store = newStore(t, 400_000);
  const large = (): NostrEvent => event({ content: "x".repeat(20_000) });
  const stored: NostrEvent[] = [];
  const fill = (): void => {
    for (;;) {
      const next = large();
      store.putAll([next]);
      stored.push(next);
    }
  };
  assert.throws(fill, /full/);
  assert.throws(() => store.putAll([event(), large(), large()]), /full/);
  assert.deepEqual(
    storedIds(store),
    stored.map(({ id }) => id),
    "nothing of the failed batch is there",
  );
  const victims = stored.slice(0, 3).map(({ id }) => ["e", id]);
  assert.equal(put(store, event({ kind: 5, tags: victims })), "stored");
  assert.equal(put(store, large()), "stored");
});
