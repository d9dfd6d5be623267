/** What a pair of relays is asked, by somebody who has mail and by somebody who has none. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { atEnd, temporaryFolder } from "../../../test/support/cleanup.ts";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { concatBytes, fromHex } from "../../core/bytes.ts";
import { FETCH_LIMITS, PIR_LIMITS } from "../../core/cell-limits.ts";
import { createLogger } from "../../core/log.ts";
import { randomBytes } from "../../core/random.ts";
import type { PirEpoch, RelayPair } from "../../route/private-retrieval.ts";
import { openVault } from "../../vault/vault.ts";
import { type CellHeader, readHeaders } from "../cell/cell-header.ts";
import type { FetchLimits } from "./fetch-limits.ts";
import { FetchStore } from "./fetch-store.ts";
import { type EpochSource, PrivateReader } from "./private-reader.ts";
import type { WayHandlers } from "./way.ts";

const PAIR: RelayPair = ["ws://one", "ws://two"];
const START_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
const CELLS = 40;

/** Two relays as a client sees them together, in virtual time: an epoch is served a quarter of a minute after its end. */
class Relays implements EpochSource {
  readonly #time: VirtualTime;
  readonly #epochs = new Map<number, { headers: Uint8Array; version: number }>();
  /** What was replaced, by epoch and version: it is served for a minute more. */
  readonly #replaced = new Map<string, { headers: Uint8Array; atMs: number }>();
  /** Epoch and what was asked there; which record is not for relays to see. */
  readonly asked: { readonly atMs: number; readonly epoch: number; readonly index: number | null }[] = [];
  /** How often headers of an epoch were asked for. */
  told = 0;
  fails = (): boolean => false;
  /** One of the two does as it likes with an answer. */
  alters = (record: Uint8Array, _index: number | null): Uint8Array => record;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** Cells of a minute; once more for late ones. */
  put(minute: number, cells: number): CellHeader[] {
    const { headers: before, version } = this.#epochs.get(minute) ?? { headers: new Uint8Array(0), version: 0 };
    const atMs = this.#time.nowMs();
    this.#replaced.set(`${minute}/${version}`, { headers: before, atMs });
    const added = randomBytes(cells * 96);
    // Late cells come between the others, whose places change.
    this.#epochs.set(minute, { headers: concatBytes(added, before), version: version + 1 });
    return readHeaders(added);
  }

