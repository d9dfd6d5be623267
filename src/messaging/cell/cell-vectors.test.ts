/** Checks `vectors/cell.json` (NEP-12): what is derived is derived again, what is random was recorded and is opened. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { testIdentity } from "../../../test/support/identity.ts";
import { concatBytes, fromHex, toHex } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { aesGcmKey } from "../../crypto/provider.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import { cellAddress, openCell } from "./cell.ts";
import { introKeyOf, introKeys, laneAddress, laneKeys } from "./cell-keys.ts";
import { decodeParcel, encodeParcel } from "./parcel.ts";

const { lane, intro, cells, parcel } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../vectors/cell.json"), "utf8"),
);
const keys = laneKeys(fromHex(lane.exported), lane.from, lane.to);
const bob = testIdentity("bob");

function isRefused(event: VerifiedEvent): boolean {
  const address = cellAddress(event);
  if (address === null) return true;
  assert.throws(() => openCell(keys.seal, event), CryptoError);
  return true;
}

test("lanes", () => {
  assert.equal(toHex(keys.address), lane.addressKey);
  for (const { index, address } of lane.addresses) assert.equal(toHex(laneAddress(keys, index)), address);
});

test("cells", () => {
  const seal = aesGcmKey(fromHex(lane.sealKey));
  for (const { index, piece, event } of cells.valid) {
    assert.equal(cellAddress(event), toHex(laneAddress(keys, index)));
    for (const key of [seal, keys.seal]) {
      const { bytes, ...rest } = openCell(key, event);
      assert.deepEqual({ ...rest, bytes: toHex(bytes) }, piece);
    }
  }
  for (const { why, event } of cells.invalid) assert.ok(isRefused(event), why);
});

test("parcels", () => {
  const bytes = concatBytes(...cells.valid.map(({ piece }: { piece: { bytes: string } }) => fromHex(piece.bytes)));
  assert.equal(toHex(bytes), parcel.bytes);
  const message = { kind: "session", ...parcel, body: fromHex(parcel.body) } as const;
  assert.equal(toHex(encodeParcel(message)), parcel.bytes);
  const { session, epoch, body } = message;
  assert.deepEqual(decodeParcel(bytes, bob), { kind: "session", session, epoch, body });
});

test("intros", () => {
  const { oneUseSecretKey, oneUseKey, recipient, address, event, piece } = intro;
  const made = introKeys({ secretKey: fromHex(oneUseSecretKey), publicKey: oneUseKey }, recipient.publicKey);
  assert.equal(toHex(made.address), address);
  const found = introKeyOf(event.pubkey, address, fromHex(recipient.nostrSecretKey));
  assert.ok(found);
  for (const key of [found, made.seal, aesGcmKey(fromHex(intro.sealKey))]) {
    assert.equal(toHex(openCell(key, event).bytes), piece.bytes);
  }
  const { body, ...rest } = decodeParcel(fromHex(piece.bytes), bob) as { body: Uint8Array };
  assert.deepEqual({ ...rest, body: toHex(body) }, { kind: "session", ...intro.parcel });
});
