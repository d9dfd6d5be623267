/** `vectors/agent-trust.json`, NEP-27. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromHex, toHex } from "../../core/bytes.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { isStrictKey } from "../../crypto/strict-key.ts";
import type { NetworkId } from "../agent-ids.ts";
import { type Certificate, readCertificate, signCertificate } from "./certificate.ts";
import { devicesOf } from "./devices.ts";
import { type Endorsement, readEndorsement, signEndorsement } from "./endorsement.ts";
import { readEnrolment } from "./enrolment.ts";
import { encodeGenesis, type Genesis, networkIdOf, readGenesis } from "./genesis.ts";
import { readRevocation, type Revocation, signRevocation } from "./revocation.ts";
import { standing } from "./trust-graph.ts";

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, "../../../vectors/agent-trust.json"), "utf8"));
const network: NetworkId = vectors.network;
const genesis = readGenesis(fromHex(vectors.genesis.valid[0].encoded)) as Genesis;

const pairs = new Map<string, SignatureKeyPair>(
  Object.values<{ seed: string }>(vectors.keys).map(({ seed }) => {
    const pair = ed25519.createKeyPair(fromHex(seed));
    return [toHex(pair.publicKey), pair];
  }),
);

const endorsementsOf = (papers: readonly string[]): Endorsement[] =>
  papers.map((paper) => readEndorsement(fromHex(paper), network) as Endorsement);

test("keys", () => {
  for (const { publicKey } of Object.values<{ publicKey: string }>(vectors.keys)) assert.ok(pairs.has(publicKey));
  for (const key of vectors.strictKeys.valid) assert.ok(isStrictKey(fromHex(key)), key);
  for (const { why, key } of vectors.strictKeys.invalid) assert.equal(isStrictKey(fromHex(key)), false, why);
});

test("genesis", () => {
  assert.equal(genesis.network, network);
  for (const { encoded, ...shape } of vectors.genesis.valid) {
    assert.deepEqual(readGenesis(fromHex(encoded)), shape);
    assert.equal(networkIdOf(fromHex(encoded)), shape.network);
    assert.equal(toHex(encodeGenesis(shape)), encoded);
  }
  for (const { why, encoded } of vectors.genesis.invalid) assert.equal(readGenesis(fromHex(encoded)), null, why);
});

test("endorsements", () => {
  for (const { paper, ...shape } of vectors.endorsements.valid) {
    assert.deepEqual(readEndorsement(fromHex(paper), network), { ...shape, network });
    assert.equal(toHex(signEndorsement({ ...shape, network }, pairs.get(shape.endorser) as SignatureKeyPair)), paper);
  }
  for (const { why, paper } of vectors.endorsements.invalid)
    assert.equal(readEndorsement(fromHex(paper), network), null, why);
});

test("certificates", () => {
  for (const { paper, ...shape } of vectors.certificates.valid) {
    assert.deepEqual(readCertificate(fromHex(paper), network), { ...shape, network });
    assert.equal(toHex(signCertificate({ ...shape, network }, pairs.get(shape.operator) as SignatureKeyPair)), paper);
  }
  for (const { why, paper } of vectors.certificates.invalid)
    assert.equal(readCertificate(fromHex(paper), network), null, why);
});

test("revocations", () => {
  for (const { paper, ...shape } of vectors.revocations.valid) {
    assert.deepEqual(readRevocation(fromHex(paper), network), { ...shape, network });
    assert.equal(toHex(signRevocation({ ...shape, network }, pairs.get(shape.by) as SignatureKeyPair)), paper);
  }
  for (const { why, paper } of vectors.revocations.invalid)
    assert.equal(readRevocation(fromHex(paper), network), null, why);
});

test("enrolments", () => {
  for (const { body, target, endorsers } of vectors.enrolments.valid) {
    const read = readEnrolment(fromHex(body), network) ?? [];
    assert.deepEqual(
      read.map(({ endorser }) => endorser),
      endorsers,
    );
    assert.ok(read.every((endorsement) => endorsement.target === target));
  }
  for (const { why, body } of vectors.enrolments.invalid)
    assert.equal(readEnrolment(fromHex(body), network), null, why);
});

test("standing", () => {
  for (const { what, atMs, endorsements, revocations, standing: expected } of vectors.standing) {
    const revoked = revocations.map((paper: string) => readRevocation(fromHex(paper), network) as Revocation);
    const found = standing(genesis, { endorsements: endorsementsOf(endorsements), revocations: revoked }, atMs);
    assert.deepEqual(
      [...found].map(([operator, place]) => ({ operator, ...place })),
      expected,
      what,
    );
  }
});

test("devices", () => {
  const papers = { endorsements: endorsementsOf(vectors.devices.endorsements), revocations: [] };
  for (const { what, atMs, certificates, devices } of vectors.devices.scenes) {
    const read = certificates.map((paper: string) => readCertificate(fromHex(paper), network) as Certificate);
    const found = [...devicesOf(genesis, read, standing(genesis, papers, atMs), atMs)];
    assert.deepEqual(
      found.flatMap(([operator, devices]) => (devices.length > 0 ? [{ operator, devices }] : [])),
      devices,
      what,
    );
  }
});
