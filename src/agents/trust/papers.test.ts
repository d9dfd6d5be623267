/** Endorsements, certificates, revocations: what they have in common, and by what they differ. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, fromHex, u16, utf8Encode } from "../../core/bytes.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { MIXED_KEY, signByMixedKey } from "../../crypto/strict-key-testing.ts";
import { u64 } from "../../mesh/byte-reader.ts";
import type { DeviceId, NetworkId, OperatorId } from "../agent-ids.ts";
import { text8 } from "../text.ts";
import { readCertificate, signCertificate } from "./certificate.ts";
import { readEndorsement, signEndorsement } from "./endorsement.ts";
import { encodeEnrolment, readEnrolment } from "./enrolment.ts";
import { readRevocation, signRevocation } from "./revocation.ts";
import { DAY_MS, deviceOf, keyPair, NETWORK, NOW, operatorOf } from "./testing.ts";

const OTHER_NETWORK = "11".repeat(32) as NetworkId;
const [alice, bob, device] = [keyPair(1), keyPair(2), keyPair(3)];
const times = { madeAtMs: NOW, notAfterMs: NOW + DAY_MS };
const endorsement = { network: NETWORK, target: operatorOf(bob), label: "Bob", mostAgents: 3, ...times };
const certificate = { network: NETWORK, device: deviceOf(device), label: "attic", ...times };
const revocation = { network: NETWORK, target: operatorOf(bob), note: "sold his key", madeAtMs: NOW };

interface Form {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly read: (bytes: Uint8Array, network?: NetworkId) => unknown;
  readonly said: object;
}

const FORMS: readonly Form[] = [
  {
    name: "endorsement",
    bytes: signEndorsement(endorsement, alice),
    read: (bytes, network = NETWORK) => readEndorsement(bytes, network),
    said: { ...endorsement, endorser: operatorOf(alice) },
  },
  {
    name: "certificate",
    bytes: signCertificate(certificate, alice),
    read: (bytes, network = NETWORK) => readCertificate(bytes, network),
    said: { ...certificate, operator: operatorOf(alice) },
  },
  {
    name: "revocation",
    bytes: signRevocation(revocation, alice),
    read: (bytes, network = NETWORK) => readRevocation(bytes, network),
    said: { ...revocation, by: operatorOf(alice) },
  },
];

/** A paper's bytes as somebody writes them who does not care for our rules. */
function written(domain: string, about: Uint8Array, rest: Uint8Array, by: SignatureKeyPair): Uint8Array {
  const said = concatBytes(Uint8Array.of(1), fromHex(NETWORK), by.publicKey, about, rest);
  return concatBytes(said, ed25519.sign(concatBytes(utf8Encode(domain), said), by.secretKey));
}

const DOMAIN = "nocturne/agents/endorsement/v1";
const rest = (mostAgents: number, madeAtMs: number, notAfterMs: number, label: string = "Bob"): Uint8Array =>
  concatBytes(text8(label), u16(mostAgents), u64(madeAtMs), u64(notAfterMs));
const USUAL = rest(3, NOW, NOW + DAY_MS);

test("a paper is read as it was signed", () => {
  for (const { bytes, read, said } of FORMS) assert.deepEqual(read(bytes), said);
  assert.deepEqual(written(DOMAIN, bob.publicKey, USUAL, alice), FORMS[0]?.bytes);
});

test("forged papers: one changed bit, one byte less or more, and it is none", () => {
  for (const { name, bytes, read } of FORMS) {
    for (let at = 0; at < bytes.length; at++) {
      const altered = bytes.with(at, (bytes[at] as number) ^ (1 << (at & 7)));
      assert.equal(read(altered), null, `${name}, byte ${at}`);
    }
    for (let length = 0; length < bytes.length; length++) assert.equal(read(bytes.subarray(0, length)), null);
    assert.equal(read(concatBytes(bytes, Uint8Array.of(0))), null);
  }
});

test("unsigned papers, and papers that another one signed", () => {
  for (const { name, bytes, read } of FORMS) {
    const said = bytes.subarray(0, -64);
    assert.equal(read(concatBytes(said, new Uint8Array(64))), null, name);
    const signed = concatBytes(utf8Encode(`nocturne/agents/${name}/v1`), said);
    assert.ok(read(concatBytes(said, ed25519.sign(signed, alice.secretKey))), "the forger's tool works");
    assert.equal(read(concatBytes(said, ed25519.sign(signed, bob.secretKey))), null, name);
  }
});

