import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { bodyOf, NO_ENTRY, signEntry } from "../../mesh/ledger/entry.ts";
import { type Said, saidOf } from "../journal/said.ts";
import { encodeStatement, type StatementKind } from "../statement.ts";
import { signCertificate } from "./certificate.ts";
import { signEndorsement } from "./endorsement.ts";
import { encodeEnrolment } from "./enrolment.ts";
import { encodeGenesis, type Genesis, readGenesis } from "./genesis.ts";
import { signRevocation } from "./revocation.ts";
import { DAY_MS, deviceOf, keyPair, NOW, operatorOf } from "./testing.ts";
import { TrustBook } from "./trust-book.ts";

const [first, second, third, newcomer] = [1, 2, 3, 4].map(keyPair) as [
  SignatureKeyPair,
  SignatureKeyPair,
  SignatureKeyPair,
  SignatureKeyPair,
];
const founders = [first, second, third];
const genesis = readGenesis(
  encodeGenesis({ name: "t", madeAtMs: NOW, commitMs: 1_000, revealMs: 1_000, operators: founders.map(operatorOf) }),
) as Genesis;
const { network } = genesis;
const until = { madeAtMs: NOW, notAfterMs: NOW + DAY_MS };

function say(device: SignatureKeyPair, sequence: number, kind: StatementKind, body: Uint8Array): Said {
  const bytes = encodeStatement({ kind, network, body });
  const previous = sequence === 1 ? NO_ENTRY : new Uint8Array(32).fill(1);
  return saidOf(
    signEntry({ sequence, previous, madeAtMs: NOW, kind: "agent", body: bodyOf(bytes) }, device),
    bytes,
  ) as Said;
}

function certificateOf(operator: SignatureKeyPair, device: SignatureKeyPair): Uint8Array {
  return signCertificate({ network, device: deviceOf(device), label: "", ...until }, operator);
}

function endorsementsOf(target: SignatureKeyPair, by: readonly SignatureKeyPair[]): Uint8Array {
  const about = { network, target: operatorOf(target), label: "", mostAgents: 2, ...until };
  return encodeEnrolment(
    by.map((endorser) => signEndorsement(about, endorser)),
    network,
  );
}

test("a device speaks for the operator who certified it in the first entry of its log, as long as he has standing", () => {
  const book = new TrustBook(genesis);
  const device = ed25519.createKeyPair();
  assert.equal(book.isEntitled(deviceOf(device), NOW), false);
  book.hear(say(device, 1, "certificate", certificateOf(first, device)));
  assert.equal(book.operatorOf(deviceOf(device)), operatorOf(first));
  assert.ok(book.isEntitled(deviceOf(device), NOW));
  assert.equal(book.isEntitled(deviceOf(device), NOW + 2 * DAY_MS), false, "the certificate has ended");
  // Somebody else certifies it later, in its own log: it stays whose it is.
  book.hear(say(device, 2, "certificate", certificateOf(second, device)));
  assert.equal(book.operatorOf(deviceOf(device)), operatorOf(first));
  assert.notEqual(
    book.hear(
      say(
        device,
        3,
        "revocation",
        signRevocation({ network, target: operatorOf(first), note: "", madeAtMs: NOW }, first),
      ),
    ),
    null,
  );
  assert.equal(book.isEntitled(deviceOf(device), NOW), false, "he revoked himself");
});

test("a newcomer is let in by what its own log begins with, and by nothing less", () => {
  const device = ed25519.createKeyPair();
  const certificate = say(device, 1, "certificate", certificateOf(newcomer, device));
  const book = new TrustBook(genesis);
  assert.equal(book.wouldBeEntitled([certificate], NOW), false);
  const two = say(device, 2, "enrolment", endorsementsOf(newcomer, [first, second]));
  assert.equal(book.wouldBeEntitled([certificate, two], NOW), false, "two endorse him");
  const three = say(device, 2, "enrolment", endorsementsOf(newcomer, founders));
  assert.equal(book.wouldBeEntitled([three], NOW), false, "whose device it is stands first");
  assert.equal(book.wouldBeEntitled([{ ...certificate, sequence: 2 }, three], NOW), false);
  assert.ok(book.wouldBeEntitled([certificate, three], NOW));
  assert.equal(book.isEntitled(deviceOf(device), NOW), false, "it was only asked");
  const stolen = say(ed25519.createKeyPair(), 1, "certificate", certificateOf(first, device));
  assert.equal(book.wouldBeEntitled([stolen], NOW), false, "another device's certificate");
});

