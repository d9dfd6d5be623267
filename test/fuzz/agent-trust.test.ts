/**
 * Papers of the agent mesh under attack: by whoever passes them on, and by an operator who signs whatever he likes. Nothing throws, nothing that was altered
 * counts, and what is read has one encoding and keeps to the bounds. `SEED=N` repeats a run.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../src/core/agent-limits.ts";
import { concatBytes, utf8Encode } from "../../src/core/bytes.ts";
import { ed25519 } from "../../src/crypto/signing.ts";
import { readCertificate, signCertificate } from "../../src/agents/trust/certificate.ts";
import { readEndorsement, signEndorsement } from "../../src/agents/trust/endorsement.ts";
import { encodeEnrolment, readEnrolment } from "../../src/agents/trust/enrolment.ts";
import { encodeGenesis, readGenesis } from "../../src/agents/trust/genesis.ts";
import { readRevocation, signRevocation } from "../../src/agents/trust/revocation.ts";
import { DAY_MS, deviceOf, keyPair, NETWORK, NOW, operatorOf } from "../../src/agents/trust/testing.ts";
import { mutated } from "../support/mutated.ts";
import { Xorshift } from "../support/xorshift.ts";

const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const HEAD_BYTES = 1 + 3 * 32;
const SIGNATURE_BYTES = 64;

const [alice, bob, device] = [keyPair(1), keyPair(2), keyPair(3)];
const times = { madeAtMs: NOW, notAfterMs: NOW + DAY_MS };
const endorsement = { network: NETWORK, target: operatorOf(bob), label: "Bob", mostAgents: 3, ...times };
const operators = [1, 2, 3, 4, 5].map((n) => operatorOf(keyPair(n)));
const genesis = { name: "ours", madeAtMs: NOW, commitMs: 2_000, revealMs: 1_000, operators };

interface Form {
  readonly domain: string;
  readonly read: (bytes: Uint8Array) => object | null;
  readonly paper: Uint8Array;
  readonly donor: Uint8Array;
  /** The same signed anew, from what was read. */
  readonly again: (read: object) => Uint8Array;
}

function form<Shape extends object>(
  name: string,
  read: (bytes: Uint8Array, network: typeof NETWORK) => (Shape & { readonly network: typeof NETWORK }) | null,
  sign: (shape: Shape) => Uint8Array,
  shapes: readonly [Shape, Shape],
): Form {
  return {
    domain: `nocturne/agents/${name}/v1`,
    read: (bytes) => read(bytes, NETWORK),
    paper: sign(shapes[0]),
    donor: sign(shapes[1]),
    again: (found) => sign(found as Shape),
  };
}

const certificate = { network: NETWORK, device: deviceOf(device), label: "attic", ...times };
const revocation = { network: NETWORK, target: operatorOf(bob), note: "sold", madeAtMs: NOW };
const FORMS = [
  form("endorsement", readEndorsement, (shape) => signEndorsement(shape, alice), [
    endorsement,
    { ...endorsement, target: operatorOf(device), mostAgents: 64, label: "x".repeat(64), madeAtMs: NOW - 1 },
  ]),
  form("certificate", readCertificate, (shape) => signCertificate(shape, alice), [
    certificate,
    { ...certificate, device: deviceOf(bob), label: "", madeAtMs: NOW - 1 },
  ]),
  form("revocation", readRevocation, (shape) => signRevocation(shape, alice), [
    revocation,
    { ...revocation, target: operatorOf(alice), note: "é", madeAtMs: NOW - 1 },
  ]),
];

/** Calls `judge` with mutations that differ from both originals; returns how often it said true. */
function fuzz(one: Uint8Array, donor: Uint8Array, rounds: number, judge: (bytes: Uint8Array) => boolean): number {
  const random = new Xorshift(SEED);
  let yes = 0;
  for (let i = 0; i < rounds; i++) {
    const bytes = mutated(random, one, donor);
    if (!isSame(bytes, one) && !isSame(bytes, donor) && judge(bytes)) yes++;
  }
  return yes;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

test("no altered paper is believed", () => {
  console.log(`SEED=${SEED}`);
  for (const { paper, donor, read } of FORMS) {
    assert.ok(read(paper) && read(donor));
    assert.equal(
      fuzz(paper, donor, 600, (bytes) => read(bytes) !== null),
      0,
    );
  }
});

test("an operator who signs what he likes says one thing by it, within bounds, or nothing", () => {
  for (const { domain, paper, donor, read, again } of FORMS) {
    const said = (bytes: Uint8Array): Uint8Array => bytes.subarray(HEAD_BYTES, -SIGNATURE_BYTES);
    const believed = fuzz(said(paper), said(donor), 600, (rest) => {
      const body = concatBytes(paper.subarray(0, HEAD_BYTES), rest);
      const bytes = concatBytes(body, ed25519.sign(concatBytes(utf8Encode(domain), body), alice.secretKey));
      const found = read(bytes);
      if (!found) return false;
      assert.ok(isSame(again(found), bytes), "one encoding");
      return true;
    });
    assert.ok(believed > 3, `${believed} were papers: the tool works`);
  }
});

test("whatever is read as a genesis is written in that way alone", () => {
  const donor = encodeGenesis({ ...genesis, name: "theirs", operators: operators.slice(1) });
  const read = fuzz(encodeGenesis(genesis), donor, 500, (bytes) => {
    const found = readGenesis(bytes);
    if (!found) return false;
    assert.ok(isSame(encodeGenesis(found), bytes));
    return found.operators.length >= AGENT_LIMITS.genesisLeast;
  });
  assert.ok(read > 3, `${read} were a genesis`);
});

test("no altered enrolment is read, and none that claims more than there is", () => {
  const papers = [4, 5, 6].map((n) => signEndorsement(endorsement, keyPair(n)));
  const body = encodeEnrolment(papers, NETWORK);
  const donor = encodeEnrolment(papers.slice(1), NETWORK);
  assert.equal(
    fuzz(body, donor, 600, (bytes) => readEnrolment(bytes, NETWORK) !== null),
    0,
  );
});
