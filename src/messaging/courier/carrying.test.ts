/** Attacks on a courier: each beside the same letter without the fault, which is taken. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { testIdentity } from "../../../test/support/identity.ts";
import { fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import { COURIER_LIMITS } from "../../core/cell-limits.ts";
import { MESSAGE_LIMITS } from "../../core/limits.ts";
import { createLogger } from "../../core/log.ts";
import { randomBytes } from "../../core/random.ts";
import { aesGcmKey } from "../../crypto/provider.ts";
import { openVault } from "../../vault/vault.ts";
import { ephemeralKey, sealPiece } from "../cell/cell.ts";
import { ContactBook } from "../contact-book.ts";
import { Outbox } from "../outbox.ts";
import { type Capability, relayHash, signCapability } from "./capability.ts";
import { Carrying } from "./carrying.ts";
import type { CellsSaying, CourierSaying, ReportSaying } from "./courier-letter.ts";
import { encodeHanded } from "./handed-cell.ts";
import { CourierVoice } from "./voice.ts";

const RELAY = "wss://relay.example/";
const START_MS = 1_795_600_000_000;
const [alice, mallory, carol] = [testIdentity("alice"), testIdentity("mallory"), testIdentity("carol")];

async function setUp(t: TestContext, cellsPerDay = 100) {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-courier-"));
  const clock = { now: START_MS, nowMs: () => clock.now };
  const vault = await openVault({ dataDir, clock, log: createLogger("silent") });
  t.after(() => {
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const contacts = new ContactBook(vault);
  const outbox = new Outbox(vault);
  for (const { publicKey } of [alice, mallory]) contacts.create(publicKey, "accepted", START_MS);
  const voice = new CourierVoice({ outbox, clock, wake: () => {} });
  const carrying = new Carrying({
    vault,
    contacts,
    device: carol.device,
    devicesOf: (account) => [account],
    voice,
    clock,
    pump: () => {},
    attempt: (work) => work(),
  });
  const find = (publicKey: string) => {
    const row = contacts.get(publicKey);
    assert.ok(row);
    return row;
  };
  carrying.allow(find(alice.publicKey), cellsPerDay);
  /** What was said to somebody, and forgets it. */
  const heard = (who: string): CourierSaying[] => {
    const rows = outbox.window(who);
    for (const row of rows) outbox.remove(row.id, who);
    return rows.flatMap(({ content }) =>
      content.profile === "hidden" && content.letter.kind === "courier" ? [content.letter.say] : [],
    );
  };
  const reports = (who: string) => heard(who).filter((say): say is ReportSaying => say.what === "report");
  const take = (said: CellsSaying, from = alice.publicKey) => vault.transaction(() => carrying.take(from, from, said));
  heard(alice.publicKey);
  return {
    vault,
    carrying,
    clock,
    contacts,
    outbox,
    find,
    reports,
    heard,
    take,
    queued: () => carrying.book.countQueued(),
  };
}

function capability(more: Partial<Capability> = {}, by = alice): string {
  const base: Capability = {
    id: "0a".repeat(16),
    courier: carol.device,
    sender: by.device,
    relay: relayHash(RELAY),
    first: 0,
    count: 64,
    fromMs: START_MS,
    untilMs: START_MS + COURIER_LIMITS.capabilityMs,
  };
  return toBase64Url(signCapability({ ...base, ...more }, by.nostrSecretKey));
}

function cell(): string {
  const piece = { parcel: "ab".repeat(12), index: 0, count: 1, heard: 0, bytes: randomBytes(9) };
  return toBase64Url(
    encodeHanded(sealPiece(aesGcmKey(randomBytes(32)), randomBytes(32), piece, ephemeralKey().publicKey)),
  );
}

function cells(numbers: readonly number[], more: Partial<CellsSaying> = {}): CellsSaying {
  const numbered = numbers.map((n) => ({ n, cell: cell() }));
  return { what: "cells", capability: capability(), relay: RELAY, cells: numbered, ...more };
}

test("what is allowed is taken, and nothing is said before it has left", async (t) => {
  const { take, queued, reports } = await setUp(t);
  take(cells([0, 1, 63]));
  assert.equal(queued(), 3);
  assert.deepEqual(reports(alice.publicKey), []);
});

