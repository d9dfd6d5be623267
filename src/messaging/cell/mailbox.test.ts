import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { testIdentity } from "../../../test/support/identity.ts";
import { systemClock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import { randomBytes } from "../../core/random.ts";
import { openVault } from "../../vault/vault.ts";
import { ephemeralKey, readCell, sealCell } from "./cell.ts";
import { laneAddress, laneKeys } from "./cell-keys.ts";
import { Lanes } from "./lanes.ts";
import { Mailbox } from "./mailbox.ts";
import { cutParcel, encodeParcel } from "./parcel.ts";

const [SESSION, EPOCH] = ["01".repeat(16), "02".repeat(16)];
const [alice, bob] = [testIdentity("alice"), testIdentity("bob")];

test("the attack: of a cell whose epoch is still to come, somebody repeats the address before and after; it is kept", async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-mailbox-"));
  const vault = await openVault({ dataDir, clock: systemClock, log: createLogger("silent") });
  t.after(() => {
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const lanes = new Lanes(vault, bob.device);
  const mailbox = new Mailbox(lanes, bob);
  const exported = randomBytes(32);
  const keys = laneKeys(exported, alice.device, bob.device);
  const parcel = { kind: "session", session: SESSION, epoch: EPOCH, body: randomBytes(40) } as const;
  const [piece] = cutParcel(encodeParcel(parcel));
  assert.ok(piece);
  const address = laneAddress(keys, 0);
  const cellWith = (seal = keys.seal) =>
    sealCell(seal, address, { ...piece, heard: 0 }, ephemeralKey().publicKey, Date.now());
  const forged = () => cellWith(laneKeys(randomBytes(32), alice.device, bob.device).seal);
  assert.ok(readCell(forged()));
  for (const event of [forged(), cellWith(), forged()]) assert.equal(mailbox.take(event), null);
  vault.transaction(() => lanes.add(SESSION, EPOCH, exported, [alice.device]));
  assert.deepEqual(
    mailbox.retry().map((arrival) => arrival.parcel),
    [parcel],
  );
});
