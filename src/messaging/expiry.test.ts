/** Messages that disappear: when, and that nothing of them is left on the disk or in a backup. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { createWorld, meet, type Person, until, WAIT_MS } from "../../test/support/messenger-world.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { createLogger } from "../core/log.ts";
import { restoreBackup } from "../vault/restore.ts";
import { openVault } from "../vault/vault.ts";
import { MessageStore } from "./message-store.ts";

const TIMER_S = 60;
const TIMER_MS = TIMER_S * 1_000;

/**
 * A copy of vault and log as they are on the disk, made by another process: this one would drop the vault's lock by
 * closing its file.
 */
function copyDisk({ dataDir }: Person, t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "nocturne-copy-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync("cp", [join(dataDir, "vault.db"), join(dataDir, "vault.db-wal"), folder]);
  return folder;
}

function diskBytes(person: Person, t: TestContext): Buffer {
  const folder = copyDisk(person, t);
  return Buffer.concat(["vault.db", "vault.db-wal"].map((name) => readFileSync(join(folder, name))));
}

function sealedBodies(person: Person, table: string, t: TestContext): Buffer[] {
  using database = new DatabaseSync(join(copyDisk(person, t), "vault.db"));
  const rows = database.prepare(`SELECT body FROM ${table}`).all();
  return rows.map(({ body }) => Buffer.from(body as Uint8Array));
}

test("a disappearing message goes from both machines, and its sealed bytes with it", async (t) => {
  const { clock, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  for (let i = 0; i < 40; i++) await bob.messenger.send({ to: "Alice", text: `this stays ${i}` });
  bob.messenger.changeConversation("Alice", { timerSeconds: TIMER_S });
  await until(() => alice.messenger.conversations()[0]?.timerSeconds === TIMER_S, "the timer arrives");
  const notice = alice.messenger.messages("Bob").messages.at(-1);
  assert.deepEqual([notice?.kind, notice?.text], ["notice", "Bob set messages to disappear after 1 minute"]);
  assert.equal(bob.messenger.messages("Alice").messages.at(-1)?.text, "You set messages to disappear after 1 minute");

  const { id } = await bob.messenger.send({ to: "Alice", text: "burn after reading", files: ["f1"] });
  await bob.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  await alice.messenger.send({ to: "Bob", text: "also brief" });
  await until(() => bob.texts().includes("also brief"), "the answer arrives");
  const expiry = (one: Person) =>
    one.messenger.messages(one === alice ? "Bob" : "Alice").messages.find((m) => m.id === id)?.expiresAt;
  assert.equal(expiry(bob), new Date(clock.now + TIMER_MS).toISOString(), "the writer's clock runs");
  assert.ok(Date.parse(expiry(alice) ?? "") > clock.now + MESSAGE_LIMITS.expiryUnreadMs, "the reader's does not yet");
  alice.messenger.markRead("Bob", Number.MAX_SAFE_INTEGER - 1);
  bob.messenger.markRead("Alice", Number.MAX_SAFE_INTEGER - 1);
  assert.equal(expiry(alice), new Date(clock.now + TIMER_MS).toISOString());
  assert.equal((await alice.messenger.search({ q: "burn" })).length, 1);

  const sealed = [...sealedBodies(alice, "messages", t), ...sealedBodies(alice, "outbox", t)];
  const before = diskBytes(alice, t);
  assert.ok(sealed.length > 40 && sealed.every((body) => before.includes(body)), "what is looked for is there before");
  clock.now += TIMER_MS;
  for (const one of [alice, bob]) one.messenger.removeExpired();
  const left = alice.messenger.messages("Bob", { limit: 200 }).messages.map(({ text }) => text);
  assert.equal(left.length, 41);
  assert.ok(!left.includes("burn after reading") && !left.includes("also brief"));
  assert.ok(alice.events.some((one) => one.event === "message-gone" && one.id === id));
  assert.deepEqual(bob.revoked, ["http://localhost/s/f1#key"]);
  assert.deepEqual(alice.revoked, [], "links of other people are theirs");
  assert.deepEqual(await alice.messenger.search({ q: "burn" }), []);
  for (const one of [alice, bob]) assert.equal(statSync(join(one.dataDir, "vault.db-wal")).size, 0);
  const stillThere = new Set(sealedBodies(alice, "messages", t).map((body) => body.toString("hex")));
  const gone = sealed.filter((body) => !stillThere.has(body.toString("hex")));
  assert.ok(gone.length >= 2);
  const after = diskBytes(alice, t);
  assert.ok(
    gone.every((body) => !after.includes(body)),
    "no sealed byte is left",
  );
});

test("what falls due while nothing runs goes at the next start, and a repeated letter does not bring it back", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  bob.messenger.changeConversation("Alice", { timerSeconds: TIMER_S });
  const { id } = await bob.messenger.send({ to: "Alice", text: "brief" });
  await bob.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  await alice.messenger.stop();
  clock.now += MESSAGE_LIMITS.expiryUnreadMs + TIMER_MS;
  alice.start();
  assert.deepEqual(alice.texts(), []);
  for (const wrap of relay.stored.slice()) await relay.connect().pool.publish("", wrap);
  alice.crash();
  await until(() => alice.messenger.contacts().length === 1, "it runs");
  assert.deepEqual(alice.texts(), []);
});

