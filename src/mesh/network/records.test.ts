import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PeerId } from "@libp2p/interface";
import type { QueryEvent } from "@libp2p/kad-dht";
import { Record as TableRecord } from "@libp2p/kad-dht";
import { Key } from "interface-datastore";
import { type Clock, systemClock, type Timers } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { recordPlace, signRecord } from "../records/record.ts";
import { openNetworkDatabase } from "./network-database.ts";
import { RecordDatastore } from "./record-datastore.ts";
import { tableKey } from "./record-places.ts";
import { TableRecords } from "./records.ts";
import { Republisher } from "./republisher.ts";
import { SeenRecords } from "./seen-records.ts";
import { testFolder } from "./testing.ts";

const owner = ed25519.createKeyPair();
const signed = (sequence: number, by: SignatureKeyPair = owner, madeAtMs = Date.now()): Uint8Array =>
  signRecord({ kind: "owner", sequence, madeAtMs, value: new Uint8Array(3) }, by);

/** What peers answer, in this order; null: that they have nothing. */
function answers(all: readonly (Uint8Array | null)[], asked: { count: number }) {
  return async function* (): AsyncGenerator<QueryEvent> {
    for (const [at, value] of all.entries()) {
      asked.count++;
      const from = { toString: () => `peer ${at}` } as PeerId;
      const record = value ? { record: { key: new Uint8Array(0), value } } : {};
      yield {
        type: 1,
        name: "PEER_RESPONSE",
        from,
        messageName: "GET_VALUE",
        closer: [],
        providers: [],
        ...record,
      } as unknown as QueryEvent;
    }
  };
}

function records(path: string, all: readonly (Uint8Array | null)[], clock: Clock = systemClock) {
  const db = openNetworkDatabase(path);
  const asked = { count: 0 };
  const ask = answers(all, asked);
  const access = { table: { get: ask, put: ask }, seen: new SeenRecords(db, clock), clock, keepOwn: () => {} };
  const table = new TableRecords({ ...access, isConnected: () => true });
  return { table, asked, db, get: () => table.get("owner", owner.publicKey) };
}

describe("records", () => {
  test("three equal answers end the search; the newest counts when they differ", async () => {
    using folder = testFolder();
    const [old, now] = [signed(1), signed(2)];
    const equal = records(folder.path, [null, now, now, now, now, now]);
    assert.equal((await equal.get())?.sequence, 2);
    assert.equal(equal.asked.count, 4);
    equal.db.close();
    using other = testFolder();
    const mixed = records(other.path, [
      old,
      old,
      now,
      old,
      null,
      signed(9, ed25519.createKeyPair()),
      new Uint8Array(200),
    ]);
    assert.equal((await mixed.get())?.sequence, 2);
    assert.equal(mixed.asked.count, 7);
    mixed.db.close();
    using third = testFolder();
    const torn = records(third.path, [old, now, now, now, old]);
    assert.equal((await torn.get())?.sequence, 2);
    assert.equal(torn.asked.count, 5, "all are asked, so that libp2p corrects those who are behind");
    torn.db.close();
  });

  test("the attack: liars who answer first with an old record are believed once, never after the newer was seen", async () => {
    using folder = testFolder();
    const [old, now] = [signed(1), signed(2)];
    const fresh = records(folder.path, [old, old, old, now]);
    assert.equal((await fresh.get())?.sequence, 1, "without memory the attack works");
    fresh.db.close();
    const honest = records(folder.path, [now, now, now]);
    assert.equal((await honest.get())?.sequence, 2);
    honest.db.close();
    const again = records(folder.path, [old, old, old]);
    assert.equal((await again.get())?.sequence, 2);
    again.db.close();
    const later = { nowMs: () => Date.now() + MESH_LIMITS.recordMs + 1 };
    const renewed = records(folder.path, [signed(1, owner, later.nowMs())], later);
    assert.equal(await renewed.get(), null, "an old number with a new date");
    renewed.db.close();
  });

  test("only who says back what it was given is counted, and a put that all refuse fails", async () => {
    using folder = testFolder();
    const record = signed(1);
    const some = records(folder.path, [record, null, record, signed(2)]);
    assert.equal(await some.table.put(record), 2);
    some.db.close();
    const none = records(folder.path, [null, null, signed(2)]);
    await assert.rejects(none.table.put(record), { code: "record_not_kept" });
    await assert.rejects(none.table.put(new Uint8Array(150)), { code: "mesh_record" });
    none.db.close();
  });

  test("nobody to ask is not the same as nothing there", async () => {
    using folder = testFolder();
    const nothing = records(folder.path, [null, null]);
    assert.equal(await nothing.get(), null);
    nothing.db.close();
    const nobody = records(folder.path, []);
    await assert.rejects(nobody.get(), { code: "mesh_unreachable" });
    nobody.db.close();
  });
});

