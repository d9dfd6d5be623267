/** Personas in a node: their relays, their end, and what stays of them. Real vault, real relays on this machine. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { WebSocketServer } from "ws";
import { testConfig } from "../../test/support/api-node.ts";
import { atEnd, temporaryFolder } from "../../test/support/cleanup.ts";
import { waitUntil } from "../../test/support/wait.ts";
import { InternalError, LockedError } from "../core/errors.ts";
import { readAllFiles } from "../vault/testing.ts";
import type { Config } from "./config.ts";
import { openServices, type Services } from "./services.ts";

const DAY_MS = 86_400_000;
/** Nobody listens there. */
const SOMEWHERE = "ws://127.0.0.1:9";

class MovedClock {
  now = Date.now();
  nowMs(): number {
    return this.now;
  }
}

async function open(t: TestContext, config: Partial<Config> = {}, clock = new MovedClock()): Promise<Services> {
  const services = await openRooms(t, config, clock);
  services.gate.begin();
  return services;
}

async function openRooms(t: TestContext, config: Partial<Config>, clock = new MovedClock()): Promise<Services> {
  const dataDir = config.dataDir ?? temporaryFolder(t);
  const whole = { ...testConfig(dataDir), embeddedRelay: false, ...config };
  const services = await openServices(whole, { clock });
  atEnd(t, () => services.close());
  return services;
}

/** Connections of one identity to each of its relays: an unknown one, and one for NIP-17. */
const DIALS = 2;

/** Counts who dials; says nothing. */
async function startListener(t: TestContext): Promise<{ url: string; dialled: () => number }> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  let count = 0;
  server.on("connection", () => count++);
  atEnd(t, () => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, dialled: () => count };
}

function refused(code: string) {
  return { name: "PolicyError", code };
}

function rowCounts({ vault }: Services): number {
  return vault.personas.list().length;
}

test("a persona needs a relay that nobody else of this node uses, however it is spelled", async (t) => {
  const listener = await startListener(t);
  // Not begun, so that nothing is dialled.
  const own = { embeddedRelay: true, relays: ["wss://mine.example"] };
  const { personas, relay, changeSettings } = await openRooms(t, own);
  const make = (label: string, relays: string[]) => personas.create({ label, relays });
  assert.throws(() => make("a", []), refused("persona_needs_relay"));
  const port = new URL(relay?.url ?? "").port;
  const taken = [relay?.url ?? "", `ws://localhost:${port}/other`, "wss://mine.example", "ws://MINE.example.:4848/x"];
  for (const url of taken) assert.throws(() => make("a", [listener.url, url]), refused("persona_relay_shared"), url);
  make("one", [listener.url]);
  assert.throws(() => make("two", [listener.url]), refused("persona_relay_shared"));
  assert.throws(() => make("one", [SOMEWHERE]), { code: "label_taken" });
  assert.throws(() => make(" ", [SOMEWHERE]), { code: "bad_label" });
  assert.throws(() => make("x".repeat(65), [SOMEWHERE]), { code: "bad_label" });
  assert.throws(() => make("a", ["http://relay.example"]), { code: "bad_relay_url" });
  assert.throws(
    () => make("a", ["wss://a.example", "wss://b.example", "wss://c.example", "wss://d.example", SOMEWHERE]),
    {
      code: "too_many_relays",
    },
  );
  assert.throws(() => personas.create({ label: "a", relays: [SOMEWHERE], expires: "soon" }), { code: "bad_duration" });
  assert.throws(() => personas.create({ label: "a", relays: [SOMEWHERE], name: "x".repeat(65) }), {
    code: "name_too_long",
  });
  assert.throws(() => changeSettings({ relays: [`${listener.url}/path`] }), refused("persona_relay_shared"));
  changeSettings({ displayName: "unrelated changes go through" });
  await personas.remove("one");
  changeSettings({ relays: [listener.url] });
});

test("a persona dials its relays and nothing of the root's; the root does not dial the persona's", async (t) => {
  const [own, other] = [await startListener(t), await startListener(t)];
  const { personas } = await open(t, { relays: [own.url] });
  await waitUntil("the root has dialled", () => own.dialled() === DIALS);
  personas.create({ label: "one", relays: [other.url] });
  await waitUntil("the persona has dialled", () => other.dialled() === DIALS);
  assert.equal(own.dialled(), DIALS);
  const [view] = personas.list();
  assert.deepEqual([view?.label, view?.displayName, view?.held, view?.relays[0]?.url], ["one", "", false, other.url]);
});

test("a start option that gives the root a persona's relay keeps the persona from connecting", async (t) => {
  const listener = await startListener(t);
  const dataDir = temporaryFolder(t);
  const first = await open(t, { dataDir });
  const { id } = first.personas.create({ label: "one", relays: [listener.url] });
  await waitUntil("it has dialled", () => listener.dialled() === DIALS);
  await first.close();
  const { personas } = await open(t, { dataDir, relays: [listener.url] });
  assert.equal(personas.list()[0]?.held, true);
  assert.throws(() => personas.messenger(id), refused("persona_relay_shared"));
  await waitUntil("the root has dialled", () => listener.dialled() === 2 * DIALS);
});

