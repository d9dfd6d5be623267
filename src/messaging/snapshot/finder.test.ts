/** What relays can do to a restore: forge, alter, move, keep back, serve an old one, flood. Nothing of it brings in anything else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../core/bytes.ts";
import { SNAPSHOT_LIMITS } from "../../core/cell-limits.ts";
import { randomBytes } from "../../core/random.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { type Filter, matchesFilter } from "../../nostr/filter.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import { cellEvent } from "../cell/cell.ts";
import { sealForNobody } from "../cover/cell-for-nobody.ts";
import { type AccountSummary, encodeSummary } from "./account-summary.ts";
import { findSnapshot } from "./finder.ts";
import { cutSnapshot, sealSnapshotCell } from "./snapshot-format.ts";
import { epochAt, snapshotKeys } from "./snapshot-keys.ts";

const NOW_MS = 1_800_000_000_000;
const clock = { nowMs: () => NOW_MS };
const NOW = epochAt(NOW_MS);
const [ONE, TWO] = ["ws://one", "ws://two"];
const secret = randomBytes(32);
const NONE = new Uint8Array(32);

function summary(displayName: string): AccountSummary {
  const shared = { displayName, readReceipts: false, typingIndicators: false, invitedOnly: false, strangerWork: 0 };
  const settings = { shared, cover: "balanced", readingMegabytesPerHour: 20, relays: [ONE, TWO] } as const;
  return { v: 1, settings, contacts: [], conversations: [], groups: [], channels: [], nostrKey: null };
}

interface Made {
  readonly events: NostrEvent[];
  readonly digest: Uint8Array;
}

/** A copy of a snapshot as its relay holds it; `lose` names slots whose first cell was not taken. */
function make(
  epoch: number,
  sequence: number,
  name: string,
  more: { copy?: number; previous?: Uint8Array; lose?: number[]; key?: Uint8Array } = {},
): Made {
  const { copy = 0, previous = NONE, lose = [], key = secret } = more;
  const { cells, digest } = cutSnapshot({ sequence, previous }, encodeSummary(summary(name)));
  const keys = snapshotKeys(key, epoch);
  const events = cells.map((bytes, slot) => {
    const place = { copy, slot, attempt: lose.includes(slot) ? 1 : 0 };
    return cellEvent(sealSnapshotCell(keys, place, bytes), NOW_MS);
  });
  return { events, digest };
}

/** Relays that hold these events; a relay that is not named does not answer. */
function relaysWith(stored: Record<string, readonly NostrEvent[]>) {
  const asked: (readonly Filter[])[] = [];
  const fetch = async (url: string, filters: readonly Filter[]) => {
    asked.push(filters);
    const events = stored[url];
    if (!events) throw new Error("no answer");
    return events.filter((event) => filters.some((filter) => matchesFilter(filter, event)));
  };
  return { asked, pool: { fetch } as unknown as RelayPool };
}

async function find(stored: Record<string, readonly NostrEvent[]>, relays = Object.keys(stored)) {
  const search = await findSnapshot({ pool: relaysWith(stored).pool, clock }, secret, relays);
  return { ...search, name: search.found?.summary.settings.shared.displayName ?? null };
}

const stateOf = (search: { relays: readonly { url: string; state: string }[] }) =>
  search.relays.map(({ state }) => state);

test("the newest is found by the secret alone, also a week later; nothing else is", async () => {
  for (const epoch of [NOW + SNAPSHOT_LIMITS.aheadEpochs, NOW, NOW - 100, NOW - SNAPSHOT_LIMITS.epochs + 1]) {
    const search = await find({ [ONE]: make(epoch, 5, "Alice").events });
    assert.deepEqual([search.name, search.found?.epoch, search.found?.sequence], ["Alice", epoch, 5]);
    assert.deepEqual([search.cut, search.forked, ...stateOf(search)], [false, false, "newest"]);
  }
  const foreign = make(NOW, 1, "Mallory", { key: randomBytes(32) }).events;
  const nothing = await find({ [ONE]: foreign });
  assert.deepEqual([nothing.name, ...stateOf(nothing)], [null, "behind"]);
  assert.equal((await find({ [ONE]: make(NOW - SNAPSHOT_LIMITS.epochs - 1, 1, "Alice").events })).name, null);
});