test("a message that expires before it could be sent leaves the outbox, and nobody waits for its number", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  bob.messenger.changeConversation("Alice", { timerSeconds: TIMER_S });
  await until(() => alice.messenger.conversations()[0]?.timerSeconds === TIMER_S, "the timer arrives");
  alice.crash();
  await alice.messenger.stop();
  const { id } = await bob.messenger.send({ to: "Alice", text: "brief" });
  await bob.messenger.waitFor(id, "sent", AbortSignal.timeout(WAIT_MS));
  relay.stored.length = 0; // a relay that loses what it took
  clock.now += TIMER_MS;
  bob.messenger.removeExpired();
  await bob.messenger.send({ to: "Alice", text: "after it" });
  alice.start();
  await until(() => {
    clock.now += 250;
    bob.messenger.refreshRelays();
    return alice.texts().length > 0;
  }, "the next one is shown");
  assert.deepEqual(alice.texts(), ["after it"]);
});

test("a backup leaves disappearing messages out, in whatever table they are", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  await bob.messenger.send({ to: "Alice", text: "this stays" });
  bob.messenger.changeConversation("Alice", { timerSeconds: TIMER_S });
  await until(() => alice.texts().length === 1, "it arrives");
  relay.behave({ loseEvent: 1, loseAnswer: 0, repeat: 0, delay: 0, random: () => 0 });
  const { id } = await bob.messenger.send({ to: "Alice", text: "brief" });
  bob.messenger.edit(id, "briefer");
  const folder = mkdtempSync(join(tmpdir(), "nocturne-restored-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const dataDir = join(folder, "data");
  const log = createLogger("silent");
  await restoreBackup({ source: bob.vault.backup(), dataDir, clock, log, recoveryKey: bob.vault.recoveryKey() });
  using restored = await openVault({ dataDir, clock, log });
  const messages = new MessageStore(restored);
  assert.equal(messages.get(id), null);
  assert.deepEqual(messages.disappearing(), []);
  assert.deepEqual(
    messages.newest(10).map(({ text, notice }) => notice?.what ?? text),
    ["timer", "this stays"],
  );
  const outbox = restored.table<{ id: string }>({ name: "outbox", key: (row) => row.id });
  assert.ok(!JSON.stringify(outbox.list()).includes("brief"));
  assert.equal(bob.messenger.messages("Alice").messages.at(-1)?.text, "briefer", "the vault itself keeps them");
});
