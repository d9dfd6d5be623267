/** NEP-24's formats against `vectors/fragment-exchange.json`. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { concatBytes, fromHex, toHex } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { ed25519 } from "../../crypto/signing.ts";
import {
  encodeLeafProof,
  encodeLeft,
  encodeRefused,
  readHashes,
  readLeafProof,
  readLeft,
  readRefused,
} from "./answers.ts";
import { tlsIdentity } from "./certificate.ts";
import { FRAME, type Frame, FrameParser, frameHead } from "./frames.ts";
import { encodeHello, readHello, readProof } from "./proof.ts";
import { encodeRefs, readReceipt, signReceipt } from "./receipt.ts";
import {
  encodeAudit,
  encodeCare,
  encodeFetch,
  encodeNames,
  encodeRenew,
  encodeStore,
  readAudit,
  readCare,
  readFetch,
  readNames,
  readReceiptAsked,
  readRenew,
  readStore,
} from "./requests.ts";
import { readVoucher, signVoucher } from "./voucher.ts";

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, "../../../vectors/fragment-exchange.json"), "utf8"));
const node = ed25519.createKeyPair(fromHex(vectors.seeds.node));

type Codec = readonly [read: (body: Uint8Array) => unknown, write: (value: never) => Uint8Array];

const names: Codec = [readNames, encodeNames];
const CODECS: Readonly<Record<string, Codec>> = {
  hello: [readHello, encodeHello],
  store: [readStore, encodeStore],
  receipt: [readReceiptAsked, encodeRefs],
  fetch: [readFetch, encodeFetch],
  audit: [readAudit, encodeAudit],
  renew: [readRenew, encodeRenew],
  drop: names,
  released: names,
  names,
  care: [readCare, encodeCare],
  left: [readLeft, encodeLeft],
  refused: [readRefused, encodeRefused],
  hashes: [readHashes, (hashes: readonly Uint8Array[]) => concatBytes(...hashes)],
  data: [readLeafProof, encodeLeafProof],
};

/** As JSON has it: bytes in hex. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, inner) => (inner instanceof Uint8Array ? toHex(inner) : inner)));
}

test("frames are read and written as the vectors say, in pieces of any length", () => {
  for (const { frame, bytes, value, challenge } of vectors.frames) {
    const whole = fromHex(bytes);
    for (const length of [1, 3, 7, whole.length]) {
      const parser = new FrameParser();
      const frames: Frame[] = [];
      for (let at = 0; at < whole.length; at += length) frames.push(...parser.push(whole.subarray(at, at + length)));
      assert.equal(frames.length, 1);
      assert.ok(!parser.isInside);
      const { type, body } = frames[0] as Frame;
      assert.equal(type, FRAME[frame as keyof typeof FRAME]);
      const [read, write] = CODECS[frame] as Codec;
      const said = read(body);
      assert.deepEqual(plain(said), value ?? challenge, frame);
      assert.equal(toHex(concatBytes(frameHead(type, body.length), write(said as never))), bytes);
    }
  }
});

test("what is no frame, or no body of one, is refused", () => {
  for (const { why, bytes } of vectors.invalid.frames) {
    assert.throws(() => [...new FrameParser().push(fromHex(bytes))], { code: "bad_frame" }, why);
  }
  for (const { why, frame, body } of vectors.invalid.bodies) {
    assert.equal((CODECS[frame] as Codec)[0](fromHex(body)), null, `${frame}: ${why}`);
  }
  const tooMany = Array.from({ length: MESH_LIMITS.batch + 1 }, () => vectors.frames[1].value);
  assert.equal(readNames(encodeNames(tooMany.map(({ id }) => id))), null);
  assert.equal(readReceiptAsked(encodeRefs(tooMany)), null);
});

test("proofs are believed, or not, as the vectors say", () => {
  for (const { challenge, body, careUntilMs, voucherBytes } of vectors.proofs) {
    const client = readProof(fromHex(body), fromHex(challenge), vectors.node, vectors.nowMs);
    assert.equal(client?.owner, vectors.owner);
    assert.equal(client?.careUntilMs, careUntilMs);
    assert.equal(client?.voucher?.bytes ?? null, voucherBytes);
  }
  for (const { why, challenge, body, nowMs } of vectors.invalid.proofs) {
    assert.equal(readProof(fromHex(body), fromHex(challenge), vectors.node, nowMs), null, why);
  }
});

test("vouchers are signed and believed as the vectors say", () => {
  const { bytes, value } = vectors.voucher;
  assert.deepEqual(readVoucher(fromHex(bytes), vectors.nowMs), value);
  assert.equal(toHex(signVoucher(value, node)), bytes);
  for (const { why, bytes: wrong, nowMs } of vectors.invalid.vouchers) {
    assert.equal(readVoucher(fromHex(wrong), nowMs), null, why);
  }
  for (const wrong of [-1, 1.5, 2 ** 53]) {
    assert.throws(() => signVoucher({ ...value, bytes: wrong }, node), { code: "voucher" });
  }
});

test("receipts are signed and believed as the vectors say", () => {
  for (const { bytes, ...said } of vectors.receipts) {
    const receipt = readReceipt(fromHex(bytes));
    assert.deepEqual(receipt, { ...said, node: vectors.node, owner: vectors.owner, bytes: fromHex(bytes) });
    assert.equal(toHex(signReceipt({ ...said, owner: vectors.owner }, node)), bytes);
  }
  for (const { why, bytes } of vectors.invalid.receipts) assert.equal(readReceipt(fromHex(bytes)), null, why);
  const { fragments, ...said } = vectors.receipts[0];
  const tooMany = Array.from({ length: MESH_LIMITS.batch + 1 }, () => fragments[0]);
  assert.throws(() => signReceipt({ ...said, owner: vectors.owner, fragments: tooMany }, node), { code: "receipt" });
});

test("a node's certificate is the same bytes for everybody", () => {
  assert.equal(toHex(tlsIdentity(node).certificate), vectors.certificate);
});
