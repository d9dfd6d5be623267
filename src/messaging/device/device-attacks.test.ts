/**
 * What a thief of a linked device, or whoever found a link, can do: whole messengers, and a thief with a client of his own.
 * Each attack has a control that shows that it works where the protection is not.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { introCells } from "../cell/cell-post.ts";
import { deviceOf, openVaultsMail, publishLetter, readStored } from "../../../test/support/cells.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { createLinkedWorld, deliver, stateOf, textsOf } from "../../../test/support/linked-world.ts";
import { createWorld, type Person, RELAY, until, WAIT_MS } from "../../../test/support/messenger-world.ts";
import { testDevice } from "../../../test/support/session-world.ts";
import { toBase64Url, utf8Encode } from "../../core/bytes.ts";
import { DEVICE_LIMITS } from "../../core/limits.ts";
import { createLogger } from "../../core/log.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";

import { openVault, type Vault } from "../../vault/vault.ts";
import { makeCard, parseCard } from "../card.ts";
import { ContactBook } from "../contact-book.ts";
import { letterHead } from "../letter.ts";
import { makeCommit, takeCommit } from "../session/commit.ts";
import { createGroup, createKeyPackage, join as joinGroup } from "../session/mls.ts";
import type { Sessions } from "../session/sessions.ts";
import { createDeviceLink, encodeDeviceLink } from "./device-link.ts";

/** A copy of a whole data directory, with a client that does as the thief likes. */
async function steal(
  t: TestContext,
  person: Person,
  nowMs: () => number,
): Promise<{ vault: Vault; sessions: Sessions; read: (events: readonly VerifiedEvent[]) => Promise<string> }> {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-thief-"));
  cpSync(person.dataDir, dataDir, { recursive: true });
  const clock = { nowMs };
  const vault = await openVault({ dataDir, clock, log: createLogger("silent") });
  t.after(() => {
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const { sessions } = openVaultsMail(vault, clock);
  const read = async (events: readonly VerifiedEvent[]) => JSON.stringify(await readStored(vault, clock, events));
  return { vault, sessions, read };
}

test("who stole a linked device reads nothing that is written after it was revoked", async (t) => {
  const { alice, laptop, bob, relay, clock } = await createLinkedWorld(t);
  await laptop.messenger.stop(); // it is off when it is stolen, so it misses its own removal
  const thief = await steal(t, laptop, clock.nowMs);
  await deliver(bob, "Alice", "before the revocation");
  const before = relay.stored.length;
  assert.match(await thief.read(relay.stored), /before the revocation/, "control: until then he reads");
  await alice.messenger.devices.revoke("Laptop");
  assert.equal(stateOf(alice, "Laptop"), "revoked");
  await deliver(alice, "Bob", "after, by Alice");
  await deliver(bob, "Alice", "after, by Bob");
  const read = await thief.read(relay.stored.slice(before));
  assert.doesNotMatch(read, /after, by/);
  assert.deepEqual(textsOf(bob, "Alice").slice(-2), ["after, by Alice", "after, by Bob"]);
});

test("who stole a linked device cannot go on writing in its owner's name, nor come back", async (t) => {
  const { alice, laptop, bob, relay, clock } = await createLinkedWorld(t);
  await laptop.messenger.stop();
  await alice.messenger.devices.revoke("Laptop");
  await deliver(alice, "Bob", "I revoked it");
  const bobsId = bob.vault.identity().publicKey;
  const thief = await steal(t, laptop, clock.nowMs);
  const session = thief.sessions.of(bobsId)?.id ?? "";
  const { pool } = relay.connect();
  const write = async (text: string, n: number) => {
    const letter = { ...letterHead(clock.now), kind: "text", n, text, files: [] } as const;
    const sealed = await thief.sessions.seal(session, letter.id, utf8Encode(JSON.stringify(letter)), () => {});
    const parcel = { kind: "session", session, epoch: sealed.epoch, body: sealed.message } as const;
    for (const cell of introCells(parcel, deviceOf(bob.vault.identity()), clock.now)) await pool.publish(RELAY, cell);
  };
  await write("sealed before he could know", 1);
  await until(() => textsOf(bob, "Alice").includes("sealed before he could know"), "control: what may be late is read");
  clock.now += DEVICE_LIMITS.partingMs + 1;
  await write("long after", 2);
  await sleep(500);
  assert.ok(!textsOf(bob, "Alice").includes("long after"));

  // He has the device's keys, and says hello with them: he is a stranger, not Alice.
  const identity = thief.vault.identity();
  const hello = { ...letterHead(clock.now), kind: "text", n: 1, text: "it is me, Alice", files: [] } as const;
  const hybridPublicKey = bob.vault.identity().hybrid.publicKey;
  const to = { publicKey: bobsId, hybridPublicKey: toBase64Url(hybridPublicKey) };
  await publishLetter(pool, hello, identity, to, clock.now);
  await sleep(300);
  assert.ok(!textsOf(bob, "Alice").includes("it is me, Alice"));
  assert.ok(!bob.messenger.inbox().some(({ text }) => text === "it is me, Alice"));

  // Nor does the main device take key packages from him again.
  const keyPackages = [toBase64Url(await thief.sessions.keyPackage())];
  const packages = { ...letterHead(clock.now), kind: "packages", keyPackages, want: 5 } as const;
  const main = alice.vault.identity();
  const toMain = { publicKey: main.publicKey, hybridPublicKey: toBase64Url(main.hybrid.publicKey) };
  await publishLetter(pool, packages, identity, toMain, clock.now);
  await sleep(300);
  const rows = alice.vault.table<{ device: string; stock: unknown[] }>({
    name: "own_devices",
    key: (row) => row.device,
  });
  assert.deepEqual(rows.get(identity.device)?.stock, []);
});

test("a linked device holds nothing that speaks for the account", async (t) => {
  const { alice, laptop } = await createLinkedWorld(t);
  const [main, linked] = [alice.vault.identity(), laptop.vault.identity()];
  assert.equal(linked.publicKey, main.publicKey);
  assert.notEqual(linked.device, linked.publicKey);
  assert.notDeepEqual(laptop.vault.recoveryKey(), alice.vault.recoveryKey());
  assert.throws(() => parseCard({ ...makeCard(linked, [RELAY], Date.now()), pubkey: main.publicKey }));
  assert.equal(parseCard(makeCard(main, [RELAY], Date.now())).publicKey, main.publicKey, "control");
});

test("a linked device cannot take the main one out of a conversation, though the main one can take it out", async () => {
  const [main, linked, bob] = [testDevice("ada", "main"), testDevice("ada", "laptop"), testDevice("bob", "main")];
  const now = Date.now();
  const [own, ...packages] = await Promise.all([main, linked, bob].map((device) => createKeyPackage(device, now)));
  assert.ok(own && packages[0] && packages[1]);
  const info = { kind: "direct", name: "", admins: [main.account, bob.account].sort() } as const;
  const alone = await createGroup(new Uint8Array(16).fill(9), own, info);
  const made = await makeCommit(alone, { add: packages.map(({ keyPackage }) => keyPackage) });
  assert.ok(made.welcome);
  const [ofLinked, ofBob] = [await joinGroup(made.welcome, packages[0]), await joinGroup(made.welcome, packages[1])];
  const names = {
    main: { account: main.account, device: main.device },
    linked: { account: main.account, device: linked.device },
  };
  const attack = await makeCommit(ofLinked, { remove: [names.main] });
  assert.equal(await takeCommit(ofBob, attack.message), null);
  const revocation = await makeCommit(made.state, { remove: [names.linked] });
  assert.equal((await takeCommit(ofBob, revocation.message))?.removes, true, "control");
});

test("a stolen linked device cannot put its thief's keys under a friend's name", async (t) => {
  const { alice, laptop, bob, person } = await createLinkedWorld(t);
  const mallory = await person("Mallory");
  const forged = parseCard(makeCard(mallory.vault.identity(), [RELAY], Date.now()));
  const bobsKey = bob.vault.identity().publicKey;
  const before = alice.messenger.contact("Bob");
  await laptop.messenger.stop();
  const book = new ContactBook(laptop.vault);
  const row = book.find("Bob");
  book.update(row, { card: { ...forged, publicKey: bobsKey } });
  laptop.start();
  laptop.messenger.rename("Bob", "Robert"); // tells the main device, the forged card along with it
  await until(() => alice.messenger.contacts()[0]?.name === "Robert", "control: what it may change arrives");
  const after = alice.messenger.contact("Robert");
  assert.deepEqual([after.safety, after.verified, after.cardChanged], [before.safety, before.verified, false]);
});

test("a link lets in one device, the first, and none without its secret", async (t) => {
  const { person, clock } = createWorld(t);
  const [alice, laptop, other] = [await person("Alice"), await person(""), await person("")];
  const { link } = alice.messenger.devices.createLink();
  const guess = encodeDeviceLink({ ...createDeviceLink([RELAY], clock.now), secret: new Uint8Array(16) });
  const short = AbortSignal.timeout(1_000);
  await assert.rejects(other.messenger.devices.ask({ link: guess, name: "Guess" }, short));
  await laptop.join(link, "Laptop");
  await assert.rejects(other.messenger.devices.ask({ link, name: "Second" }, AbortSignal.timeout(1_000)));
  await until(() => stateOf(alice, "Laptop") === "active", "control: the first is in");
  assert.deepEqual(
    alice.messenger.devices.list().map(({ name }) => name),
    ["Main device", "Laptop"],
  );
  const cut = other.messenger.devices.ask({ link, name: "Cut" }, AbortSignal.timeout(WAIT_MS));
  const asked = assert.rejects(cut, { code: "locked" }, "a lock ends the asking");
  await other.messenger.stop();
  await asked;
  other.start();
  clock.now += 700_000;
  await assert.rejects(other.messenger.devices.ask({ link, name: "Late" }, AbortSignal.timeout(WAIT_MS)), {
    code: "device_link_expired",
  });
});
