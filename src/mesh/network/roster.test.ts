import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DatabaseSync } from "node:sqlite";
import { toHex } from "../../core/bytes.ts";
import type { Timers } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { type NodeId, nodeIdOf } from "../node-id.ts";
import { type Announcement, signAnnouncement } from "./announcement.ts";
import { openNetworkDatabase } from "./network-database.ts";
import { Prober } from "./prober.ts";
import { NodeRoster } from "./roster.ts";
import { testFolder } from "./testing.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NEVER: Timers = { schedule: () => () => {} };
const SELF = nodeIdOf(ed25519.createKeyPair().publicKey);

/** A roster with a clock that stands still until it is moved. */
class World implements Disposable {
  readonly folder = testFolder();
  nowMs = Date.UTC(2026, 10, 27);
  isConnected = true;
  #db: DatabaseSync = openNetworkDatabase(this.folder.path);
  roster: NodeRoster = this.#open();

  #open(): NodeRoster {
    const clock = { nowMs: () => this.nowMs };
    return new NodeRoster({ db: this.#db, self: SELF, clock, timers: NEVER, isConnected: () => this.isConnected });
  }

  announce(key: SignatureKeyPair, changes: Partial<Announcement> = {}): Uint8Array {
    const said = {
      sequence: this.nowMs,
      madeAtMs: this.nowMs,
      roomBytes: 0,
      cares: false,
      isLeaving: false,
      software: 1,
    };
    const addresses = { addresses: [{ host: "203.0.113.7", port: 4 }], meshAddresses: [] };
    return signAnnouncement({ ...said, ...addresses, ...changes }, key);
  }

  add(changes: Partial<Announcement> = {}): NodeId {
    const key = ed25519.createKeyPair();
    assert.equal(this.roster.hear(this.announce(key, changes), false), "take");
    return nodeIdOf(key.publicKey);
  }

  /** Time in which this machine is on: it notes so every minute, and somebody answers it. */
  on(durationMs: number, each: () => void = () => {}): void {
    for (const endMs = this.nowMs + durationMs; this.nowMs < endMs; ) {
      this.nowMs += MINUTE;
      this.roster.awake();
      if (this.nowMs % HOUR === 0) each();
    }
  }

  restart(): void {
    this.roster.close();
    this.#db.close();
    this.#db = openNetworkDatabase(this.folder.path);
    this.roster = this.#open();
  }

  [Symbol.dispose](): void {
    this.roster.close();
    this.#db.close();
    this.folder[Symbol.dispose]();
  }
}

describe("roster", () => {
  test("who announces itself is up, with what it says, until it is asked and silent", () => {
    using world = new World();
    const id = world.add({ roomBytes: 2 ** 30, cares: true });
    const found = world.roster.find(id);
    assert.deepEqual(
      [found?.domain, found?.roomBytes, found?.cares, found?.state, found?.uptime],
      ["203.0.113.0/24", 2 ** 30, true, "up", MESH_LIMITS.uptimeGuess],
    );
    world.roster.heard(id, false);
    assert.equal(world.roster.find(id)?.state, "up");
    world.on(2 * HOUR, () => world.roster.heard(id, false));
    assert.equal(world.roster.find(id)?.state, "late");
    world.on(DAY, () => world.roster.heard(id, false));
    assert.equal(world.roster.find(id)?.state, "suspect");
    assert.ok((world.roster.find(id)?.uptime ?? 1) < 0.7);
  });

  test("a node that announces itself but never answers is not up for that", () => {
    using world = new World();
    const key = ed25519.createKeyPair();
    world.roster.hear(world.announce(key), true);
    const id = nodeIdOf(key.publicKey);
    world.on(2 * DAY, () => {
      world.roster.heard(id, false);
      world.roster.hear(world.announce(key), true);
    });
    assert.equal(world.roster.find(id)?.state, "suspect");
  });

  test("who comes back after a day is believed after an audit only; who was always there needs none", () => {
    using world = new World();
    const [away, there] = [world.add(), world.add({ addresses: [{ host: "198.51.100.1", port: 1 }] })];
    world.roster.heard(away, true);
    world.on(2 * DAY, () => world.roster.heard(there, true));
    world.roster.heard(away, true);
    assert.deepEqual(
      [away, there].map((id) => world.roster.find(id)?.state),
      ["returning", "up"],
    );
    world.roster.audited(away, "failed");
    assert.equal(world.roster.find(away)?.state, "returning");
    world.roster.audited(away, "kept");
    assert.equal(world.roster.find(away)?.state, "up");
  });

  test("who answers everything but audits is trusted no longer than one who answers nothing", () => {
    using world = new World();
    const [silent, honest] = [world.add(), world.add({ addresses: [{ host: "198.51.100.1", port: 1 }] })];
    for (const id of [silent, honest]) world.roster.heard(id, true);
    world.roster.audited(silent, "silent");
    world.on(2 * DAY, () => [silent, honest].forEach((id) => world.roster.heard(id, true)));
    assert.deepEqual(
      [silent, honest].map((id) => world.roster.find(id)?.state),
      ["returning", "up"],
    );
    world.roster.audited(silent, "kept");
    assert.equal(world.roster.find(silent)?.state, "up");
  });

  test("time in which this machine was off or offline is nobody's absence", () => {
    using world = new World();
    const id = world.add();
    world.roster.heard(id, true);
    world.on(10 * MINUTE);
    world.restart();
    world.nowMs += 9 * DAY; // off
    world.roster.awake();
    assert.equal(world.roster.find(id)?.state, "up");
    world.isConnected = false;
    world.on(9 * DAY, () => world.roster.heard(id, false));
    world.isConnected = true;
    world.roster.awake();
    assert.equal(world.roster.find(id)?.state, "up");
    assert.ok((world.roster.find(id)?.uptime ?? 0) >= MESH_LIMITS.uptimeGuess);
    // The control: the same silence while this machine was there.
    world.on(9 * DAY, () => world.roster.heard(id, false));
    assert.equal(world.roster.find(id)?.state, "lost");
  });

  test("an older announcement changes nothing, nor does one that comes too soon by gossip, or this node's own", () => {
    using world = new World();
    const key = ed25519.createKeyPair();
    assert.equal(world.roster.hear(world.announce(key, { sequence: 5, roomBytes: 2 ** 30 }), true), "take");
    world.nowMs += MINUTE;
    assert.equal(world.roster.hear(world.announce(key, { sequence: 4 }), true), "ignore");
    assert.equal(world.roster.hear(world.announce(key, { sequence: 6, roomBytes: 2 ** 31 }), true), "take");
    assert.equal(world.roster.hear(world.announce(key, { sequence: 7 }), true), "ignore");
    assert.equal(world.roster.nodes()[0]?.roomBytes, 2 ** 31);
    assert.equal(world.roster.hear(world.announce(key, { sequence: 8 }).fill(0, 60, 70), true), "reject");
  });

  test("it knows after a restart whom it knew, how they were, and where they were reached", () => {
    using world = new World();
    const addresses = [
      { host: "203.0.113.7", port: 4 },
      { host: "198.51.100.9", port: 4 },
    ];
    const id = world.add({ addresses });
    world.roster.heard(id, true, { host: "192.0.2.1", port: 4 });
    assert.equal(world.roster.find(id)?.domain, "203.0.113.0/24", "an address that it did not announce");
    world.roster.heard(id, true, addresses[1]);
    world.roster.awake();
    const before = world.roster.find(id);
    world.restart();
    assert.deepEqual(world.roster.find(id), before);
    assert.equal(before?.domain, "198.51.100.0/24");
    world.nowMs += 3 * DAY;
    world.restart();
    assert.deepEqual(world.roster.find(id)?.addresses, addresses, "older than others would believe");
    assert.deepEqual(world.roster.page(""), [], "and so not passed on");
  });

  test("names of one place do not fill it, and those who never answered go before those who did", () => {
    using world = new World();
    const proven = world.add({ addresses: [{ host: "192.0.2.1", port: 1 }] });
    world.roster.heard(proven, true);
    const watched = world.add({ addresses: [{ host: "192.0.3.1", port: 1 }] });
    world.roster.watch(new Set([watched]));
    world.nowMs += MINUTE;
    for (let at = 0; at < MESH_LIMITS.nodesPerDomain; at++) world.add();
    const oneMore = ed25519.createKeyPair();
    assert.equal(world.roster.hear(world.announce(oneMore), false), "ignore");
    const from = (at: number) => [{ host: `10.${at >> 8}.${at & 0xff}.1`, port: 1 }];
    const missing = MESH_LIMITS.nodes - world.roster.nodes().length;
    for (let at = 0; at < missing; at++) world.add({ addresses: from(at) });
    world.nowMs += MINUTE;
    const newest = world.add({ addresses: [{ host: "192.0.4.1", port: 1 }] });
    assert.equal(world.roster.nodes().length, MESH_LIMITS.nodes);
    for (const id of [proven, watched, newest]) assert.ok(world.roster.find(id));
  });

  test("pages together name everybody once, this node too", () => {
    using world = new World();
    const key = ed25519.createKeyPair();
    const own = world.announce(key);
    world.roster.setOwn(own);
    const from = (at: number) => [{ host: `10.${at >> 8}.${at & 0xff}.1`, port: 1 }];
    const count = MESH_LIMITS.rosterPage + 20;
    for (let at = 0; at < count; at++) world.add({ addresses: from(at) });
    const first = world.roster.page("0".repeat(64));
    assert.equal(first.length, MESH_LIMITS.rosterPage);
    const last = first.at(-1) as Uint8Array;
    const second = world.roster.page(toHex(last.subarray(2, 34)));
    assert.equal(new Set([...first, ...second].map(toHex)).size, count + 1);
    assert.ok([...first, ...second].includes(own));
  });

  test("a node asks those whom nobody asked, a few at a time; a client those that hold its fragments", async () => {
    using world = new World();
    const ids = Array.from({ length: 20 }, () => world.add());
    world.roster.heard(ids[0] as NodeId, true);
    world.roster.watch(new Set(ids.slice(18)));
    let [now, most] = [0, 0];
    const asked: NodeId[] = [];
    const ping = async (id: NodeId): Promise<boolean> => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      asked.push(id);
      return id !== ids[1];
    };
    const prober = (serves: boolean) => new Prober({ roster: world.roster, ping, serves, timers: NEVER });
    await prober(false).run();
    assert.deepEqual(asked.toSorted(), ids.slice(18).toSorted());
    await prober(true).run();
    assert.deepEqual(asked.toSorted(), ids.slice(1).toSorted());
    assert.equal(most, MESH_LIMITS.probes);
    const uptimes = [1, 2].map((at) => world.roster.find(ids[at] as NodeId)?.uptime ?? 0);
    assert.ok((uptimes[0] as number) < (uptimes[1] as number));
    await prober(true).run();
    assert.equal(asked.length, 19);
    world.nowMs += HOUR;
    await prober(true).run();
    assert.equal(asked.length, 39);
  });
});