  async epochs(_pair: RelayPair, from = 0): Promise<PirEpoch[]> {
    const served = this.#time.nowMs() - 15_000;
    const numbers = [...this.#epochs.keys()].filter((epoch) => epoch >= from && (epoch + 1) * MINUTE_MS <= served);
    return numbers.sort((a, b) => a - b).map((epoch) => this.#epoch(epoch));
  }

  async headersOf(_pair: RelayPair, { epoch }: PirEpoch): Promise<Uint8Array | null> {
    this.told++;
    return this.#epochs.get(epoch)?.headers ?? null;
  }

  async read(_pair: RelayPair, epoch: PirEpoch, index: number | null): Promise<Uint8Array | null> {
    this.asked.push({ atMs: this.#time.nowMs(), epoch: epoch.epoch, index });
    if (this.fails()) return null;
    const header = readHeaders(this.#served(epoch))[index ?? 0];
    if (!header) return null;
    return this.alters(bodyOf(header), index);
  }

  #served({ epoch, digest }: PirEpoch): Uint8Array {
    const current = this.#epochs.get(epoch);
    if (current && `${current.version}` === digest) return current.headers;
    const { headers, atMs } = this.#replaced.get(`${epoch}/${digest}`) ?? { headers: new Uint8Array(0), atMs: 0 };
    return atMs > this.#time.nowMs() - MINUTE_MS ? headers : new Uint8Array(0);
  }

  #epoch(epoch: number): PirEpoch {
    const { headers, version } = this.#epochs.get(epoch) as { headers: Uint8Array; version: number };
    return { epoch, part: 0, count: headers.length / 96, digest: `${version}` };
  }
}

function bodyOf({ id, ephemeral }: CellHeader): Uint8Array {
  return concatBytes(Uint8Array.of(1), fromHex(ephemeral), fromHex(id), new Uint8Array(PIR_LIMITS.recordBytes - 65));
}

async function start(t: TestContext) {
  const time = new VirtualTime(START_MS);
  const vault = await openVault({ dataDir: temporaryFolder(t), clock: time, log: createLogger("silent") });
  atEnd(t, () => vault.close());
  const relays = new Relays(time);
  const mine = new Set<string>();
  /** Of them those that come on no lane. */
  const intros = new Set<string>();
  const seen = { cells: new Map<string, string>(), stored: [] as number[], live: 0, lost: 0, unable: 0 };
  const handlers: WayHandlers = {
    onCell: (cell) => {
      const isWhole = Buffer.from(cell.sealed.subarray(33, 65)).toString("hex") === cell.id;
      if (isWhole) seen.cells.set(cell.id, Buffer.from(cell.sealed).toString("base64"));
      return isWhole;
    },
    sort: ({ id }) => (mine.has(id) ? "ours" : "other"),
    isExpected: ({ id }) => mine.has(id) && !intros.has(id),
    onStored: (beforeMs, isLive) => {
      seen.stored.push(beforeMs);
      if (isLive) seen.live++;
    },
    onLost: () => void seen.lost++,
    onTold: () => {},
    onBytes: () => {},
    onUnable: () => void seen.unable++,
  };
  const open = (limits: FetchLimits = FETCH_LIMITS) => {
    const store = new FetchStore(vault, time.nowMs());
    const reader = new PrivateReader({ source: relays, store, clock: time, timers: time, limits });
    const following = reader.follow(PAIR, START_MS, [handlers, { ...handlers, onUnable: () => {} }]);
    atEnd(t, () => following.close());
    return { following, store };
  };
  const minute = (n: number) => START_MS / MINUTE_MS + n;
  for (let n = -FETCH_LIMITS.lateEpochs; n < 0; n++) relays.put(minute(n), CELLS);
  return { time, relays, mine, intros, seen, open, minute };
}

test("as many queries of each epoch, in the same minutes, whether there is mail or not; and all mail comes", async (t) => {
  const asked: number[] = [];
  for (const mail of [0, 1, 30]) {
    const { time, relays, mine, seen, open, minute } = await start(t);
    const { following } = open();
    for (let n = 0; n < 20; n++) {
      const cells = relays.put(minute(n), CELLS);
      if (n % 5 === 2) for (const { id } of cells.slice(0, mail)) mine.add(id);
      await time.advance(MINUTE_MS);
    }
    await time.advance(10 * MINUTE_MS);
    assert.deepEqual(
      [...mine].filter((id) => !seen.cells.has(id)),
      [],
      `${mail} cells in a minute`,
    );
    assert.equal(seen.cells.size, mine.size, "a dummy is nobody's mail");
    assert.equal(following.isBusy, false);
    for (let n = 0; n < 20; n++) {
      const [first, ...more] = relays.asked.filter(({ epoch }) => epoch === minute(n));
      const atOnce = 1 + more.filter(({ atMs }) => atMs === first?.atMs).length;
      // Those of earlier epochs may fall on it, too.
      assert.ok(atOnce >= FETCH_LIMITS.epochQueries && atOnce <= FETCH_LIMITS.epochQueries + FETCH_LIMITS.olderQueries);
    }
    asked.push(relays.asked.length);
  }
  // 35 epochs with twelve each, and two in each of some 60 turns.
  for (const queries of asked) assert.ok(Math.abs(queries - 540) <= 20, `${asked.join()} queries`);
});

test("an answer that fails is asked for again in a turn that is taken anyway; a pair that is silent is given up", async (t) => {
  const { time, relays, mine, seen, open, minute } = await start(t);
  open();
  const [mail] = relays.put(minute(0), CELLS);
  mine.add(mail?.id ?? "");
  const attempts = () => relays.asked.filter(({ epoch, index }) => epoch === minute(0) && index === 0);
  relays.fails = () => relays.asked.at(-1)?.epoch === minute(0) && relays.asked.at(-1)?.index === 0;
  await time.advance(1.8 * MINUTE_MS);
  assert.ok(attempts().length > 0);
  assert.equal(seen.cells.size, 0);
  relays.fails = () => false;
  await time.advance(MINUTE_MS);
  assert.ok(seen.cells.has(mail?.id ?? ""));
  assert.deepEqual(seen.stored.at(-1), (minute(0) + 1) * MINUTE_MS);
  assert.equal(seen.unable, 0);
  relays.epochs = async () => [];
  await time.advance(4 * MINUTE_MS);
  assert.equal(seen.unable, 1);
  assert.ok(seen.lost >= FETCH_LIMITS.tries);
});

test("the attack: relays that tell headers and answer no query, or nonsense, are left, mail or not, and none is forgotten", async (t) => {
  const lies = [() => null, () => randomBytes(PIR_LIMITS.recordBytes)];
  for (const lie of lies) {
    for (const hasMail of [true, false]) {
      const { time, relays, mine, seen, open, minute } = await start(t);
      const { store } = open();
      const [mail] = relays.put(minute(0), CELLS) as [CellHeader];
      if (hasMail) mine.add(mail.id);
      await time.advance(MINUTE_MS);
      relays.read = async () => lie();
      for (let n = 1; n < 6; n++) {
        relays.put(minute(n), CELLS);
        await time.advance(MINUTE_MS);
      }
      assert.ok(seen.unable > 0);
      const waiting = store.noted(PAIR[0]).map(({ header, cell }) => [header.id, cell]);
      assert.deepEqual(waiting, hasMail ? [[mail.id, null]] : [], "for another way");
    }
  }
});

test("the attack: one relay spoils an answer behind its beginning; the cell is read again, and shown once it opens", async (t) => {
  const { time, relays, mine, seen, open, minute } = await start(t);
  open();
  const [mail] = relays.put(minute(0), CELLS) as [CellHeader];
  mine.add(mail.id);
  let spoilt = 0;
  relays.alters = (record, index) => {
    if (index !== 0 || relays.asked.at(-1)?.epoch !== minute(0) || spoilt > 0) return record;
    spoilt++;
    return record.with(40, (record[40] as number) ^ 1);
  };
  await time.advance(4 * MINUTE_MS);
  assert.equal(spoilt, 1);
  assert.equal(seen.cells.get(mail.id), Buffer.from(bodyOf(mail)).toString("base64"));
  assert.equal(seen.unable, 0, "what does not open may be a stranger's doing, and drives nobody away");
});

test("the attack: cells that only one of the two holds, in minutes of which the other says nothing, stop the cursor", async (t) => {
  const { time, relays, seen, open, minute } = await start(t);
  open();
  const { epochs } = relays;
  // As `PrivateRetrieval` says it: such an epoch cannot be read.
  const isHidden = (epoch: number) => epoch >= minute(1);
  relays.epochs = async (...asked) =>
    (await epochs.apply(relays, asked)).map((one) => (isHidden(one.epoch) ? { ...one, count: 0, digest: "" } : one));
  for (let n = 0; n < 12; n++) {
    relays.put(minute(n), CELLS);
    await time.advance(MINUTE_MS);
  }
  assert.equal(seen.stored.at(-1), minute(1) * MINUTE_MS);
  assert.equal(seen.unable, 1);
});

test("the attack: an epoch of long ago is asked about, so there was mail; dummies ask about such ones as well", async (t) => {
  const { time, relays, open, minute } = await start(t);
  open();
  for (let n = 0; n < 120; n++) {
    relays.put(minute(n), CELLS);
    await time.advance(MINUTE_MS);
  }
  const age = ({ atMs, epoch }: { atMs: number; epoch: number }) => atMs / MINUTE_MS - epoch;
  const old = relays.asked.filter((one) => age(one) > 3 * FETCH_LIMITS.lateEpochs);
  assert.ok(old.length > 5, `${old.length} of ${relays.asked.length}`);
});

test("the attack: late cells trickled into every epoch, so that all headers are read again each turn; late mail still comes", async (t) => {
  const [readings, minutes] = [[] as number[], 60];
  for (const isAttacked of [false, true]) {
    const { time, relays, mine, seen, open, minute } = await start(t);
    open();
    const oldest = isAttacked ? FETCH_LIMITS.lateEpochs : 0;
    for (let n = 0; n < minutes; n++) {
      const cells = relays.put(minute(n), CELLS);
      if (n % 10 === 0) for (const { id } of cells.slice(0, 14)) mine.add(id);
      for (let half = 0; half < 2; half++) {
        for (let age = 2; age < oldest; age++) {
          const [late] = relays.put(minute(n - age), 1) as [CellHeader];
          if (n % 7 === 0 && half === 0) mine.add(late.id);
        }
        await time.advance(MINUTE_MS / 2);
      }
    }
    await time.advance((FETCH_LIMITS.lateEpochs + 1) * MINUTE_MS);
    readings.push(relays.told);
    if (!isAttacked) continue;
    for (let n = minutes; n < minutes + 20; n++) {
      relays.put(minute(n + 20), CELLS);
      await time.advance(2 * MINUTE_MS);
    }
    const missing = [...mine].filter((id) => !seen.cells.has(id));
    assert.equal(missing.length, 0, `${missing.length} of ${mine.size} did not come`);
    assert.equal(seen.unable, 0);
  }
  const [quiet = 0, attacked = 0] = readings;
  assert.ok(attacked < 6 * quiet, `${attacked} times instead of ${quiet}`);
});

test("the cursor does not pass cells that wait for their turn, nor is private retrieval live", async (t) => {
  const { time, relays, mine, seen, open, minute } = await start(t);
  const { following } = open();
  for (const { id } of relays.put(minute(0), CELLS)) mine.add(id);
  relays.put(minute(1), CELLS);
  await time.advance(3 * MINUTE_MS);
  assert.equal(following.isBusy, true);
  assert.equal(seen.stored.at(-1), minute(0) * MINUTE_MS);
  await time.advance(12 * MINUTE_MS);
  assert.deepEqual([seen.stored.at(-1), seen.cells.size], [minute(2) * MINUTE_MS, CELLS]);
  assert.equal(seen.live, 0);
});

test("the attack: a flood of intros for one reader; no more than may wait are kept, and what comes on lanes always is", async (t) => {
  const { time, relays, mine, intros, seen, open, minute } = await start(t);
  const { store } = open({ ...FETCH_LIMITS, noted: 30 });
  for (let n = 0; n < 8; n++) {
    const cells = relays.put(minute(n), CELLS);
    for (const { id } of cells) mine.add(id);
    for (const { id } of cells.slice(1)) intros.add(id);
    await time.advance(MINUTE_MS);
  }
  const waiting = store.noted(PAIR[0]).filter(({ cell }) => cell === null);
  assert.ok(waiting.length < 30 + CELLS + 8, `${waiting.length} wait`);
  await time.advance(30 * MINUTE_MS);
  assert.deepEqual(
    [...mine].filter((id) => !intros.has(id) && !seen.cells.has(id)),
    [],
  );
  assert.equal(seen.unable, 0);
});

test("a pair is done with an epoch once both hold the same, and is none if that takes too long", async (t) => {
  const { time, relays, seen, open, minute } = await start(t);
  open();
  const differing = [
    { digest: "a", count: CELLS },
    { digest: "b", count: CELLS },
  ] as const;
  const { epochs } = relays;
  relays.epochs = async (...asked) =>
    (await epochs.apply(relays, asked)).map((one) => (one.epoch === minute(0) ? { ...one, differing } : one));
  for (let n = 0; n < 4; n++) {
    relays.put(minute(n), CELLS);
    await time.advance(MINUTE_MS);
  }
  assert.deepEqual([seen.stored.at(-1), seen.unable], [minute(0) * MINUTE_MS, 0], "the cursor waits");
  for (let n = 4; n < 12; n++) {
    relays.put(minute(n), CELLS);
    await time.advance(MINUTE_MS);
  }
  assert.equal(seen.unable, 1);
});

test("late cells, and those whose epoch of a session came late, are found and fetched at their new places", async (t) => {
  const { time, relays, mine, seen, open, minute } = await start(t);
  const { following } = open();
  const first = relays.put(minute(0), CELLS);
  await time.advance(3 * MINUTE_MS);
  const late = relays.put(minute(0), 5)[2] as CellHeader;
  mine.add(late.id);
  await time.advance(3 * MINUTE_MS);
  assert.equal(seen.cells.get(late.id), Buffer.from(bodyOf(late)).toString("base64"));
  const unknown = first[7] as CellHeader;
  mine.add(unknown.id);
  following.retry();
  assert.equal(following.isBusy, true);
  await time.advance(2 * MINUTE_MS);
  assert.equal(seen.cells.get(unknown.id), Buffer.from(bodyOf(unknown)).toString("base64"));
});

test("a crash loses nothing that was found", async (t) => {
  const { time, relays, mine, seen, open, minute } = await start(t);
  const before = open();
  const [waiting, fetched] = relays.put(minute(0), CELLS) as [CellHeader, CellHeader];
  mine.add(waiting.id).add(fetched.id);
  relays.fails = () => relays.asked.at(-1)?.index === 0;
  await time.advance(1.9 * MINUTE_MS);
  assert.ok(seen.cells.has(fetched.id) && !seen.cells.has(waiting.id));
  before.following.close();
  mine.clear();
  seen.cells.clear();
  relays.fails = () => false;
  open();
  assert.deepEqual([...seen.cells.keys()], [fetched.id], "from the vault");
  await time.advance(2 * MINUTE_MS);
  assert.ok(seen.cells.has(waiting.id));
});
