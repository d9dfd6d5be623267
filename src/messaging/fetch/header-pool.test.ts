import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../core/bytes.ts";
import { FETCH_LIMITS } from "../../core/cell-limits.ts";
import { randomBytes } from "../../core/random.ts";
import type { CellHeader } from "../cell/cell-header.ts";
import { HeaderPool } from "./header-pool.ts";

const { freshBodies, olderBodies } = FETCH_LIMITS;
const ROOM = freshBodies + olderBodies;

function header(): CellHeader {
  const [ephemeral, address, id] = [1, 2, 3].map(() => toHex(randomBytes(32))) as [string, string, string];
  return { ephemeral, address, id };
}

function fill(pool: HeaderPool, count: number, isOurs = false): Set<string> {
  const headers = Array.from({ length: count }, header);
  for (const one of headers) pool.add(one, isOurs);
  return new Set(headers.map(({ id }) => id));
}

test("a batch takes ours first, never more than half, and as many of each age as always", () => {
  const pool = new HeaderPool(FETCH_LIMITS);
  fill(pool, 100);
  pool.next(ROOM);
  for (const mail of [0, 1, 3, 40, 0, 0]) {
    const strangers = fill(pool, 60);
    const ours = fill(pool, mail, true);
    const batch = pool.next(ROOM).map(({ id }) => id);
    assert.equal(new Set(batch).size, ROOM);
    assert.equal(batch.filter((id) => strangers.has(id) || ours.has(id)).length, freshBodies, "fresh ones");
    assert.equal(batch.filter((id) => ours.has(id)).length, Math.min(mail, Math.ceil(freshBodies / 2)));
  }
  assert.equal(pool.waiting, 40 - Math.ceil(freshBodies / 2) - 2 * Math.ceil(olderBodies / 2), "the rest of a burst");
});

test("nothing is asked for twice, however often a relay tells it", () => {
  const pool = new HeaderPool(FETCH_LIMITS);
  fill(pool, 30);
  const asked: string[] = [];
  for (let i = 0; i < 10; i++) asked.push(...pool.next(ROOM).map(({ id }) => id));
  assert.equal(asked.length, 30, "a crowd smaller than the batches is read whole");
  assert.equal(new Set(asked).size, 30);
  assert.ok(asked.every((id) => pool.isTold(id)));
});

test("a stranger's header that proves ours later waits like ours, once", () => {
  const pool = new HeaderPool({ ...FETCH_LIMITS, freshBodies: 1, olderBodies: 1 });
  const late = header();
  fill(pool, 50);
  pool.add(late, false);
  pool.next(0);
  const isLate = ({ id }: CellHeader) => id === late.id;
  assert.deepEqual(pool.claim(isLate), [late]);
  assert.deepEqual(pool.claim(isLate), []);
  assert.equal(pool.waiting, 1);
  assert.ok(pool.next(2).some(isLate));
});

test("a flood of headers is thinned, the older the more, and ours are never lost", () => {
  const pool = new HeaderPool({ ...FETCH_LIMITS, headers: 64 });
  const ours = fill(pool, 5, true);
  for (let i = 0; i < 50; i++) fill(pool, 20);
  const asked: string[] = [];
  for (let batch = pool.next(ROOM); batch.length > 0; batch = pool.next(ROOM)) asked.push(...batch.map(({ id }) => id));
  assert.ok(asked.length <= 64 + 5 && asked.length > 32, `${asked.length} kept`);
  assert.ok([...ours].every((id) => asked.includes(id)));
});

test("the age of decoys among the older is spread over its orders of magnitude", () => {
  const pool = new HeaderPool({ ...FETCH_LIMITS, freshBodies: 0, olderBodies: 1 });
  const headers = Array.from({ length: 1_000 }, header);
  for (const one of headers) pool.add(one, false);
  pool.next(0);
  const places = new Map(headers.map(({ id }, i) => [id, 1_000 - i]));
  const ages = Array.from({ length: 90 }, () => places.get(pool.next(1)[0]?.id ?? "") ?? 0);
  const share = (from: number, to: number) => ages.filter((age) => age > from && age <= to).length / ages.length;
  assert.ok(share(0, 100) > 0.3, `${share(0, 100)} of the newest tenth`);
  assert.ok(share(100, 1_000) > 0.15, `${share(100, 1_000)} of the rest`);
});
