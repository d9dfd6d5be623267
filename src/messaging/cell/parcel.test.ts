import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { testIdentity } from "../../../test/support/identity.ts";
import { fromHex } from "../../core/bytes.ts";
import { NocturneError } from "../../core/errors.ts";
import { CELL_LIMITS, COVER_LIMITS } from "../../core/cell-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { sealEnvelope } from "../../crypto/envelope.ts";
import { type Piece, PIECE_BYTES } from "./cell.ts";
import { cutParcel, decodeParcel, encodeIntro, encodeParcel } from "./parcel.ts";
import { Reassembly } from "./reassembly.ts";

const [bob, mallory] = [testIdentity("bob"), testIdentity("mallory")];
const toBob = { nostrPublicKey: fromHex(bob.device), hybridPublicKey: bob.hybrid.publicKey };
const message = { kind: "session", session: "01".repeat(16), epoch: "02".repeat(16), body: randomBytes(500) } as const;
const letter = { kind: "letter", envelope: sealEnvelope(randomBytes(100), toBob) } as const;

test("parcels come out as they went in, on a lane and as an intro", () => {
  for (const parcel of [message, letter]) {
    assert.deepEqual(decodeParcel(encodeParcel(parcel), bob), parcel);
    assert.deepEqual(decodeParcel(encodeIntro(parcel, toBob), bob), parcel);
  }
});

test("as an intro, a message shows its session to the recipient alone", () => {
  const intro = encodeIntro(message, toBob);
  assert.equal(Buffer.from(intro).indexOf(fromHex(message.session)), -1);
  assert.throws(() => decodeParcel(intro, mallory), NocturneError);
});

test("any bytes are a parcel or an error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        assert.ok(decodeParcel(bytes, bob).kind);
      } catch (error) {
        assert.ok(error instanceof NocturneError);
      }
    }),
  );
});

function pieces(bytes: Uint8Array): Piece[] {
  return cutParcel(bytes).map((piece) => ({ ...piece, heard: 0 }));
}

test("pieces in any order and repeated are one parcel, once", () => {
  fc.assert(
    fc.property(fc.nat({ max: 6 * PIECE_BYTES }), fc.infiniteStream(fc.nat()), (length, order) => {
      const bytes = randomBytes(length);
      const cut = pieces(bytes);
      const sent = [...cut, ...cut.slice(1)].map((piece) => ({ piece, place: order.next().value ?? 0 }));
      const mail = new Reassembly(10);
      const whole = sent
        .sort((a, b) => a.place - b.place)
        .flatMap(({ piece }) => mail.add("alice", piece, `event ${piece.index}`) ?? []);
      assert.deepEqual(whole[0]?.bytes, bytes);
      assert.equal(whole[0]?.events.length, cut.length);
      assert.ok(whole.length === 1 || cut.length <= 2, "what is repeated afterwards is only begun");
    }),
    { numRuns: 50 },
  );
});

test("pieces of the same name from two senders do not mix", () => {
  const mail = new Reassembly(10);
  const [first, second] = pieces(randomBytes(PIECE_BYTES + 1)) as [Piece, Piece];
  assert.equal(mail.add("alice", first, "1"), null);
  assert.equal(mail.add("mallory", second, "2"), null);
  assert.ok(mail.add("alice", second, "3"));
});

test("the attack: parcels are begun without end; a named number is held, and the newest are finished", () => {
  const mail = new Reassembly(CELL_LIMITS.unfinished);
  const begun = Array.from({ length: CELL_LIMITS.unfinished + 1 }, () => pieces(randomBytes(PIECE_BYTES + 1)));
  for (const [first] of begun) assert.equal(mail.add("", first as Piece, "x"), null);
  const finished = begun.reverse().map(([, last]) => mail.add("", last as Piece, "y") !== null);
  assert.equal(finished.pop(), false, "the oldest");
  assert.ok(finished.every(Boolean));
});

test("the attack: one piece comes in events without end; so many are remembered as copies were sent", () => {
  const mail = new Reassembly(10);
  const [first, second] = pieces(randomBytes(PIECE_BYTES + 1)) as [Piece, Piece];
  for (let i = 0; i < 1_000; i++) assert.equal(mail.add("", first, `event ${i}`), null);
  assert.ok(mail.isUnfinished("event 0"));
  assert.equal(mail.add("", second, "last")?.events.length, 2 * COVER_LIMITS.copies);
});

test("what is too large is refused", () => {
  const most = CELL_LIMITS.pieces * PIECE_BYTES;
  assert.equal(cutParcel(new Uint8Array(most)).length, CELL_LIMITS.pieces);
  assert.throws(() => cutParcel(new Uint8Array(most + 1)), { code: "parcel_too_large" });
});
