/** The store against the obvious: a map of leases in memory, and what `du` says of the folder. */
import assert from "node:assert/strict";
import { rmSync, statSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { isSystemError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { OwnerId } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import type { Arrival, HeldLease } from "../rooms.ts";
import type { FragmentStore } from "./fragment-store.ts";
import {
  diskUse,
  fragmentFiles,
  keep,
  MovedClock,
  openStore,
  readWhole,
  sampleFragment,
  sampleOwner,
} from "./testing.ts";

const BLOCK = 4_096;
const FRAGMENTS = [1, 4_096, 5_000, 70_000, 300_000].map((bytes, n) => sampleFragment(n, bytes));
const OWNERS = [1, 2, 3].map(sampleOwner);

interface Coming {
  readonly arrival: Arrival;
  readonly fragment: number;
  readonly owner: OwnerId;
  readonly untilMs: number;
  written: number;
}

interface Model {
  readonly clock: MovedClock;
  readonly leases: Map<string, HeldLease>;
  coming: Coming[];
  maxBytes: number;
}

interface Real {
  readonly folder: string;
  store: FragmentStore;
}

type Command = fc.AsyncCommand<Model, Real>;

function fragmentAt(index: number) {
  return FRAGMENTS[index % FRAGMENTS.length] as (typeof FRAGMENTS)[0];
}

function ownerAt(index: number): OwnerId {
  return OWNERS[index % OWNERS.length] as OwnerId;
}

/** As the format says: one byte, four, a hash for each leaf, the bytes. */
function blocksOf(bytes: number): number {
  return Math.ceil((5 + 32 * Math.ceil(bytes / 4_096) + bytes) / BLOCK);
}

function put(model: Model, id: FragmentId, bytes: number, owner: OwnerId, untilMs: number): void {
  const old = model.leases.get(id + owner);
  const granted = Math.min(untilMs, model.clock.now + MESH_LIMITS.leaseMaxMs);
  model.leases.set(id + owner, { id, bytes, owner, untilMs: Math.max(old?.untilMs ?? 0, granted), trashedAtMs: null });
}

function leasesOf(model: Model, id: FragmentId): HeldLease[] {
  return [...model.leases.values()].filter((lease) => lease.id === id);
}

function promised(model: Model): number {
  return model.coming.reduce(
    (sum, { fragment }) => sum + (blocksOf(fragmentAt(fragment).content.length) + 2) * BLOCK,
    0,
  );
}

/** What is in the folder, without what is on its way in. */
function settledUse(folder: string): number {
  const parts = fragmentFiles(folder).filter((name) => name.endsWith(".part"));
  const bytes = parts.map((name) => statSync(join(folder, "fragments", name.slice(0, 2), name)).blocks * 512);
  return diskUse(folder) - statSync(folder).blocks * 512 - bytes.reduce((sum, one) => sum + one, 0);
}

async function check(model: Model, { store, folder }: Real): Promise<void> {
  const leases = [...model.leases.values()];
  const kept = leases.filter(({ trashedAtMs }) => trashedAtMs === null);
  const [keptIds, ids] = [new Set(kept.map(({ id }) => id)), new Set(leases.map(({ id }) => id))];
  const diskOf = (id: FragmentId): number => blocksOf(leasesOf(model, id)[0]?.bytes ?? 0) * BLOCK;
  const sum = (all: Iterable<FragmentId>): number => [...all].reduce((total, id) => total + diskOf(id), 0);
  assert.deepEqual(store.usage(), {
    fragments: keptIds.size,
    usedBytes: settledUse(folder) + promised(model),
    maxBytes: model.maxBytes,
    trashBytes: sum(ids.difference(keptIds)),
    owners: new Set(kept.map(({ owner }) => owner)).size,
  });
  for (const owner of OWNERS) {
    const own = leases.filter((lease) => lease.owner === owner);
    assert.equal(store.usedBy(owner), sum(own.map(({ id }) => id)));
    const held = store.held(
      owner,
      FRAGMENTS.map(({ id }) => id),
    );
    assert.deepEqual(held.sort(byName), own.sort(byName));
  }
  assert.deepEqual(store.list(null, 99), kept.sort(byName));
  assert.deepEqual(
    fragmentFiles(folder).filter((name) => !name.endsWith(".part")),
    [...ids].sort(),
  );
}

function byName(a: HeldLease, b: HeldLease): number {
  return a.id + a.owner < b.id + b.owner ? -1 : 1;
}

function command(name: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real);
      await check(model, real);
    },
    toString: () => name,
  };
}

