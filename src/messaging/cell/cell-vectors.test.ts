/** Checks `vectors/cell.json` (NEP-12): what is derived is derived again, what is sealed is opened, what is wrong is refused. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { testIdentity } from "../../../test/support/identity.ts";
import { concatBytes, fromHex, toHex } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { createHybridKeyPair } from "../../crypto/hybrid-kem.ts";
import { aesGcmKey, x25519Key } from "../../crypto/provider.ts";
import { type NostrEvent, verifyEvent } from "../../nostr/event.ts";
import { type Cell, ephemeralOf, openCell, readCell } from "./cell.ts";
import { introKeyOf, introKeys, laneAddress, laneKeys } from "./cell-keys.ts";
import { decodeParcel, encodeParcel } from "./parcel.ts";

const { lane, intro, cells, parcel } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../vectors/cell.json"), "utf8"),
);
const keys = laneKeys(fromHex(lane.exported), lane.from, lane.to);
const bob = testIdentity("bob");

function isRefused(event: NostrEvent): boolean {
  const cell = readCell(event);
  if (cell) assert.throws(() => openCell(keys.seal, cell), CryptoError);
  return true;
}

test("lanes", () => {
  assert.equal(toHex(keys.address), lane.addressKey);
  for (const { index, address } of lane.addresses) assert.equal(toHex(laneAddress(keys, index)), address);
});

test("cells", () => {
  const seal = aesGcmKey(fromHex(lane.sealKey));
  for (const { index, ephemeral, piece, event } of cells.valid) {
    assert.ok(verifyEvent(event));
    const cell = readCell(event) as Cell;
    assert.equal(cell.address, toHex(laneAddress(keys, index)));
    assert.equal(toHex(ephemeralOf(cell)), ephemeral);
    for (const key of [seal, keys.seal]) {
      const { bytes, ...rest } = openCell(key, cell);
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
  const { recipient, ephemeralSecretKey, ephemeral, sharedSecret, address, event, piece } = intro;
  const to = createHybridKeyPair(fromHex(recipient.hybridSeed));
  assert.equal(toHex(to.publicKey.subarray(-32)), recipient.x25519PublicKey);
  const key = x25519Key(fromHex(ephemeralSecretKey));
  assert.equal(toHex(key.publicKey), ephemeral);
  assert.equal(toHex(key.sharedSecret(fromHex(recipient.x25519PublicKey))), sharedSecret);
  const made = introKeys(key, to.publicKey);
  assert.equal(toHex(made.address), address);
  const cell = readCell(event) as Cell;
  const found = introKeyOf(ephemeralOf(cell), fromHex(cell.address), to);
  assert.ok(found && verifyEvent(event));
  for (const seal of [found, made.seal, aesGcmKey(fromHex(intro.sealKey))]) {
    assert.equal(toHex(openCell(seal, cell).bytes), piece.bytes);
  }
  const { body, ...rest } = decodeParcel(fromHex(piece.bytes), bob) as { body: Uint8Array };
  assert.deepEqual({ ...rest, body: toHex(body) }, { kind: "session", ...intro.parcel });
  for (const { why, ...foreign } of intro.invalid) {
    assert.equal(introKeyOf(fromHex(foreign.ephemeral), fromHex(foreign.address), to), null, why);
  }
});