describe("datastore", () => {
  const put = (store: RecordDatastore, record: Uint8Array, by = owner): Key => {
    const key = tableKey(recordPlace("owner", by.publicKey));
    const name = new Key(`/dht/record/${Buffer.from(key).toString("hex")}`);
    return store.put(name, new TableRecord(key, record, new Date()).serialize());
  };

  test("it takes what is newer, and nothing that is older, unsigned, misplaced or no record", () => {
    using folder = testFolder();
    const db = openNetworkDatabase(folder.path);
    const store = new RecordDatastore(db, systemClock, new Uint8Array(32));
    put(store, signed(2));
    put(store, signed(2).slice());
    assert.throws(() => put(store, signed(1)), { code: "stale_record" });
    assert.throws(() => put(store, signed(3).fill(0, 60, 61)), { code: "bad_record" });
    assert.throws(() => put(store, signed(3), ed25519.createKeyPair()), { code: "bad_record" });
    assert.throws(() => store.put(new Key("/dht/provider/a/b"), new Uint8Array(1)), { code: "bad_record" });
    const name = put(store, signed(3));
    assert.equal(store.records, 1);
    assert.deepEqual(new Uint8Array(TableRecord.deserialize(store.get(name)).value).length, signed(3).length);
    store.put(new Key("/peers/a"), new Uint8Array(1));
    assert.deepEqual(
      [...(store.query({ prefix: "/peers" }) as Generator<{ key: Key }>)].map(({ key }) => key.toString()),
      ["/peers/a"],
    );
    db.close();
  });

  test("when it is full the furthest goes, own records always fit, and old ones make room", () => {
    using folder = testFolder();
    const db = openNetworkDatabase(folder.path);
    let nowMs = Date.now();
    const store = new RecordDatastore(db, { nowMs: () => nowMs }, new Uint8Array(32), 4);
    const keys = Array.from({ length: 40 }, () => ed25519.createKeyPair());
    let refused = 0;
    for (const key of keys) {
      try {
        put(store, signed(1, key, nowMs), key);
      } catch {
        refused++;
      }
    }
    assert.equal(store.records, 4);
    assert.ok(refused > 0, "nearer records were not kept");
    store.keepOwn(recordPlace("owner", owner.publicKey));
    put(store, signed(1, owner, nowMs));
    assert.equal(store.records, 4);
    nowMs += MESH_LIMITS.recordMs + 1;
    for (const key of keys.slice(0, 4)) put(store, signed(2, key, nowMs), key);
    assert.equal(store.records, 4);
    db.close();
  });
});

test("records are put anew in time, also across a restart, and sooner after a failure", async () => {
  using folder = testFolder();
  const db = openNetworkDatabase(folder.path);
  let nowMs = Date.now();
  const waiting: { run: () => void; atMs: number }[] = [];
  const timers: Timers = {
    schedule: (run, delayMs) => {
      const entry = { run, atMs: nowMs + delayMs };
      waiting.push(entry);
      return () => void waiting.splice(waiting.indexOf(entry), waiting.includes(entry) ? 1 : 0);
    },
  };
  const pass = async (durationMs: number): Promise<void> => {
    for (const endMs = nowMs + durationMs; nowMs < endMs; ) {
      nowMs += 60_000;
      for (const due of waiting.filter(({ atMs }) => atMs <= nowMs)) {
        waiting.splice(waiting.indexOf(due), 1);
        due.run();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const put: number[] = [];
  let fails = false;
  const records = {
    put: async () => {
      if (fails) throw new Error("nobody");
      put.push(nowMs);
      return 3;
    },
    get: async () => null,
  };
  const tools = { records, db, clock: { nowMs: () => nowMs }, timers, log: createLogger("silent") };
  let sequence = 0;
  const renew = (last: Uint8Array | null): Uint8Array => {
    assert.equal(last === null, sequence === 0);
    return signed(++sequence, owner, nowMs);
  };
  const first = new Republisher(tools);
  first.keep("owner", owner.publicKey, renew);
  await pass(25 * 3_600_000);
  assert.equal(put.length, 3);
  first.close();
  await pass(3_600_000);
  const second = new Republisher(tools);
  second.keep("owner", owner.publicKey, renew);
  await pass(600_000);
  assert.equal(put.length, 3, "it is not due yet");
  fails = true;
  await pass(12 * 3_600_000);
  fails = false;
  await pass(120_000);
  assert.equal(put.length, 4, "it was tried again within minutes");
  second.close();
  assert.equal(waiting.length, 0);
  db.close();
});
