/** Snapshots among other mail: what a relay that keeps everything sees of one, and what a new machine makes of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { formOf } from "../../../test/support/cells.ts";
import {
  createPerson,
  createWorld,
  meet,
  type Person,
  RELAY,
  until,
  WAIT_MS,
} from "../../../test/support/messenger-world.ts";
import { toHex } from "../../core/bytes.ts";
import { SNAPSHOT_LIMITS } from "../../core/cell-limits.ts";
import { type NostrEvent, signEvent } from "../../nostr/event.ts";
import { KIND } from "../../nostr/kinds.ts";
import type { Vault } from "../../vault/vault.ts";
import { readCell } from "../cell/cell.ts";
import { findSnapshot } from "./finder.ts";
import { continueChain, type SnapshotSource } from "./publisher.ts";
import { SNAPSHOT_SECRET, snapshotKeys } from "./snapshot-keys.ts";
import { revive } from "./summarize.ts";

const PERIOD_MS = 20;

function sourceOf(vault: Vault, settings: Person["settings"]): SnapshotSource {
  const own = { cover: "fast", readingMegabytesPerHour: 20, relays: [RELAY] } as const;
  return {
    secret: () => vault.secretFor(SNAPSHOT_SECRET),
    parts: () => ({ settings: { shared: settings, ...own }, channels: [], nostrKey: null }),
    relays: () => own.relays,
  };
}

/** From now on this person keeps snapshots. */
function keep(person: Person): void {
  person.snapshot = sourceOf(person.vault, person.settings);
  person.crash();
}

/** What tells cells from each other but chance: their forms, and whoever is named in them. */
function sortsOf(events: readonly NostrEvent[], people: readonly Person[]) {
  const keys = people.map(({ vault }) => vault.identity().publicKey);
  const named = keys.filter((key) => JSON.stringify(events).includes(key)).length;
  const once = (values: readonly (string | undefined)[]) => new Set(values).size === values.length;
  return {
    forms: new Set(events.map(formOf)).size,
    named,
    keysOnce: once(events.map(({ pubkey }) => pubkey)),
    addressesOnce: once(events.map(({ tags }) => tags[0]?.[1])),
  };
}

test("a relay cannot tell a snapshot from other cells: not by form, key, address, number or pace", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  for (const one of [alice, bob]) one.law = { meanPeriodMs: () => PERIOD_MS, onChange: () => () => {} };
  bob.crash();
  keep(alice);
  const paceOf = async (work: () => Promise<unknown>) => {
    const [before, startMs] = [relay.stored.length, performance.now()];
    await work();
    return ((relay.stored.length - before) * PERIOD_MS) / (performance.now() - startMs);
  };
  const from = relay.stored.length;
  const idle = await paceOf(() => sleep(1_000));
  const busy = await paceOf(() => alice.messenger.recovery.publishSummary());
  assert.ok(idle > 0 && busy > 0 && idle <= 2.2 && busy <= 2.2, `${idle} and ${busy} cells a period of two streams`);

  const seen = relay.stored.slice(from).filter(({ kind }) => kind === KIND.cell);
  assert.deepEqual(sortsOf(seen, [alice, bob]), { forms: 1, named: 0, keysOnce: true, addressesOnce: true });

  // The controls. Who has the recovery key finds it among them, so it is there.
  const keys = snapshotKeys(alice.vault.secretFor(SNAPSHOT_SECRET), Math.floor(clock.now / SNAPSHOT_LIMITS.epochMs));
  const addresses = new Set(
    Array.from({ length: 16 }, (_, slot) => toHex(keys.address({ copy: 0, attempt: 0, slot }))),
  );
  const found = seen.filter((event) => addresses.has(readCell(event)?.address ?? ""));
  assert.equal(found.length, SNAPSHOT_LIMITS.cellsMin);
  assert.deepEqual(new Set(found.map(formOf)), new Set(seen.map(formOf)));
  // The usual way, an event of one's own that is replaced each time, is found by the same search.
  const { nostrSecretKey } = alice.vault.identity();
  const template = {
    kind: 30_078,
    created_at: Math.floor(clock.now / 1000),
    tags: [["d", "backup"]],
    content: "sealed",
  };
  const usual = [0, 1].map((i) => signEvent({ ...template, created_at: template.created_at + i }, nostrSecretKey));
  assert.deepEqual(sortsOf([...seen, ...usual], [alice, bob]), {
    forms: 3,
    named: 1,
    keysOnce: false,
    addressesOnce: false,
  });
});