test("a paper of another network says nothing in this one", () => {
  for (const { name, bytes, read } of FORMS) assert.equal(read(bytes, OTHER_NETWORK), null, name);
  const elsewhere = signEndorsement({ ...endorsement, network: OTHER_NETWORK }, alice);
  assert.equal(readEndorsement(elsewhere, NETWORK), null);
  assert.ok(readEndorsement(elsewhere, OTHER_NETWORK));
});

test("one form is none of the others, also where the fields are the same", () => {
  for (const { bytes, said } of FORMS)
    for (const other of FORMS) if (other.said !== said) assert.equal(other.read(bytes), null);
  const body = concatBytes(text8("attic"), u64(NOW), u64(NOW + DAY_MS));
  assert.ok(readCertificate(written("nocturne/agents/certificate/v1", device.publicKey, body, alice), NETWORK));
  assert.equal(readCertificate(written(DOMAIN, device.publicKey, body, alice), NETWORK), null);
});

test("the attack: a paper about a key that everybody can sign for", () => {
  assert.ok(readEndorsement(written(DOMAIN, bob.publicKey, USUAL, alice), NETWORK), "the attacker's tool works");
  for (const key of ["00".repeat(32), `01${"00".repeat(31)}`, `ed${"ff".repeat(30)}7f`, `02${"00".repeat(31)}`]) {
    assert.equal(readEndorsement(written(DOMAIN, fromHex(key), USUAL, alice), NETWORK), null, key);
    assert.throws(() => signEndorsement({ ...endorsement, target: key as OperatorId }, alice), {
      code: "agent_endorsement",
    });
    assert.throws(() => signCertificate({ ...certificate, device: key as DeviceId }, alice), {
      code: "agent_certificate",
    });
    assert.throws(() => signRevocation({ ...revocation, target: key as OperatorId }, alice), {
      code: "agent_revocation",
    });
  }
});

test("the attack: one secret signs as two operators, by a key that is no strict one", () => {
  const forged = Array.from({ length: 24 }, (_, n) => {
    const body = rest(3, NOW, NOW + DAY_MS, `number ${n}`);
    const said = concatBytes(Uint8Array.of(1), fromHex(NETWORK), MIXED_KEY, bob.publicKey, body);
    const signed = concatBytes(utf8Encode(DOMAIN), said);
    return { signed, signature: signByMixedKey(signed), said };
  });
  const good = forged.filter(({ signed, signature }) => ed25519.verify(signed, signature, MIXED_KEY));
  assert.ok(good.length > 0, "some of these signatures are good");
  for (const { said, signature } of good) assert.equal(readEndorsement(concatBytes(said, signature), NETWORK), null);
});

test("nobody endorses himself, and no operator's key is his device's; but everybody may revoke himself", () => {
  const own = operatorOf(alice);
  assert.throws(() => signEndorsement({ ...endorsement, target: own }, alice), { code: "agent_endorsement" });
  assert.equal(readEndorsement(written(DOMAIN, alice.publicKey, USUAL, alice), NETWORK), null);
  assert.throws(() => signCertificate({ ...certificate, device: deviceOf(alice) }, alice), {
    code: "agent_certificate",
  });
  const body = concatBytes(text8("attic"), u64(NOW), u64(NOW + DAY_MS));
  const domain = "nocturne/agents/certificate/v1";
  assert.equal(readCertificate(written(domain, alice.publicKey, body, alice), NETWORK), null);
  assert.equal(readRevocation(signRevocation({ ...revocation, target: own }, alice), NETWORK)?.target, own);
});

test("no paper is valid longer than it may be, or ends before it begins", () => {
  const { paperMs } = AGENT_LIMITS;
  for (const notAfterMs of [NOW - 1, NOW + paperMs + 1, 2 ** 53, NOW + 0.5]) {
    assert.throws(() => signEndorsement({ ...endorsement, notAfterMs }, alice), { code: "agent_endorsement" });
    assert.throws(() => signCertificate({ ...certificate, notAfterMs }, alice), { code: "agent_certificate" });
  }
  for (const notAfterMs of [NOW - 1, NOW + paperMs + 1, 2 ** 53])
    assert.equal(readEndorsement(written(DOMAIN, bob.publicKey, rest(3, NOW, notAfterMs), alice), NETWORK), null);
  for (const notAfterMs of [NOW, NOW + paperMs])
    assert.equal(
      readEndorsement(signEndorsement({ ...endorsement, notAfterMs }, alice), NETWORK)?.notAfterMs,
      notAfterMs,
    );
});