test("a capability that is forged, for others, or out of its time or range is refused and told", async (t) => {
  const { take, queued, reports, clock } = await setUp(t);
  const altered = fromBase64Url(capability());
  altered[118] = 65;
  const bad: [string, CellsSaying, string?][] = [
    ["altered", cells([0], { capability: toBase64Url(altered) })],
    [
      "signed by another",
      cells([0], { capability: capability({ sender: alice.device }, { ...mallory, device: alice.device }) }),
    ],
    ["for another courier", cells([0], { capability: capability({ courier: mallory.device }) })],
    ["for another relay", cells([0], { relay: "wss://elsewhere.example/" })],
    ["a number behind the range", cells([0, 64])],
    ["a number before the range", cells([9], { capability: capability({ first: 10 }) })],
    ["it begins tomorrow", cells([0], { capability: capability({ fromMs: START_MS + 86_400_000 }) })],
    ["no cell", cells([], { cells: [{ n: 0, cell: toBase64Url(new Uint8Array(2_141)) }] })],
    ["over", cells([0], { capability: capability({ fromMs: START_MS - 2000, untilMs: START_MS - 1000 }) }), "expired"],
  ];
  for (const [why, said, ended = "bad_capability"] of bad) {
    take(said);
    assert.equal(queued(), 0, why);
    const [report] = reports(alice.publicKey);
    assert.equal(report?.ended, ended, why);
    assert.deepEqual(
      report?.returned,
      said.cells.map(({ n }) => n),
      why,
    );
  }
  clock.now += 1;
  take(cells([0, 10]));
  assert.equal(queued(), 2, "the control");
});

test("a stranger, or another contact, who presents somebody's capability gets nothing", async (t) => {
  const { take, queued, reports, carrying, find } = await setUp(t);
  take(cells([0]), mallory.publicKey);
  assert.equal(reports(mallory.publicKey)[0]?.ended, "bad_capability");
  carrying.allow(find(mallory.publicKey), 10);
  take(cells([0]), mallory.publicKey);
  assert.equal(queued(), 0);
  take(cells([0], { capability: capability({}, mallory) }), mallory.publicKey);
  assert.equal(queued(), 1, "his own is another");
  // The same name for two capabilities: neither touches the other's.
  take(cells([1]));
  assert.equal(queued(), 1);
  assert.equal(reports(alice.publicKey)[0]?.ended, "bad_capability");
});

test("a number counts once: repeated, with other cells, twice in a letter, and after a restart", async (t) => {
  const { take, queued, reports, vault, carrying } = await setUp(t);
  const said = cells([5]);
  take(said);
  take(said);
  take(cells([5]));
  take(cells([6, 6]));
  assert.equal(queued(), 2);
  assert.deepEqual(reports(alice.publicKey), []);
  const row = carrying.book.capabilities.list()[0];
  assert.ok(row);
  assert.equal(carrying.allowances.get(alice.publicKey)?.usedToday, 2);
  for (const one of carrying.book.queuedUnder(row.id)) vault.transaction(() => carrying.book.delete(one));
  take(cells([5, 6]));
  assert.equal(queued(), 0, "also once they have left");
});

test("one name, another range: the second capability is none", async (t) => {
  const { take, queued, reports } = await setUp(t);
  take(cells([0]));
  take(cells([100], { capability: capability({ first: 64, count: 64 }) }));
  assert.equal(queued(), 1);
  assert.equal(reports(alice.publicKey)[0]?.ended, "bad_capability");
});

test("revoked: what is queued is dropped and told, later use is refused, also of one that comes late", async (t) => {
  const { take, queued, reports, carrying, vault } = await setUp(t);
  const id = "0a".repeat(16);
  take(cells([0, 1, 2]));
  vault.transaction(() => carrying.revoke(mallory.publicKey, mallory.publicKey, [id]));
  assert.equal(queued(), 3, "only by who signed it");
  vault.transaction(() => carrying.revoke(alice.publicKey, alice.publicKey, [id]));
  assert.equal(queued(), 0);
  assert.deepEqual(reports(alice.publicKey), [
    { what: "report", capability: id, taken: [], lost: [], returned: [0, 1, 2], ended: "revoked" },
  ]);
  take(cells([3]));
  assert.equal(queued(), 0);
  assert.equal(reports(alice.publicKey)[0]?.ended, "revoked");

  const late = "0b".repeat(16);
  vault.transaction(() => carrying.revoke(alice.publicKey, alice.publicKey, [late]));
  take(cells([0], { capability: capability({ id: late }) }));
  assert.equal(queued(), 0);
  take(cells([0], { capability: capability({ id: "0c".repeat(16) }) }));
  assert.equal(queued(), 1, "another one goes on");
});

test("more than is allowed is given back; the next day there is room again", async (t) => {
  const { take, queued, heard, clock } = await setUp(t, 4);
  take(cells([0, 1, 2]));
  take(cells([3, 4, 5]));
  assert.equal(queued(), 4);
  const [report, offer] = heard(alice.publicKey);
  assert.ok(report?.what === "report" && offer?.what === "offer");
  assert.deepEqual([report.returned, report.ended], [[4, 5], "over_limit"]);
  clock.now += 86_400_000;
  take(cells([4, 5]));
  assert.equal(queued(), 6);
});

