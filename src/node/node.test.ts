import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { testConfig } from "../../test/support/api-node.ts";
import { askUntil, waitUntil } from "../../test/support/wait.ts";
import { COVER_LIMITS } from "../core/cell-limits.ts";
import { CELL_EVENT_BYTES } from "../messaging/cell/cell.ts";
import { KIND } from "../nostr/kinds.ts";
import { examineNode, examineOffline } from "./doctor.ts";
import { type Face, startNode } from "./node.ts";
import { openServices, type Services } from "./services.ts";
import { readStatus } from "./status.ts";
import type { NodeEvent } from "./views.ts";

const PASSPHRASE = "correct horse battery";

const folder = mkdtempSync(join(tmpdir(), "nocturne-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const config = (name: string) => testConfig(join(folder, name));

/** Ended with the test at the latest: a failed test must not keep the process alive. */
async function ended<T extends { close(): Promise<void> }>(t: TestContext, opening: Promise<T>): Promise<T> {
  const opened = await opening;
  t.after(() => opened.close());
  return opened;
}

/** A face that only notes when it is opened and closed, and in which state it found the rooms. */
function notingFace(notes: string[]): (services: Services) => Promise<Face> {
  return (services) => {
    notes.push("face opened");
    const close = (): Promise<void> => {
      notes.push(
        `face closed, vault ${services.vault.locked ? "locked" : "open"}, ${services.relay?.connections()} connections`,
      );
      return Promise.resolve();
    };
    return Promise.resolve({ port: 1, launchUrl: () => "url", close });
  };
}

test("a node starts in order and ends in the opposite one, its face first", async (t) => {
  const notes: string[] = [];
  const node = await ended(t, startNode(config("order"), notingFace(notes)));
  const { services } = node;
  assert.equal(node.npub, services.vault.identity().npub);
  assert.equal(node.relayUrl, services.relay?.url);
  await waitUntil("the own relay is connected", () => readStatus(services).relays[0]?.state === "connected");
  await node.close();
  assert.deepEqual(notes, ["face opened", "face closed, vault open, 2 connections"]);
  assert.ok(services.vault.locked, "the keys are gone");
  const again = await ended(t, startNode(config("order"), notingFace([])));
  assert.equal(again.npub, node.npub);
  await again.close();
});

test("cover is chosen in the settings, kept over a restart and a lock, unless it was said at the start", async (t) => {
  const choosing = { ...config("choosing"), cover: null };
  const cellsOf = ({ services }: { services: Services }) =>
    services.pool.fetch(services.relay?.url ?? "", [{ kinds: [KIND.cell] }], 5_000);
  const first = await ended(t, startNode(choosing, notingFace([])));
  assert.deepEqual(
    [readStatus(first.services).cover.profile, readStatus(first.services).cover.changeable],
    ["balanced", true],
  );
  await askUntil(
    "a dummy left",
    () => cellsOf(first),
    (cells) => cells.length > 0,
  );
  first.services.changeSettings({ cover: "fast" });
  assert.equal(readStatus(first.services).cover.profile, "fast");
  await first.services.gate.setPassphrase("a long passphrase");
  await first.services.gate.lock();
  await first.services.gate.unlock("a long passphrase");
  assert.equal(readStatus(first.services).cover.profile, "fast");
  await first.close();
  const again = await ended(t, startNode({ ...choosing, secret: "a long passphrase" }, notingFace([])));
  assert.equal(readStatus(again.services).cover.profile, "fast");
  await again.close();
  const said = { ...choosing, secret: "a long passphrase", cover: "stealth" } as const;
  const { services } = await ended(t, startNode(said, notingFace([])));
  services.changeSettings({ cover: "balanced" });
  const { profile, changeable } = readStatus(services).cover;
  assert.deepEqual([profile, changeable], ["stealth", false], "the start's word holds");
});

test("what cover costs counts the relays of contacts, to which there are streams as well", async (t) => {
  const [ada, bob] = [
    await ended(t, startNode({ ...config("ada"), cover: "balanced" }, notingFace([]))),
    await ended(t, startNode({ ...config("bob"), cover: "balanced" }, notingFace([]))),
  ];
  const { kilobytesPerHour: alone } = readStatus(bob.services).cover;
  const { link } = await ada.services.messenger.createInvite();
  await bob.services.messenger.addContact({ invite: link });
  await waitUntil("a stream to her relay is counted", () => {
    return readStatus(bob.services).cover.kilobytesPerHour === Math.round((2 * 720 * CELL_EVENT_BYTES) / 1_000);
  });
  assert.equal(alone, Math.round((720 * CELL_EVENT_BYTES) / 1_000));
});

test("with --chaff its relay gets cells at that rate, beside nothing else; without, none", async (t) => {
  const cellsOf = (node: { services: Services }) =>
    node.services.pool.fetch(node.services.relay?.url ?? "", [{ kinds: [KIND.cell] }], 5_000);
  const quiet = await ended(t, startNode(config("quiet"), notingFace([])));
  const noisy = await ended(t, startNode({ ...config("noisy"), chaff: COVER_LIMITS.chaffPerHour }, notingFace([])));
  await waitUntil("three cells were taken", () => readStatus(noisy.services).chaff.sent >= 3);
  const { chaff } = readStatus(noisy.services);
  assert.deepEqual(
    [chaff.cellsPerHour, (await cellsOf(noisy)).length >= chaff.sent],
    [COVER_LIMITS.chaffPerHour, true],
  );
  assert.deepEqual(readStatus(quiet.services).chaff, { cellsPerHour: 0, kilobytesPerHour: 0, sent: 0 });
  assert.deepEqual(await cellsOf(quiet), []);
});

test("a start that fails half-way leaves nothing running", async (t) => {
  const failing = () => Promise.reject(new Error("no port"));
  await assert.rejects(startNode(config("order"), failing), /no port/);
  const services = await ended(t, openServices(config("order")));
  await services.close();
});

test("a second node in the same folder is refused while the first runs", async (t) => {
  const first = await ended(t, openServices(config("order")));
  await assert.rejects(openServices(config("order")), { code: "vault_in_use" });
  await first.close();
});

test("a locked start serves the relay and waits for the unlock; a lock goes back there", async (t) => {
  const before = await ended(t, openServices(config("locked"), { online: false }));
  await before.gate.setPassphrase(PASSPHRASE);
  const { npub } = before.vault.identity();
  await before.close();

  const node = await ended(t, startNode(config("locked"), notingFace([])));
  const { services } = node;
  const events: NodeEvent["event"][] = [];
  services.bus.listen(({ event }) => events.push(event));
  assert.equal(node.npub, null);
  assert.ok(node.relayUrl);
  assert.throws(() => services.messenger.contacts(), { code: "locked" });
  assert.deepEqual(services.pool.states(), [], "nobody is dialled while locked");

  await services.gate.unlock(PASSPHRASE);
  assert.equal(readStatus(services).npub, npub);
  assert.deepEqual(services.messenger.contacts(), []);
  await waitUntil("the own relay is connected", () => readStatus(services).relays[0]?.state === "connected");
  await services.gate.lock();
  assert.throws(() => services.messenger.contacts(), { code: "locked" });
  assert.ok(events.indexOf("unlocked") < events.indexOf("locked") && events.includes("unlocked"));
  await node.close();
});

test("a configured secret is the passphrase of the first start and opens every later one", async (t) => {
  const secret = "a secret that is long enough";
  const first = await ended(t, openServices({ ...config("secret"), secret }, { online: false }));
  assert.equal(first.vault.protection, "passphrase");
  await first.close();
  const without = await ended(t, openServices(config("secret"), { online: false }));
  assert.ok(without.vault.locked);
  await without.close();
  const again = await ended(t, openServices({ ...config("secret"), secret }, { online: false }));
  assert.equal(again.vault.locked, false);
  await again.close();
});

test("without an embedded relay only the chosen ones are used", async (t) => {
  const relays = ["ws://127.0.0.1:9"];
  const services = await ended(t, openServices({ ...config("alone"), embeddedRelay: false, relays }));
  services.gate.begin();
  const status = readStatus(services);
  assert.equal(status.embeddedRelay, null);
  assert.deepEqual(
    status.relays.map(({ url }) => url),
    relays,
  );
  assert.equal(status.reachable, "this-machine");
  services.changeSettings({ relays: ["wss://relay.invalid"] });
  assert.equal(readStatus(services).reachable, "relays");
  await services.close();
});

test("the doctor names what is wrong, and a healthy node has nothing", async (t) => {
  const services = await ended(t, openServices(config("doctor")));
  services.gate.begin();
  await waitUntil("the own relay is connected", () => readStatus(services).relays[0]?.state === "connected");
  const healthy = await examineNode(services);
  assert.deepEqual(
    healthy.checks.filter(({ ok }) => !ok),
    [],
  );
  const names = healthy.checks.map(({ name }) => name);
  for (const name of ["node", "data directory", "free disk", "clock", "vault"]) assert.ok(names.includes(name), name);
  assert.ok(names.some((name) => name.startsWith("relay ws://")));

  const busy = await examineOffline({ ...config("doctor"), relayPort: services.relay?.port ?? 0 });
  const failed = busy.checks.filter(({ ok }) => !ok).map(({ name }) => name);
  assert.deepEqual(failed, ["vault", "relay port"]);
  assert.match(busy.checks.find(({ name }) => name === "relay port")?.hint ?? "", /--relay-port/);
  await services.close();
  const { ok } = await examineOffline(config("doctor"));
  assert.ok(ok);
});

test("the doctor makes nothing where nothing is", async () => {
  await examineOffline(config("untouched"));
  assert.equal(statSync(join(folder, "untouched"), { throwIfNoEntry: false }), undefined);
});