test("at its time a persona ends by itself: work, keys, rows and bytes", async (t) => {
  const listener = await startListener(t);
  const clock = new MovedClock();
  const dataDir = temporaryFolder(t);
  const services = await open(t, { dataDir }, clock);
  const { personas, vault, bus } = services;
  const { id } = personas.create({ label: "brief", relays: [listener.url], expires: "30d" });
  personas.create({ label: "lasting", relays: [SOMEWHERE] });
  const heard: string[] = [];
  bus.listen(({ event }) => heard.push(event));
  const { nostrSecretKey } = vault.personas.account(id).identity();
  clock.now += 30 * DAY_MS - 1;
  assert.equal(personas.list().length, 2);
  clock.now += 1;
  assert.equal(personas.list().length, 1, "not shown from that moment on");
  assert.throws(() => personas.messenger("brief"), { code: "unknown_persona" });
  await waitUntil("it is destroyed", () => rowCounts(services) === 1);
  assert.ok(nostrSecretKey.every((byte) => byte === 0));
  await waitUntil("the faces hear of it", () => heard.includes("personas"));
  await waitUntil("the disk is swept", () => !namesOnDisk(dataDir).includes(`p${id}_`));
});

test("one that expired while the app was off is destroyed before anything is dialled", async (t) => {
  const listener = await startListener(t);
  const dataDir = temporaryFolder(t);
  const clock = new MovedClock();
  const first = await open(t, { dataDir }, clock);
  const { id } = first.personas.create({ label: "brief", relays: [listener.url], expires: "1h" });
  await waitUntil("it has dialled", () => listener.dialled() === DIALS);
  await first.close();
  assert.ok(namesOnDisk(dataDir).includes(`p${id}_`), "the search sees what is there");
  clock.now += 3_600_000;
  const again = await open(t, { dataDir }, clock);
  assert.equal(rowCounts(again), 0);
  assert.ok(!namesOnDisk(dataDir).includes(`p${id}_`));
  assert.equal(listener.dialled(), DIALS);
});

test("one that cannot be destroyed now neither works nor keeps the others from working", async (t) => {
  const listener = await startListener(t);
  const dataDir = temporaryFolder(t);
  const clock = new MovedClock();
  const first = await open(t, { dataDir }, clock);
  first.personas.create({ label: "brief", relays: [SOMEWHERE], expires: "1h" });
  first.personas.create({ label: "lasting", relays: [listener.url] });
  await first.close();
  clock.now += 3_600_000;
  const rooms = await openRooms(t, { dataDir }, clock);
  const dialledBefore = listener.dialled();
  const destroy = t.mock.method(rooms.vault.personas, "destroy", () => {
    throw new InternalError("disk_full", "The disk is full.");
  });
  rooms.gate.begin();
  assert.deepEqual(rooms.messenger.contacts(), []);
  assert.deepEqual(
    rooms.personas.list().map(({ label }) => label),
    ["lasting"],
  );
  await waitUntil("the other one dials", () => listener.dialled() > dialledBefore);
  assert.throws(() => rooms.personas.messenger("brief"), { code: "unknown_persona" });
  assert.equal(destroy.mock.callCount(), 1);
  await rooms.close();
  assert.equal(rowCounts(await open(t, { dataDir }, clock)), 1, "done at the next start");
});

test("a crash between the end of a persona and the sweep of the disk is made up for at the next start", async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await open(t, { dataDir });
  const { id } = first.personas.create({ label: "one", relays: [SOMEWHERE] });
  const { vault } = first;
  const rows = vault.personas.account(id).table<{ id: string; text: string }>({ name: "notes", key: (row) => row.id });
  for (let i = 0; i < 200; i++) rows.put({ id: `${i}`, text: "x".repeat(50 * (i % 30)) });
  await first.personas.stop();
  vault.emptyLog = () => false; // what follows the commit does not happen any more
  await first.personas.remove("one");
  assert.equal(rowCounts(first), 0);
  assert.equal(vault.readMeta("personas-scrub-due"), true);
  await first.close();
  const again = await open(t, { dataDir });
  assert.equal(again.vault.readMeta("personas-scrub-due"), false);
  assert.ok(!namesOnDisk(dataDir).includes(`p${id}_`));
});

test("the lock ends all work of personas, the unlock goes on with it; a wipe takes everything", async (t) => {
  const listener = await startListener(t);
  const services = await open(t);
  const { gate, personas } = services;
  await gate.setPassphrase("four unrelated words here");
  const { id } = personas.create({ label: "one", relays: [listener.url] });
  await waitUntil("it has dialled", () => listener.dialled() === DIALS);
  const messenger = personas.messenger(id);
  await gate.lock();
  assert.throws(() => messenger.contacts(), LockedError);
  assert.throws(() => personas.list(), LockedError);
  assert.throws(() => personas.messenger(id), LockedError);
  await gate.unlock("four unrelated words here");
  assert.deepEqual(personas.messenger(id).contacts(), []);
  await waitUntil("it dials again", () => listener.dialled() === 2 * DIALS);
  await gate.wipe();
  assert.throws(() => personas.list(), LockedError);
});

/** What the files of the vault show as text. */
function namesOnDisk(dataDir: string): string {
  return readAllFiles(dataDir)
    .filter(({ name }) => name.includes("vault.db"))
    .map(({ bytes }) => bytes.toString("latin1"))
    .join("");
}