test("a relay that serves an old one cannot roll the account back where another tells the new one, and is named", async () => {
  const old = make(NOW - 300, 1, "old");
  const fresh = make(NOW - 2, 2, "new", { copy: 1, previous: old.digest });
  for (const stored of [
    { [ONE]: old.events, [TWO]: fresh.events },
    { [TWO]: [...fresh.events, ...old.events], [ONE]: old.events },
  ]) {
    const search = await find(stored);
    assert.equal(search.name, "new");
    const states = Object.fromEntries(search.relays.map(({ url, state }) => [url, state]));
    assert.deepEqual(states, { [ONE]: "behind", [TWO]: "newest" });
  }
  // The control: alone it is believed; who asks it learns how old it is, and no more can be known.
  const alone = await find({ [ONE]: old.events });
  assert.deepEqual([alone.name, alone.found?.epoch], ["old", NOW - 300]);
});

test("a relay that is silent is named, and does not hold up the others", async () => {
  const search = await find({ [ONE]: make(NOW, 1, "Alice").events }, [TWO, ONE]);
  assert.deepEqual([search.name, ...stateOf(search)], ["Alice", "unreachable", "newest"]);
  assert.deepEqual(stateOf(await find({}, [ONE])), ["unreachable"]);
});

test("forged, altered, moved and repeated cells bring nothing in", async () => {
  const genuine = make(NOW - 5, 7, "genuine").events;
  const keys = snapshotKeys(secret, NOW);
  const forged = Array.from({ length: 16 }, (_, slot) => {
    const event = sealForNobody(randomBytes(100), NOW_MS);
    return { ...event, tags: [["x", toHex(keys.address({ copy: 0, attempt: 0, slot }))]] };
  });
  // Cells of the genuine one under the addresses of a later epoch.
  const moved = genuine.map((event, slot) => ({
    ...event,
    tags: [["x", toHex(keys.address({ copy: 0, attempt: 0, slot }))], ...event.tags.slice(1)],
  }));
  const altered = genuine.map((event) => ({
    ...event,
    content: `${event.content.slice(0, 200)}AAAA${event.content.slice(204)}`,
  }));
  const swapped = genuine.map((event, slot) => ({ ...event, content: genuine[(slot + 1) % 16]?.content ?? "" }));
  for (const attack of [forged, moved, altered, swapped]) {
    const search = await find({ [ONE]: [...attack, ...genuine] });
    assert.deepEqual([search.name, search.found?.sequence, search.found?.epoch], ["genuine", 7, NOW - 5]);
    assert.equal((await find({ [ONE]: attack })).name, null);
  }
  assert.equal((await find({ [ONE]: [...genuine, ...genuine] })).name, "genuine");
});

test("what one relay lost the other one has; a cell that was tried again is found", async () => {
  const [one, two] = [make(NOW, 1, "Alice"), make(NOW, 1, "Alice", { copy: 1, lose: [0, 3] })];
  const holes = { [ONE]: one.events.filter((_, i) => i !== 5), [TWO]: two.events.filter((_, i) => i !== 9) };
  assert.equal((await find(holes)).name, "Alice");
  assert.equal((await find({ [TWO]: two.events })).name, "Alice");
});

test("one of which a part is kept back is not taken, and it is said that there is a newer one", async () => {
  const old = make(NOW - 3, 1, "old");
  const fresh = make(NOW, 2, "new", { previous: old.digest });
  const search = await find({ [ONE]: [...old.events, ...fresh.events.slice(0, 10)] });
  assert.deepEqual([search.name, search.cut], ["old", true]);
});

test("two machines that write under one key are noticed", async () => {
  const first = make(NOW - 9, 1, "first");
  const [here, there] = [
    make(NOW - 4, 2, "here", { previous: first.digest }),
    make(NOW - 3, 2, "there", { previous: first.digest }),
  ];
  const search = await find({ [ONE]: [...first.events, ...here.events, ...there.events] });
  assert.deepEqual([search.name, search.forked], ["there", true]);
  const apart = make(NOW - 2, 3, "apart", { previous: randomBytes(32) });
  assert.equal((await find({ [ONE]: [...here.events, ...apart.events] })).forked, true);
  const next = make(NOW - 2, 3, "next", { previous: here.digest });
  assert.equal((await find({ [ONE]: [...here.events, ...next.events] })).forked, false, "the control");
});

test("a relay is asked for as many addresses whatever it holds, until the newest is found", async () => {
  const { pool, asked } = relaysWith({ [ONE]: make(NOW - 1, 1, "Alice").events });
  await findSnapshot({ pool, clock }, secret, [ONE]);
  const { copies, tries, epochsPerLook, cellsMin } = SNAPSHOT_LIMITS;
  const counts = asked.map(([filter]) => filter?.["#x"]?.length);
  assert.deepEqual(counts, [epochsPerLook * copies * tries, cellsMin - 1]);
});
