/**
 * The recovery key after a long absence of the owner: leases end, records end, nodes go for good, and only carers are there. Nodes, records and
 * carers live in virtual time; the carers are real ones.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { atEnd } from "../../../test/support/cleanup.ts";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { waitUntil } from "../../../test/support/wait.ts";
import { fromBase64Url, toHex } from "../../core/bytes.ts";
import { createLogger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { deriveKey } from "../../crypto/key-derivation.ts";
import { restoreBackup } from "../../vault/restore.ts";
import { TestMesh, type TestNode } from "../audit/testing.ts";
import { createLocator, type Locator, nodeOf } from "../manifest/locator.ts";
import { careKeyOf, deriveMeshKeys, type MeshKeys } from "../mesh-keys.ts";
import { type NodeId, type OwnerId, ownerIdOf } from "../node-id.ts";
import { ObjectManifests } from "../objects/object-manifests.ts";
import { ObjectReader } from "../objects/object-reader.ts";
import { ObjectWriter } from "../objects/object-writer.ts";
import { recordPlace } from "../records/record.ts";
import { CareTable } from "../repair/care-table.ts";
import { Caretaker } from "../repair/caretaker.ts";
import type { FoundManifest } from "../repair/manifests.ts";
import type { Exchange, Roster } from "../rooms.ts";
import { findAccount, type FoundAccount } from "./account-search.ts";
import type { MeshEngine } from "./engine.ts";
import { type KeeperRoom, MemoryRecords, openKeeperRoom } from "./testing.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Who is not heard of for an hour is late, and gets nothing. */
const STEP_MS = HOUR_MS / 2;
const AWAY_MS = 60 * DAY_MS;

const keysOf = (recoveryKey: Uint8Array): MeshKeys => deriveMeshKeys(deriveKey(recoveryKey, "mesh/v1"));

class World {
  /** A period of catalogues in care begins. */
  readonly time = new VirtualTime(Date.UTC(2026, 11, 3));
  readonly mesh: TestMesh;
  readonly records = new MemoryRecords(this.time);
  readonly roster: Roster;
  readonly exchange: Exchange;
  owner: OwnerId | null = null;
  /** Care keys, in hex, that this owner's own machine looks after. */
  readonly ownCares = new Set<string>();
  readonly #carers = new Map<NodeId, Caretaker>();
  readonly #folder = mkdtempSync(join(tmpdir(), "nocturne-absence-"));
  #sessions = 0;
  asked = 0;

