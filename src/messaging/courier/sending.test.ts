/** The sender's side alone: what the reports of a courier make of a letter. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { testIdentity } from "../../../test/support/identity.ts";
import { createLogger } from "../../core/log.ts";
import { randomBytes } from "../../core/random.ts";
import { openVault } from "../../vault/vault.ts";
import type { Address } from "../addresses.ts";
import type { CellPost, PreparedCell } from "../cell/cell-post.ts";
import { ContactBook } from "../contact-book.ts";
import { letterHead } from "../letter.ts";
import { Outbox, type OutboxRow } from "../outbox.ts";
import type { CellsSaying, ReportSaying } from "./courier-letter.ts";
import { HANDED_BYTES } from "./handed-cell.ts";
import { Sending } from "./sending.ts";
import { CourierVoice } from "./voice.ts";

const START_MS = 1_795_600_000_000;
const RELAYS = ["wss://one.example/", "wss://two.example/"];
const [bob, carol] = [testIdentity("bob"), testIdentity("carol")];

/** Alice, who sends by Carol; each parcel becomes one cell for each of two relays. */
async function setUp(t: TestContext) {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-sending-"));
  const clock = { now: START_MS, nowMs: () => clock.now };
  const vault = await openVault({ dataDir, clock, log: createLogger("silent") });
  t.after(() => {
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const [contacts, outbox] = [new ContactBook(vault), new Outbox(vault)];
  const contact = contacts.create(carol.publicKey, "accepted", START_MS, { name: "Carol" });
  const voice = new CourierVoice({ outbox, clock, wake: () => {} });
  const prepare = (): PreparedCell[] =>
    RELAYS.map((relay) => ({ relay, piece: 0, address: randomBytes(32), sealed: randomBytes(HANDED_BYTES - 32) }));
  const sent: string[] = [];
  const sending = new Sending({
    vault,
    identity: vault.identity(),
    contacts,
    outbox,
    voice,
    post: { prepare } as unknown as CellPost,
    hasSession: () => true,
    sent: ({ id }) => sent.push(id),
    wake: () => {},
    clock,
  });
  const offer = { what: "offer", cellsPerDay: 100, usedToday: 0, credit: 0, creditUntil: 0 } as const;
  sending.offered(carol.publicKey, carol.device, offer, START_MS);
  sending.begin(contact);
  const letter = { ...letterHead(START_MS), kind: "text", n: 1, text: "hello", files: [] } as const;
  outbox.add({ id: letter.id, to: bob.device, content: { profile: "hidden", letter } });
  const row = () => outbox.get(letter.id, bob.device) as OutboxRow;
  const to = { account: bob.publicKey, publicKey: bob.device } as Address;
  const hand = () =>
    vault.transaction(() => {
      const untilMs = sending.hand({ kind: "letter", envelope: randomBytes(40) }, null, to, RELAYS, row());
      if (untilMs !== null) outbox.entrust(row(), untilMs);
    });
  /** What was handed over and is not acknowledged. */
  const handed = (): CellsSaying[] =>
    outbox.window(carol.device).flatMap(({ content }) => {
      const said = content.profile === "hidden" && content.letter.kind === "courier" ? content.letter.say : null;
      return said?.what === "cells" ? [said] : [];
    });
  const acknowledge = () => {
    for (const { id } of outbox.window(carol.device)) outbox.remove(id, carol.device);
  };
  const report = (said: CellsSaying, more: Partial<ReportSaying>) => {
    const capability = Buffer.from(said.capability, "base64url").subarray(1, 17).toString("hex");
    const none = { taken: [], lost: [], returned: [], ended: null };
    vault.transaction(() =>
      sending.reported(carol.device, { what: "report", capability, ...none, ...more }, clock.now),
    );
  };
  return { sending, clock, sent, row, hand, handed, acknowledge, report };
}

function numbersOf({ cells }: CellsSaying): number[] {
  return cells.map(({ n }) => n);
}

test("a letter is sent once one relay took each piece; what is reported of its other copies changes nothing", async (t) => {
  const { sent, row, hand, handed, acknowledge, report } = await setUp(t);
  hand();
  const [one, two] = handed() as [CellsSaying, CellsSaying];
  acknowledge();
  report(one, { taken: numbersOf(one) });
  const once = row();
  assert.deepEqual([once.state, sent.length], ["sent", 1]);
  report(two, { taken: numbersOf(two) });
  assert.deepEqual([row(), sent.length], [once, 1], "no second try was made, so none is counted");
});

test("it is said whether a letter is on the way to the courier, or there", async (t) => {
  const { sending, row, hand, acknowledge } = await setUp(t);
  hand();
  assert.match(sending.why(row(), bob.publicKey) ?? "", /on its way to Carol/);
  acknowledge();
  assert.match(sending.why(row(), bob.publicKey) ?? "", /is with Carol/);
});

test("what waits at the courier for a relay that is away is made anew ever more rarely", async (t) => {
  const { clock, row, hand, handed, acknowledge } = await setUp(t);
  const startMs = clock.now;
  let made = 0;
  for (; clock.now < startMs + 5 * 86_400_000; clock.now = row().nextAtMs) {
    hand();
    made += handed().length / RELAYS.length;
    acknowledge();
  }
  assert.ok(made <= 9, `made ${made} times in five days`);
  assert.ok(made >= 5, "but made: the courier may have lost it");
});