test("numbers of agents and words have bounds, for whoever writes and whoever reads", () => {
  for (const mostAgents of [0, -1, 1.5, AGENT_LIMITS.devices + 1])
    assert.throws(() => signEndorsement({ ...endorsement, mostAgents }, alice), { code: "agent_endorsement" });
  for (const mostAgents of [0, AGENT_LIMITS.devices + 1, 0xffff]) {
    const bytes = written(DOMAIN, bob.publicKey, rest(mostAgents, NOW, NOW), alice);
    assert.equal(readEndorsement(bytes, NETWORK), null, `${mostAgents} agents`);
  }
  for (const label of ["x".repeat(AGENT_LIMITS.labelBytes + 1), "two\nlines", "\u202egnihton", "e\u0301"]) {
    assert.throws(() => signEndorsement({ ...endorsement, label }, alice), { code: "agent_endorsement" });
    assert.throws(() => signCertificate({ ...certificate, label }, alice), { code: "agent_certificate" });
    const bytes = written(DOMAIN, bob.publicKey, rest(3, NOW, NOW, label), alice);
    assert.equal(readEndorsement(bytes, NETWORK), null, JSON.stringify(label));
  }
  for (const note of ["x".repeat(AGENT_LIMITS.noteBytes + 1), "two\nlines"])
    assert.throws(() => signRevocation({ ...revocation, note }, alice), { code: "agent_revocation" });
});

const endorsers = [10, 11, 12, 13, 14, 15, 16, 17, 18].map(keyPair);
const papers = endorsers.map((by) => signEndorsement(endorsement, by));
const [first, second, third] = papers as [Uint8Array, Uint8Array, Uint8Array];
const packed = (...all: readonly Uint8Array[]): Uint8Array =>
  concatBytes(Uint8Array.of(all.length), ...all.flatMap((paper) => [u16(paper.length), paper]));

test("an enrolment holds up to eight endorsements of one operator, in one order", () => {
  const body = encodeEnrolment([third, first, second], NETWORK);
  assert.deepEqual(encodeEnrolment([first, second, third], NETWORK), body);
  const read = readEnrolment(body, NETWORK) ?? [];
  const ids = endorsers.slice(0, 3).map(operatorOf).sort();
  assert.deepEqual(
    read.map(({ endorser }) => endorser),
    ids,
  );
  assert.ok(read.every(({ target }) => target === operatorOf(bob)));
  assert.equal(readEnrolment(encodeEnrolment(papers.slice(0, 8), NETWORK), NETWORK)?.length, 8);
  assert.equal(readEnrolment(encodeEnrolment([first], NETWORK), NETWORK)?.length, 1);
});

test("what is no enrolment: nothing, too much, two targets, one endorser twice, papers that are none", () => {
  const later = signEndorsement({ ...endorsement, madeAtMs: NOW + 1 }, endorsers[0] as SignatureKeyPair);
  const ofOther = signEndorsement({ ...endorsement, target: operatorOf(device) }, endorsers[1] as SignatureKeyPair);
  const elsewhere = signEndorsement({ ...endorsement, network: OTHER_NETWORK }, endorsers[1] as SignatureKeyPair);
  const bad = [[], papers, [first, later], [first, ofOther], [first, elsewhere], [first, second.with(99, 1)]];
  for (const all of bad) {
    assert.throws(() => encodeEnrolment(all, NETWORK), { code: "agent_enrolment" });
    assert.equal(readEnrolment(packed(...all), NETWORK), null);
    assert.equal(readEnrolment(packed(...all.toReversed()), NETWORK), null);
  }
  const body = encodeEnrolment([first, second], NETWORK);
  const orders = [packed(first, second), packed(second, first)];
  assert.deepEqual(
    orders.filter((other) => readEnrolment(other, NETWORK)),
    [body],
    "one order only",
  );
  assert.equal(readEnrolment(concatBytes(body, Uint8Array.of(0)), NETWORK), null);
  assert.equal(readEnrolment(body.with(0, 3), NETWORK), null);
  for (const length of [0, 1, 2, 3, body.length - 1])
    assert.equal(readEnrolment(body.subarray(0, length), NETWORK), null);
});