test("a new machine knows the same people, and they write to each other as if nothing had happened", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const [alice, bob, carol] = [await person("Alice"), await person("Bob"), await person("Carol")];
  await meet(alice, bob);
  const { link } = await alice.messenger.createInvite();
  await carol.messenger.addContact({ invite: link, name: "Alice" });
  await until(() => alice.messenger.contacts().length === 2, "Carol asks");
  alice.messenger.block("Carol");
  alice.messenger.rename("Bob", "Robert");
  const safety = alice.messenger.verify("Robert").safety ?? "";
  assert.equal(alice.messenger.verify("Robert", safety).verified, true);
  alice.messenger.changeConversation("Robert", { pinned: true, timerSeconds: 604_800 });
  for (const [from, to, text] of [
    [bob, "Alice", "one"],
    [alice, "Robert", "two"],
    [bob, "Alice", "three"],
  ] as const) {
    const { id } = await from.messenger.send({ to, text });
    await from.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  }
  const { id: group } = await alice.messenger.createGroup({ name: "two of us", members: ["Robert"] });
  const isIn = () => alice.messenger.group(group).members.every(({ state }) => state === "member");
  await until(() => isIn() && bob.messenger.conversations().some((one) => one.id === group), "Bob is in the group");
  await alice.messenger.setGroupAdmin(group, "Robert", true);
  await until(() => bob.messenger.group(group).admin, "Bob is an admin");
  keep(alice);
  await alice.messenger.recovery.publishSummary();

  const recoveryKey = alice.vault.recoveryKey();
  await alice.messenger.stop();
  const unheard = await bob.messenger.send({ to: "Alice", text: "into the void" });
  clock.now += 120_000;
  const prepare = async (vault: Vault) => {
    const { pool } = relay.connect();
    const { found } = await findSnapshot({ pool, clock }, vault.secretFor(SNAPSHOT_SECRET), [RELAY]);
    assert.ok(found);
    revive(vault, found.summary);
    continueChain(vault, found);
  };
  const again = await createPerson(t, "Alice", relay, clock, { recoveryKey, prepare });
  assert.equal(again.npub, alice.npub);
  const contacts = again.messenger.contacts().map(({ name, state, verified }) => ({ name, state, verified }));
  assert.deepEqual(contacts, [
    { name: "Robert", state: "accepted", verified: true },
    { name: "Carol", state: "blocked", verified: false },
  ]);
  const conversation = again.messenger.conversations().find(({ name }) => name === "Robert");
  assert.deepEqual([conversation?.pinned, conversation?.timerSeconds], [true, 604_800]);

  clock.now += 60_000;
  await bob.messenger.waitFor(unheard.id, "delivered", AbortSignal.timeout(WAIT_MS));
  const { id } = await again.messenger.send({ to: "Robert", text: "from the new one" });
  await again.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  assert.ok(again.texts().includes("into the void"), "shown at once, though what came before is not here");
  assert.ok(bob.texts().includes("from the new one"));

  await until(() => again.messenger.group(group).joined, "the group is in the book");
  const said = await again.messenger.send({ to: group, text: "in the group again" });
  await again.messenger.waitFor(said.id, "delivered", AbortSignal.timeout(WAIT_MS));
  assert.ok(bob.texts().includes("in the group again"));
});