test("without an allowance, after its end, and from who is blocked nothing is taken or kept", async (t) => {
  const { take, queued, reports, carrying, contacts, find, vault } = await setUp(t);
  take(cells([0]));
  carrying.end(find(alice.publicKey));
  assert.equal(queued(), 0);
  assert.equal(reports(alice.publicKey)[0]?.ended, "not_allowed");
  take(cells([1]));
  assert.equal(reports(alice.publicKey)[0]?.ended, "not_allowed");
  take(cells([0], { capability: capability({ id: "0d".repeat(16) }) }));
  assert.equal(reports(alice.publicKey)[0]?.ended, "not_allowed");

  carrying.allow(find(alice.publicKey), 10);
  take(cells([0], { capability: capability({ id: "0e".repeat(16) }) }));
  assert.equal(queued(), 1);
  reports(alice.publicKey);
  vault.transaction(() => contacts.update(find(alice.publicKey), { state: "blocked" }));
  assert.equal(queued(), 0);
  assert.equal(carrying.allowances.get(alice.publicKey), null);
  assert.deepEqual(reports(alice.publicKey), [], "who is blocked is told nothing");
});

test("expired: what is queued is given back, and the capability is forgotten", async (t) => {
  const { take, queued, reports, carrying, clock } = await setUp(t);
  take(cells([0, 1]));
  clock.now += COURIER_LIMITS.capabilityMs;
  carrying.expire();
  assert.equal(queued(), 0);
  assert.deepEqual(reports(alice.publicKey)[0]?.returned, [0, 1]);
  take(cells([2]));
  assert.equal(reports(alice.publicKey)[0]?.ended, "expired");
});

test("the attack: somebody asks without end and takes no answer; what waits for him has a limit", async (t) => {
  const { vault, carrying, outbox } = await setUp(t);
  const code = "A".repeat(22);
  vault.transaction(() => {
    for (let i = 0; i < MESSAGE_LIMITS.outboxPerContact + 10; i++) {
      carrying.redeem(mallory.publicKey, mallory.publicKey, code);
    }
  });
  assert.equal(outbox.countTo(mallory.publicKey), MESSAGE_LIMITS.outboxPerContact);
});

test("a voucher whose credit the owner has ended is not accepted again", async (t) => {
  const { vault, carrying, heard, find } = await setUp(t);
  const { code } = carrying.makeVoucher(3, 86_400_000);
  const redeem = () => {
    vault.transaction(() => carrying.redeem(mallory.publicKey, mallory.publicKey, code));
    return heard(mallory.publicKey).find((say) => say.what === "redeemed")?.ok;
  };
  assert.deepEqual([redeem(), redeem()], [true, true], "the control: asked twice, accepted once");
  assert.equal(carrying.allowances.get(mallory.publicKey)?.credit, 3);
  carrying.end(find(mallory.publicKey));
  assert.equal(redeem(), false);
});

test("who is allowed nothing can revoke nothing ahead", async (t) => {
  const { vault, carrying, find } = await setUp(t);
  const revoke = () =>
    vault.transaction(() => carrying.revoke(mallory.publicKey, mallory.publicKey, ["0f".repeat(16), "0e".repeat(16)]));
  revoke();
  assert.equal(carrying.book.capabilities.count(), 0);
  carrying.allow(find(mallory.publicKey), 1);
  revoke();
  assert.equal(carrying.book.capabilities.count(), 2, "the control");
});

test("what the courier has no room for costs nothing of a day's cells, and he says how many are left", async (t) => {
  const { take, heard } = await setUp(t, 1_000);
  const of = (i: number) => {
    const relay = `wss://relay${i}.example/`;
    const id = i.toString(16).padStart(32, "0");
    return cells([0], { relay, capability: capability({ id, relay: relayHash(relay) }) });
  };
  for (let i = 0; i <= COURIER_LIMITS.relaysPerPerson; i++) take(of(i));
  const [report, offer] = heard(alice.publicKey);
  assert.ok(report?.what === "report" && report.ended === "over_limit");
  assert.ok(offer?.what === "offer");
  assert.deepEqual([offer.cellsPerDay, offer.usedToday], [1_000, COURIER_LIMITS.relaysPerPerson]);
});

test("relays and capabilities without end are refused", async (t) => {
  const { take, queued, reports } = await setUp(t, 1_000);
  const of = (i: number, relay = RELAY) =>
    cells([0], { relay, capability: capability({ id: i.toString(16).padStart(32, "0"), relay: relayHash(relay) }) });
  for (let i = 0; i <= COURIER_LIMITS.relaysPerPerson; i++) take(of(i, `wss://relay${i}.example/`));
  assert.equal(queued(), COURIER_LIMITS.relaysPerPerson);
  assert.equal(reports(alice.publicKey).at(-1)?.ended, "over_limit");
  for (let i = COURIER_LIMITS.relaysPerPerson; i <= COURIER_LIMITS.capabilitiesPerPerson; i++) {
    take(of(1_000 + i, "wss://relay0.example/"));
  }
  assert.equal(queued(), COURIER_LIMITS.capabilitiesPerPerson);
  assert.equal(reports(alice.publicKey).at(-1)?.ended, "over_limit");
});