/** A refusal of the room as the limits say it, by what `du` sees. */
function isFull(model: Model, { folder }: Real, bytes: number): boolean {
  const log = statSync(join(folder, "fragments.db-wal"), { throwIfNoEntry: false })?.blocks ?? 0;
  const logRoom = Math.max(0, MESH_LIMITS.indexLogBytes - log * 512);
  return settledUse(folder) + promised(model) + logRoom + (blocksOf(bytes) + 2) * BLOCK > model.maxBytes;
}

const begin = (n: number, o: number, durationMs: number): Command =>
  command(`begin ${n} by ${o} for ${durationMs}`, async (model, real) => {
    const [{ id, content }, owner] = [fragmentAt(n), ownerAt(o)];
    const untilMs = model.clock.now + durationMs;
    const isKnown = leasesOf(model, id).length > 0;
    const mustFail = !isKnown && isFull(model, real, content.length);
    try {
      const arrival = await real.store.begin({ id, bytes: content.length, owner, untilMs });
      assert.ok(!mustFail, "there was no room");
      assert.equal(arrival === null, isKnown);
      if (arrival === null) put(model, id, content.length, owner, untilMs);
      else model.coming.push({ arrival, fragment: n, owner, untilMs, written: 0 });
    } catch (error) {
      assert.ok(isSystemError(error) && error.code === "node_full" && mustFail, String(error));
    }
  });

/** All at once, so that much is kept, dropped and kept again in one run. */
const keepWhole = (n: number, o: number, durationMs: number): Command =>
  command(`keep ${n} by ${o} for ${durationMs}`, async (model, real) => {
    const [{ id, content }, owner, untilMs] = [fragmentAt(n), ownerAt(o), model.clock.now + durationMs];
    if (leasesOf(model, id).length === 0 && isFull(model, real, content.length)) return;
    await keep(real.store, { id, content }, owner, untilMs);
    put(model, id, content.length, owner, untilMs);
  });

/** Acts on one of those that are coming, if there is any. */
const onComing = (name: string, act: (model: Model, coming: Coming) => Promise<void>) => (index: number) =>
  command(`${name} ${index}`, async (model) => {
    const coming = model.coming[index % Math.max(1, model.coming.length)];
    if (coming) await act(model, coming);
  });

function leave(model: Model, coming: Coming): void {
  model.coming = model.coming.filter((one) => one !== coming);
}

const write = onComing("write", async (_model, coming) => {
  const { content } = fragmentAt(coming.fragment);
  const piece = content.subarray(coming.written, coming.written + 100_000);
  coming.written += piece.length;
  await coming.arrival.write(piece);
});

const finish = onComing("finish", async (model, coming) => {
  const { id, content } = fragmentAt(coming.fragment);
  leave(model, coming);
  if (coming.written < content.length) return assert.rejects(coming.arrival.finish(), { code: "wrong_fragment" });
  await coming.arrival.finish();
  put(model, id, content.length, coming.owner, coming.untilMs);
});

const abort = onComing("abort", async (model, coming) => {
  leave(model, coming);
  await coming.arrival.abort();
});

const renew = (o: number, ns: number[], durationMs: number): Command =>
  command(`renew ${ns} by ${o} for ${durationMs}`, async (model, { store }) => {
    const owner = ownerAt(o);
    const had = [...new Set(ns.map((n) => fragmentAt(n).id))].filter((id) => model.leases.has(id + owner));
    const untilMs = model.clock.now + durationMs;
    assert.deepEqual(
      await store.renew(
        owner,
        ns.map((n) => fragmentAt(n).id),
        untilMs,
      ),
      had,
    );
    for (const id of had) put(model, id, model.leases.get(id + owner)?.bytes ?? 0, owner, untilMs);
  });

