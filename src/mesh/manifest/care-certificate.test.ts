import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, utf8Encode } from "../../core/bytes.ts";
import { ed25519 } from "../../crypto/signing.ts";
import { ownerIdOf } from "../node-id.ts";
import { CARE_CERTIFICATE_BYTES, readCareCertificate, signCareCertificate } from "./care-certificate.ts";
import { u64 } from "../byte-reader.ts";

const NOW = Date.UTC(2026, 10, 27);
const owner = ed25519.createKeyPair(new Uint8Array(32).fill(1));
const carer = ed25519.createKeyPair(new Uint8Array(32).fill(2)).publicKey;
const certificate = signCareCertificate(carer, NOW + 1_000, owner);

test("a certificate says who may care for whom until when, and then nothing", () => {
  assert.equal(certificate.length, CARE_CERTIFICATE_BYTES);
  const said = { owner: ownerIdOf(owner.publicKey), carer, untilMs: NOW + 1_000 };
  assert.deepEqual(readCareCertificate(certificate, NOW), said);
  assert.deepEqual(readCareCertificate(certificate, NOW + 999), said);
  assert.equal(readCareCertificate(certificate, NOW + 1_000), null);
});

test("no bit can be changed, nothing cut and nothing put behind", () => {
  for (let bit = 0; bit < 8 * certificate.length; bit++) {
    const altered = certificate.slice();
    altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.equal(readCareCertificate(altered, NOW), null, `bit ${bit}`);
  }
  for (let length = 0; length < certificate.length; length++)
    assert.equal(readCareCertificate(certificate.subarray(0, length), NOW), null);
  assert.equal(readCareCertificate(concatBytes(certificate, Uint8Array.of(0)), NOW), null);
});

test("the attack: somebody names an owner who signed nothing, or who signed something else", () => {
  const said = concatBytes(owner.publicKey, carer, u64(NOW + 1_000));
  const stranger = ed25519.createKeyPair();
  const forged = (domain: string, secretKey: Uint8Array) =>
    concatBytes(Uint8Array.of(1), said, ed25519.sign(concatBytes(utf8Encode(domain), said), secretKey));
  assert.ok(readCareCertificate(forged("nocturne/care-certificate/v1", owner.secretKey), NOW));
  assert.equal(readCareCertificate(forged("nocturne/care-certificate/v1", stranger.secretKey), NOW), null);
  assert.equal(readCareCertificate(forged("nocturne/mesh/record/v1", owner.secretKey), NOW), null);
});

test("what cannot be said is not signed", () => {
  for (const untilMs of [-1, 1.5, Number.NaN, 2 ** 53])
    assert.throws(() => signCareCertificate(carer, untilMs, owner), { code: "care_certificate" });
  assert.throws(() => signCareCertificate(carer.subarray(1), NOW, owner), { code: "care_certificate" });
});