  constructor(t: TestContext, nodes: number, carers: number) {
    this.mesh = new TestMesh(nodes, this.time);
    const { roster, exchange } = this.mesh;
    const cares = (id: NodeId): boolean => this.#carers.has(id);
    this.roster = { ...roster, nodes: () => roster.nodes().map((one) => ({ ...one, cares: cares(one.id) })) };
    this.exchange = { ...exchange, peer: (id) => this.#peer(id) };
    for (const { id } of this.mesh.nodes.slice(0, carers)) this.#carers.set(id, this.#carer(t, id));
    t.after(() => rmSync(this.#folder, { recursive: true, force: true }));
  }

  /** Of the one person whose nodes keep it all. */
  async room(t: TestContext, dataDir = mkdtempSync(join(tmpdir(), "nocturne-absent-"))): Promise<KeeperRoom> {
    const room = await openKeeperRoom(t, dataDir, this.time);
    this.owner = ownerIdOf(deriveMeshKeys(room.vault.secretFor("mesh/v1")).owner.publicKey);
    return room;
  }

  /** Of her app, or of one who has but her recovery key. */
  engine(): MeshEngine {
    const { records, roster, exchange, time: clock } = this;
    const [writer, reader] = [new ObjectWriter({ exchange, roster, clock }), new ObjectReader({ exchange, roster })];
    const note = async (): Promise<void> => {};
    const manifests = new ObjectManifests({ records, writer, reader, note, clock });
    const caretaker: MeshEngine["caretaker"] = {
      care: async (careKey) => void this.ownCares.add(toHex(careKey)),
      end: async (careKey) => void this.ownCares.delete(toHex(careKey)),
    };
    return { records, roster, exchange, writer, reader, manifests, note, caretaker };
  }

  /** Objects that carers look after, and audits that nodes failed at. */
  carersSay(): { readonly objects: number; readonly auditsFailed: number } {
    const views = [...this.#carers.values()].map((carer) => carer.view());
    const sum = (of: "objects" | "auditsFailed"): number => views.reduce((total, view) => total + view[of], 0);
    return { objects: sum("objects"), auditsFailed: sum("auditsFailed") };
  }

  /** Fragments at nodes are kept no longer than their leases. */
  async pass(durationMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < durationMs; passedMs += STEP_MS) {
      this.mesh.announce();
      await this.time.advance(STEP_MS);
      do for (let i = 0; i < 12; i++) await turn();
      while (this.#sessions > 0);
      for (const { kept } of this.mesh.nodes) {
        for (const [id, { untilMs }] of kept) if (untilMs <= this.time.nowMs()) kept.delete(id);
      }
    }
    this.mesh.announce();
  }

  async #peer(id: NodeId): ReturnType<Exchange["peer"]> {
    const peer = await this.mesh.exchange.peer(id);
    const caretaker = this.#carers.get(id);
    peer.drop = async (ids) => ids.filter((one) => this.mesh.find(id)?.kept.delete(one));
    if (!caretaker) return peer;
    peer.care = async (careKey, untilMs) => {
      this.asked++;
      await caretaker.care(careKey, untilMs, this.owner as OwnerId);
    };
    return peer;
  }

  #carer(t: TestContext, self: NodeId): Caretaker {
    const { time, mesh } = this;
    const table = new CareTable(join(this.#folder, `${self}.db`), null);
    const { manifests } = this.engine();
    const session = (): Exchange => {
      this.#sessions++;
      return { ...mesh.exchange, [Symbol.asyncDispose]: async () => void this.#sessions-- };
    };
    const caretaker = new Caretaker({
      table,
      manifests,
      roster: mesh.roster,
      exchangeFor: session,
      self: null,
      owner: null,
      takesOthers: true,
      clock: time,
      // Nobody hangs here, and hours pass while a node is asked.
      timers: {
        schedule: (callback, delayMs) =>
          delayMs === MESH_LIMITS.auditMs ? () => {} : time.schedule(callback, delayMs),
      },
      log: createLogger("silent"),
    });
    t.after(async () => {
      await caretaker.close();
      table.close();
    });
    return caretaker;
  }
}

const isQuiet = ({ keeper, copy }: KeeperRoom): boolean =>
  keeper.totals().waiting === 0 && keeper.totals().leaving === 0 && copy.view().isCurrent;

async function copyAgain(room: KeeperRoom): Promise<void> {
  room.copy.touch();
  await waitUntil("the account is copied", () => isQuiet(room));
}

function catalogueOf({ keeper }: KeeperRoom): Locator {
  const [row] = keeper.tables.objects.find("kind", "catalogue");
  return keeper.tables.locator(row as NonNullable<typeof row>) as Locator;
}

test("after 60 days without her the recovery key brings everything back, though most nodes of that time are gone", async (t) => {
  const world = new World(t, 24, 1);
  const [old, fresh] = [world.mesh.nodes.slice(0, 12), world.mesh.nodes.slice(12)];
  for (const node of fresh) node.roomBytes = 0;
  const room = await world.room(t);
  room.attach(world.engine());
  const content = randomBytes(30_000);
  const { id } = await room.put("diary.txt", content, { mesh: true });
  await waitUntil("the file is kept, and the account", () => isQuiet(room));
  // She leaves when half of the time for which carers were asked at first is over.
  for (let week = 0; week < 6; week++) {
    await world.pass(7 * DAY_MS);
    await copyAgain(room);
  }
  await world.pass(2 * DAY_MS);
  const recoveryKey = room.vault.recoveryKey();
  const first = catalogueOf(room);
  await room.close();

  await world.pass(DAY_MS);
  for (const node of fresh) node.roomBytes = 1e12;
  await goForGood(world, old.slice(1, 7));
  await goForGood(world, old.slice(7));
  const leftMs = AWAY_MS - 41 * DAY_MS;
  await world.pass(leftMs);
  assert.ok(first.nodes.filter((node) => !world.mesh.find(node)?.isSilent).length < first.needed, "its first places");

  const engine = world.engine();
  const found = (await findAccount(engine, keysOf(recoveryKey), undefined, world.time)) as FoundAccount;
  const backDir = join(mkdtempSync(join(tmpdir(), "nocturne-return-")), "data");
  atEnd(t, () => rmSync(join(backDir, ".."), { recursive: true, force: true }));
  const log = createLogger("silent");
  await restoreBackup({ source: found.backup, dataDir: backDir, recoveryKey, clock: world.time, log });
  const back = await world.room(t, backDir);
  back.keeper.adopt(found.entries);
  back.attach(engine);
  assert.deepEqual(await back.read(id), content);
});

/** Twenty days, in which carers bring elsewhere what was there. */
async function goForGood(world: World, nodes: readonly TestNode[]): Promise<void> {
  for (const node of nodes) node.isSilent = true;
  await world.pass(20 * DAY_MS);
}

test("carers follow from one catalogue to the next, and are asked anew only when it is time or a new period begins", async (t) => {
  const world = new World(t, 12, 1);
  const room = await world.room(t);
  room.attach(world.engine());
  await waitUntil("the first is there", () => isQuiet(room));
  const keys = (): string[] => room.keeper.tables.objects.find("kind", "catalogue").map((row) => row.manifestKey);
  const [firstKey] = keys();
  assert.deepEqual([world.asked, world.ownCares.size], [2, 2], "of a backup and a catalogue");
  await copyAgain(room);
  assert.deepEqual([world.asked, keys(), world.ownCares.size], [3, [firstKey], 2], "of the new backup alone");
  await world.pass(20 * DAY_MS);
  await copyAgain(room);
  const catalogue = catalogueOf(room);
  await world.pass(2 * DAY_MS);
  for (const { fragments } of catalogue.segments) {
    for (const fragment of fragments) {
      const kept = world.mesh.find(nodeOf(catalogue, fragment))?.kept.get(fragment.id);
      assert.ok(kept && kept.untilMs > world.time.nowMs() + 25 * DAY_MS);
    }
  }
  await world.pass(45 * DAY_MS);
  const before = world.asked;
  await copyAgain(room);
  assert.notDeepEqual(keys(), [firstKey]);
  assert.deepEqual([world.asked - before, world.ownCares.size], [2, 2], "and the care for the old ones ended here");
  await world.pass(DAY_MS);
  assert.deepEqual(world.carersSay(), { objects: 2, auditsFailed: 0 }, "and with others, who blame no node for it");
});

test("the attack: a carer leads to an older catalogue, or to nothing; while the owner's record counts, it is outdone", async (t) => {
  const world = new World(t, 12, 1);
  const room = await world.room(t);
  const engine = world.engine();
  const { manifests } = engine;
  room.attach(engine);
  await waitUntil("the first is there", () => isQuiet(room));
  const recoveryKey = room.vault.recoveryKey();
  const find = (): Promise<FoundAccount | null> => findAccount(engine, keysOf(recoveryKey), undefined, world.time);
  const [row] = room.keeper.tables.objects.find("kind", "catalogue");
  const careKey = careKeyOf(fromBase64Url(row?.manifestKey as string));
  const { locator: older, certificate, sequence } = (await manifests.find(careKey)) as FoundManifest;
  // Nodes that do not drop what they are told to drop.
  const kept = world.mesh.nodes.map((node) => [...node.kept]);
  await world.pass(DAY_MS);
  await copyAgain(room);
  for (const [i, node] of world.mesh.nodes.entries()) for (const one of kept[i] ?? []) node.kept.set(...one);
  const newest = room.copy.view().madeAtMs;
  const leadsTo = async (): Promise<Locator | undefined> => (await manifests.find(careKey))?.locator;

  await manifests.publish(careKey, older, sequence + 3, certificate);
  assert.deepEqual(await leadsTo(), catalogueOf(room), "one that looked when it was the newest is outdone");
  const aheadMs = world.time.nowMs() + MESH_LIMITS.clockSkewMs / 2;
  await manifests.publish(careKey, older, aheadMs, certificate);
  assert.deepEqual(await leadsTo(), older, "one that lies is believed under that key");
  assert.equal((await find())?.madeAtMs, newest);
  const nowhere = older.segments.map(({ fragments }) => fragments.map(({ id }) => ({ id, node: null })));
  await manifests.publish(careKey, createLocator(older, nowhere), aheadMs + 1, certificate);
  assert.equal((await find())?.madeAtMs, newest);

  // Her app notices, and says it anew; then the key finds it without her record, too.
  await copyAgain(room);
  assert.deepEqual(await leadsTo(), catalogueOf(room));
  const owners = recordPlace("owner", keysOf(recoveryKey).catalogue.signing.publicKey);
  assert.ok(world.records.kept.delete(toHex(owners)));
  assert.equal((await find())?.madeAtMs, room.copy.view().madeAtMs);
});
