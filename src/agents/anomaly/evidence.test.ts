/** Evidence: what anybody who has the logs finds again, and what accusers make up or leave out. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { utf8Encode } from "../../core/bytes.ts";
import { ed25519 } from "../../crypto/signing.ts";
import { NETWORK, newClock, newJournal } from "../journal/testing.ts";
import { encodeKnowledgeEntry } from "../knowledge/entry.ts";
import { entryWith } from "../knowledge/testing.ts";
import { encodeCommitment } from "../votes/ballot.ts";
import { entryNamed, operatorNamed } from "../votes/testing.ts";
import type { Deed } from "./deed.ts";
import { type DetectorName, detect } from "./detectors.ts";
import { type Accusation, type EvidenceState, holds, logsOf, verifyEvidence } from "./evidence.ts";
import { hashNamed, HOUR_MS, MINUTE_MS, NOON, referencesTo, TestLogs, TestVotes } from "./testing.ts";

function flooded(): TestLogs {
  const logs = new TestLogs();
  for (let n = 0; n < 60; n++) logs.entry("flood", NOON + n * 30_000, `${n}`);
  return logs;
}

function accusationOf(detector: DetectorName, logs: TestLogs, votes = new TestVotes()): Accusation {
  const [finding] = detect(detector, logs.all(), votes.ground());
  assert.ok(finding);
  return { accused: finding.accused, detector, evidence: referencesTo(finding.evidence) };
}

function verify(accusation: Accusation, logs: TestLogs, votes = new TestVotes()): EvidenceState {
  return verifyEvidence(accusation, logs, votes.ground());
}

test("what a detector found is found again by who has the logs, and is missing until they have them", () => {
  const logs = flooded();
  const accusation = accusationOf("domain_flood", logs);
  assert.equal(verify(accusation, logs), "holds");
  const shorter = new TestLogs();
  assert.equal(verify(accusation, shorter), "missing");
  for (let n = 0; n < 59; n++) shorter.entry("flood", NOON + n * 30_000, `${n}`);
  assert.equal(verify(accusation, shorter), "missing");
  shorter.entry("flood", NOON + 59 * 30_000, "59");
  assert.equal(verify(accusation, shorter), "holds");
});

test("another accused, another detector, another hash, or a number where something else stands: it fails", () => {
  const logs = flooded();
  const accusation = accusationOf("domain_flood", logs);
  const [first, ...rest] = accusation.evidence;
  assert.ok(first);
  assert.equal(verify({ ...accusation, accused: operatorNamed("honest") }, logs), "fails");
  assert.equal(verify({ ...accusation, detector: "vote_burst" }, logs), "fails");
  assert.equal(verify({ ...accusation, evidence: [{ ...first, hash: hashNamed("another") }, ...rest] }, logs), "fails");
  assert.equal(verify({ ...accusation, evidence: [{ ...first, sequence: 1 }, ...rest] }, logs), "fails");
});

test("who makes up a device, or has others read more than there is time for, proves nothing", () => {
  const logs = flooded();
  const accusation = accusationOf("domain_flood", logs);
  const [first] = accusation.evidence;
  assert.ok(first);
  const nowhere = { ...first, device: hashNamed("nowhere") as typeof first.device };
  assert.equal(verify({ ...accusation, evidence: [...accusation.evidence, nowhere] }, logs), "missing");
  const far = { ...first, sequence: first.sequence + AGENT_LIMITS.caseStretch };
  assert.equal(verify({ ...accusation, evidence: [first, far] }, logs), "fails");
});

test("an accuser who leaves out the good entries shows nothing: the whole stretch is looked at", () => {
  const [logs, votes] = [new TestLogs(), new TestVotes()];
  const bad: Deed[] = [];
  for (let n = 0; n < 20; n++) {
    const deed = logs.entry("ok", NOON + n * HOUR_MS, `${n}`);
    votes.cast(`${n}`, n % 5 === 0 ? { against: "a b c d" } : { for: "a b c d" });
    if (n % 5 === 0) bad.push(deed);
  }
  const accusation: Accusation = {
    accused: operatorNamed("ok"),
    detector: "accuracy_drop",
    evidence: referencesTo(bad),
  };
  assert.ok(holds(accusation, bad, votes.ground()), "on what is named alone it would hold");
  assert.equal(verify(accusation, logs, votes), "fails");
});

test("and one who leaves out where the other voted otherwise", () => {
  const [logs, votes] = [new TestLogs(), new TestVotes()];
  const alike: Deed[] = [];
  for (let n = 0; n < 30; n++) {
    const vote = n % 3 ? "for" : "against";
    const deed = logs.reveal("a", NOON + 48 * HOUR_MS + n * MINUTE_MS, `${n}`, vote);
    if (vote === "for") alike.push(deed);
    votes.cast(`${n}`, { for: "b", against: "c d e" }).cast(`${n}`, { [vote]: "a" }, 13_857);
  }
  const accusation: Accusation = { accused: operatorNamed("a"), detector: "mirroring", evidence: referencesTo(alike) };
  assert.ok(holds(accusation, alike, votes.ground()));
  assert.equal(verify(accusation, logs, votes), "fails");
});

test("what a person names is there or not, and otherwise a matter of votes", () => {
  const logs = flooded();
  const evidence = referencesTo(logs.all().slice(0, 2));
  const accusation: Accusation = { accused: operatorNamed("flood"), detector: "operator", evidence };
  assert.equal(verify(accusation, logs), "holds");
  assert.equal(verify({ ...accusation, evidence: [] }, logs), "holds");
  const madeUp = evidence.map((one) => ({ ...one, hash: hashNamed("x") }));
  assert.equal(verify({ ...accusation, evidence: madeUp }, logs), "fails");
});

/** A device that says more ballots in a minute than count, and something that is no deed. */
async function burst(t: TestContext) {
  const clock = newClock();
  const key = ed25519.createKeyPair();
  const journal = newJournal(t, { key, clock });
  const operator = operatorNamed("burst");
  await journal.say({ kind: "certificate", body: utf8Encode("papers are no deeds") });
  await journal.say({ kind: "entry", body: encodeKnowledgeEntry(entryWith({ operator })) });
  await journal.say({ kind: "entry", body: encodeKnowledgeEntry(entryWith({})) });
  const commitment = entryNamed("c") as unknown as Parameters<typeof encodeCommitment>[0]["commitment"];
  const bodies = Array.from({ length: 41 }, (_, n) => encodeCommitment({ subject: entryNamed(n), commitment }));
  await Promise.all(bodies.map((body) => journal.say({ kind: "commitment", body })));
  return { journal, operator };
}

test("logs of a journal: with what is void, without what is no deed or names another operator", async (t) => {
  const { journal, operator } = await burst(t);
  const logs = logsOf(journal, (device) => (device === journal.device ? operator : null));
  const all = logs.stretch(journal.device, 1, 44);
  assert.deepEqual(
    all?.map(({ sequence }) => sequence),
    [2, ...Array.from({ length: 41 }, (_, n) => n + 4)],
  );
  assert.deepEqual([...journal.all(["commitment"])].filter(({ isVoid }) => isVoid).length, 1);
  assert.deepEqual(logs.stretch(journal.device, 2, 2), all?.slice(0, 1));
  assert.equal(logs.stretch(journal.device, 2, 45), null);
  assert.equal(logsOf(journal, () => null).stretch(journal.device, 1, 1), null);
  const ground = {
    ...new TestVotes().ground(),
    rules: { network: NETWORK, commitMs: 86_400_000, revealMs: 43_200_000 },
  };
  const [finding] = detect("vote_burst", all ?? [], ground);
  assert.ok(finding);
  const accusation = { ...finding, detector: "vote_burst" } as const;
  assert.equal(verifyEvidence(accusation, logs, ground), "holds");
});