const drop = (o: number, ns: number[]): Command =>
  command(`drop ${ns} by ${o}`, async (model, { store }) => {
    const owner = ownerAt(o);
    const kept = [...new Set(ns.map((n) => fragmentAt(n).id))].filter(
      (id) => model.leases.get(id + owner)?.trashedAtMs === null,
    );
    assert.deepEqual(
      await store.drop(
        owner,
        ns.map((n) => fragmentAt(n).id),
      ),
      kept,
    );
    for (const id of kept) {
      model.leases.set(id + owner, { ...(model.leases.get(id + owner) as HeldLease), trashedAtMs: model.clock.now });
    }
  });

const sweep = (): Command =>
  command("sweep", async (model, { store }) => {
    await store.sweep();
    const now = model.clock.now;
    for (const [key, lease] of model.leases) {
      if (lease.trashedAtMs === null && lease.untilMs <= now) model.leases.set(key, { ...lease, trashedAtMs: now });
      else if (lease.trashedAtMs !== null && lease.trashedAtMs + MESH_LIMITS.trashMs <= now) model.leases.delete(key);
    }
  });

const wait = (ms: number): Command =>
  command(`wait ${ms}`, async (model) => {
    model.clock.now += ms;
  });

const resize = (bytes: number): Command =>
  command(`resize ${bytes}`, async (model, { store }) => {
    model.maxBytes = bytes;
    store.resize(bytes);
  });

const read = (n: number): Command =>
  command(`read ${n}`, async (model, { store }) => {
    const { id, content } = fragmentAt(n);
    const isKept = leasesOf(model, id).some(({ trashedAtMs }) => trashedAtMs === null);
    assert.deepEqual(await readWhole(store, id), isKept ? content : null);
  });

const reopen = (): Command =>
  command("reopen", async (model, real) => {
    await real.store.close();
    model.coming = [];
    real.store = await openStore(real.folder, model.clock, model.maxBytes);
  });

const DAY = 86_400_000;
const index = fc.nat(4);
const several = fc.array(index, { maxLength: 4 });
const duration = fc.constantFrom(-DAY, DAY, 10 * DAY, 30 * DAY, 400 * DAY);
const room = fc.constantFrom(0, 8_700_000, 9_000_000, 2 ** 26);
const commands = [
  fc.tuple(index, index, duration).map((of) => begin(...of)),
  fc.tuple(index, index, duration).map((of) => begin(...of)),
  fc.tuple(index, index, duration).map((of) => keepWhole(...of)),
  fc.tuple(index, index, duration).map((of) => keepWhole(...of)),
  fc.tuple(index, index, duration).map((of) => keepWhole(...of)),
  index.map(write),
  index.map(write),
  index.map(finish),
  index.map(finish),
  index.map(abort),
  fc.tuple(index, several, duration).map((of) => renew(...of)),
  fc.tuple(index, several).map((of) => drop(...of)),
  fc.tuple(index, several).map((of) => drop(...of)),
  fc.constant(sweep()),
  fc.constantFrom(1, DAY, 6 * DAY, 7 * DAY, 30 * DAY).map(wait),
  room.map(resize),
  index.map(read),
  fc.constant(reopen()),
];

test("whatever is asked in whatever order, the store says and holds what a map in memory would", async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 60, size: "max" }), async (sequence) => {
      const folder = mkdtempSync(join(tmpdir(), "nocturne-"));
      const model: Model = { clock: new MovedClock(), leases: new Map(), coming: [], maxBytes: 2 ** 26 };
      const real: Real = { folder, store: await openStore(folder, model.clock, model.maxBytes) };
      try {
        await fc.asyncModelRun(() => ({ model, real }), sequence);
      } finally {
        await real.store.close();
        rmSync(folder, { recursive: true });
      }
    }),
    { numRuns: 10 },
  );
});
