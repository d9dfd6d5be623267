/** What sessions promise, seen from outside: whole messengers, a relay that keeps everything, and a thief. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { lettersIn, openVaultsMail, publishLetter, readStored } from "../../test/support/cells.ts";
import { createWorld, meet, type Person, until, WAIT_MS } from "../../test/support/messenger-world.ts";
import { toBase64Url } from "../core/bytes.ts";
import { systemClock } from "../core/clock.ts";
import { SESSION_LIMITS } from "../core/limits.ts";
import { createLogger } from "../core/log.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import { openVault } from "../vault/vault.ts";
import { letterHead } from "./letter.ts";
import type { Sessions } from "./session/sessions.ts";

async function say(from: Person, to: string, text: string): Promise<string> {
  const { id } = await from.messenger.send({ to, text });
  await from.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  return id;
}

/** Texts that somebody with a copy of a data directory gets out of stored events. */
async function steal(
  t: TestContext,
  dataDir: string,
  events: readonly VerifiedEvent[],
  nowMs: number,
): Promise<string[]> {
  const copy = mkdtempSync(join(tmpdir(), "nocturne-thief-"));
  cpSync(dataDir, copy, { recursive: true });
  const clock = { nowMs: () => nowMs };
  const vault = await openVault({ dataDir: copy, clock, log: createLogger("silent") });
  t.after(() => {
    vault.close();
    rmSync(copy, { recursive: true, force: true });
  });
  const found = await readStored(vault, clock, events);
  return found.map((content) => (typeof content === "string" ? content : JSON.stringify(content)));
}

test("an accepted contact gets content through the session only, and both sides have one", async (t) => {
  const { relay, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  await say(alice, "Bob", "to bob");
  await say(bob, "Alice", "to alice");
  for (const { vault } of [alice, bob]) {
    const letters = lettersIn(vault, relay.stored);
    assert.ok(letters.length > 0, "control: hello and answer are found");
    assert.ok(
      letters.every(({ kind }) => kind !== "text"),
      "no text lies in an envelope",
    );
  }
});

test("the attack: content in an envelope, in the name of a contact with whom there is a session, is dropped", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  await say(bob, "Alice", "real");
  const { publicKey, hybrid } = alice.vault.identity();
  const to = { publicKey, hybridPublicKey: toBase64Url(hybrid.publicKey) };
  const letter = { ...letterHead(clock.now), kind: "text", n: 2, text: "downgraded", files: [] } as const;
  // As somebody would who has Bob's long-lived keys, but not his session.
  await publishLetter(relay.connect().pool, letter, bob.vault.identity(), to, clock.now);
  await say(bob, "Alice", "real, too");
  assert.deepEqual(alice.texts(), ["real", "real, too"]);
});

test("keys are renewed after twenty messages, by either side, and after a day", async (t) => {
  const { clock, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  const epochs = new Set<string>();
  for (let i = 0; i < 3 * SESSION_LIMITS.messagesPerEpoch; i++) {
    if (i % 2 === 0) await say(alice, "Bob", `${i}`);
    else await say(bob, "Alice", `${i}`);
    epochs.add(headOf(alice));
    if (i % 10 !== 9) continue;
    clock.now += SESSION_LIMITS.turnMs + 1;
    for (const { messenger } of [alice, bob]) messenger.renewKeys();
    // A renewal that is still under way would take what is said last out of the epoch that is to grow old.
    const isSettled = () => headOf(alice) === headOf(bob) && ![alice, bob].some((one) => isDue(one, clock.now));
    await until(isSettled, "both are in the same epoch");
  }
  assert.ok(epochs.size >= 3, `only ${epochs.size} epochs`);
  await say(alice, "Bob", "one more");
  await renewAfterADay([alice, bob], clock);
});

test("the attack: a stolen data directory opens nothing older than the retention window, and nothing after the next commit", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  await say(alice, "Bob", "written long ago");
  await renewAfterADay([alice, bob], clock);
  clock.now += SESSION_LIMITS.retentionMs + 1;
  for (const { messenger } of [alice, bob]) messenger.renewKeys();
  await until(() => epochsOf(bob) === 1, "the old epoch is forgotten");
  await bob.messenger.stop();

  await alice.messenger.send({ to: "Bob", text: "written now" });
  await until(
    () => relay.stored.length > 0 && alice.messenger.messages("Bob").messages.at(-1)?.state === "sent",
    "sent",
  );
  const stolen = mkdtempSync(join(tmpdir(), "nocturne-stolen-"));
  t.after(() => rmSync(stolen, { recursive: true, force: true }));
  cpSync(bob.dataDir, stolen, { recursive: true });
  const loot = await steal(t, stolen, relay.stored, clock.now);
  assert.ok(
    loot.some((text) => text.includes("written now")),
    "the control: what comes now, the thief reads",
  );
  assert.ok(!loot.some((text) => text.includes("written long ago")));

  bob.start();
  await until(() => bob.texts().includes("written now"), "bob reads it, too");
  await renewAfterADay([bob], clock, alice);
  await say(alice, "Bob", "written after the commit");
  const later = await steal(t, stolen, relay.stored, clock.now);
  assert.ok(!later.some((text) => text.includes("written after the commit")));
});

test("who lost the session gets a new one: a machine restored from its backup goes on", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  await say(alice, "Bob", "before");
  const lost = bob.vault.identity().publicKey;
  await bob.messenger.stop();
  const table = sessionsOf(bob);
  bob.vault.transaction(() => table.remove(alice.vault.identity().publicKey));
  bob.start();
  await until(
    () => new Set([sessionOf(alice, lost), sessionOf(bob, alice.vault.identity().publicKey)]).size === 1,
    "one session",
  );
  await say(alice, "Bob", "after");
  await say(bob, "Alice", "and back");
  assert.ok(bob.texts().includes("after"));
});

/** Lets time pass until one of these commits, and everybody has followed. */
async function renewAfterADay(
  committers: readonly Person[],
  clock: { now: number },
  ...others: Person[]
): Promise<void> {
  const all = [...committers, ...others];
  const before = new Set(all.map(headOf));
  const isRenewed = () =>
    all.every((person) => !before.has(headOf(person)) && headOf(person) === headOf(all[0] as Person));
  clock.now += SESSION_LIMITS.epochMs;
  for (let check = 0; check < MOST_CHECKS && !isRenewed(); check++) {
    if (check <= SESSION_LIMITS.turns) clock.now += SESSION_LIMITS.turnMs;
    for (const { messenger } of committers) messenger.renewKeys(); // as their timers do, again and again
    await sleep(CHECK_MS);
  }
  assert.ok(isRenewed(), "renewal");
}

const CHECK_MS = 50;
const MOST_CHECKS = 600;

function sessionsOf(person: Person): Sessions {
  return openVaultsMail(person.vault, systemClock).sessions;
}

function isDue(person: Person, nowMs: number): boolean {
  return sessionsOf(person)
    .list()
    .some(({ renewalMs }) => renewalMs !== null && renewalMs <= nowMs);
}

function headOf(person: Person): string {
  return sessionsOf(person).list().at(-1)?.head ?? "";
}

function epochsOf(person: Person): number {
  const sessions = sessionsOf(person);
  const id = sessions.list().at(-1)?.id ?? "";
  return sessions.read(id)?.epochs.size ?? 0;
}

function sessionOf(person: Person, contact: string): string | undefined {
  return sessionsOf(person).of(contact)?.id;
}