test("a lost device is taken out by its operator, in another log; nobody else's certificate takes it", () => {
  const [lost, other] = [ed25519.createKeyPair(), ed25519.createKeyPair()];
  const book = new TrustBook(genesis);
  book.hear(say(lost, 1, "certificate", certificateOf(first, lost)));
  book.hear(say(other, 1, "certificate", certificateOf(second, other)));
  const ended = { network, device: deviceOf(lost), label: "", madeAtMs: NOW + 1, notAfterMs: NOW + 1 };
  book.hear(say(other, 2, "certificate", signCertificate(ended, second)));
  assert.ok(book.isEntitled(deviceOf(lost), NOW + DAY_MS), "another operator's word");
  book.hear(say(other, 3, "certificate", signCertificate(ended, first)));
  assert.equal(book.isEntitled(deviceOf(lost), NOW + DAY_MS), false);
  assert.equal(book.operatorOf(deviceOf(lost)), operatorOf(first));
  assert.ok(book.isEntitled(deviceOf(other), NOW + DAY_MS), "who carried it stays");
  const carrier = ed25519.createKeyPair();
  book.hear(say(carrier, 1, "certificate", certificateOf(third, other)));
  assert.equal(
    book.operatorOf(deviceOf(carrier)),
    null,
    "a log that begins with another device's certificate is nobody's",
  );
  assert.equal(book.operatorOf(deviceOf(other)), operatorOf(second));
});

test("it is said from when on something may be another; a log full of papers counts so far and no farther", () => {
  const book = new TrustBook(genesis);
  const device = ed25519.createKeyPair();
  book.hear(say(device, 1, "certificate", certificateOf(first, device)));
  assert.equal(book.isEnrolled(operatorOf(newcomer), NOW), false);
  assert.equal(book.hear(say(device, 2, "entry", new Uint8Array(40))), null);
  assert.equal(book.hear(say(device, 3, "enrolment", endorsementsOf(newcomer, founders))), NOW);
  assert.ok(book.isEnrolled(operatorOf(newcomer), NOW));
  const flood = say(
    device,
    4,
    "revocation",
    signRevocation({ network, target: operatorOf(third), note: "", madeAtMs: NOW }, second),
  );
  let counted = 0;
  for (let i = 0; i < AGENT_LIMITS.papersOfALog; i++) if (book.hear(flood) !== null) counted++;
  assert.equal(counted, AGENT_LIMITS.papersOfALog - 4);
});

test("what is asked about any moment is what is counted for that moment alone, however papers came", () => {
  const [book, device] = [new TrustBook(genesis), ed25519.createKeyPair()];
  book.hear(say(device, 1, "certificate", certificateOf(first, device)));
  const moments = [-1, 0, 1, DAY_MS - 1, DAY_MS, DAY_MS + 1, 2 * DAY_MS].map((afterMs) => NOW + afterMs);
  const before = moments.map((atMs) => book.isEnrolled(operatorOf(newcomer), atMs));
  assert.ok(before.every((isEnrolled) => !isEnrolled));
  assert.deepEqual(
    moments.map((atMs) => book.isEntitled(deviceOf(device), atMs)),
    [false, true, true, true, true, false, false],
  );
  book.hear(say(device, 2, "enrolment", endorsementsOf(newcomer, founders)));
  assert.deepEqual(
    moments.map((atMs) => book.isEnrolled(operatorOf(newcomer), atMs)),
    [false, true, true, true, true, false, false],
  );
});
