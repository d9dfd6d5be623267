import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { OperatorId, SubjectId } from "../agent-ids.ts";
import type { Journal } from "../journal/journal.ts";
import { newClock, newFolder, newJournal, NETWORK, START_MS, type TestClock } from "../journal/testing.ts";
import { opens, readCommitment, readReveal } from "./ballot.ts";
import { OwnVotes } from "./own-votes.ts";
import { roundMs } from "./rounds.ts";
import { Voter } from "./voter.ts";

const RULES = { network: NETWORK, commitMs: 60_000, revealMs: 60_000 };
const OPERATOR = "aa".repeat(32) as OperatorId;
const SUBJECT = "bb".repeat(32) as SubjectId;
/** A round begins. */
const ROUND_MS = Math.ceil(START_MS / roundMs(RULES)) * roundMs(RULES);

interface Booth {
  readonly clock: TestClock;
  readonly journal: Journal;
  readonly votes: OwnVotes;
  readonly voter: Voter;
  /** So long after the round began. */
  actAt(ms: number): Promise<void>;
  /** What was said, in order. */
  said(): string[];
}

function booth(t: TestContext, folder: string = newFolder(t)): Booth {
  const clock = newClock();
  clock.atMs = ROUND_MS;
  const journal = newJournal(t, { clock });
  const votes = new OwnVotes(join(folder, "votes.db"));
  t.after(() => votes[Symbol.dispose]());
  const voter = new Voter({ rules: RULES, operator: OPERATOR, votes, journal, clock });
  journal.onNoted((all) => {
    for (const noted of all) voter.hear(noted);
  });
  return {
    clock,
    journal,
    votes,
    voter,
    actAt: async (ms) => {
      clock.atMs = ROUND_MS + ms;
      await voter.act();
    },
    said: () => [...journal.all(["commitment", "reveal"])].map(({ said }) => said.statement.kind),
  };
}

test("a vote is committed to in a commit window, opened in its reveal window, and names what was seen in time", async (t) => {
  const { voter, journal, actAt, said } = booth(t);
  voter.intend(SUBJECT, "against", "No.");
  await actAt(61_000);
  assert.deepEqual(said(), [], "no window to commit in");
  await actAt(120_000);
  await actAt(130_000);
  assert.deepEqual(said(), ["commitment"]);
  await actAt(181_000);
  await actAt(182_000);
  assert.deepEqual(said(), ["commitment", "reveal"]);
  const [first, second] = [...journal.all(["commitment", "reveal"])].map((noted) => noted.said.statement.body);
  const { commitment } = readCommitment(first as Uint8Array) ?? assert.fail();
  const reveal = readReveal(second as Uint8Array) ?? assert.fail();
  assert.ok(opens(reveal, OPERATOR, NETWORK, commitment));
  assert.deepEqual([reveal.vote, reveal.reason, reveal.seen], ["against", "No.", [commitment]]);
});

test("nothing is committed to when others would hear of it too late", async (t) => {
  const { voter, actAt, said } = booth(t);
  voter.intend(SUBJECT, "for", "");
  await actAt(45_001);
  assert.deepEqual(said(), []);
  await actAt(120_000 + 44_999);
  assert.deepEqual(said(), ["commitment"]);
});

test("who votes anew about what he committed to does so in the next round", async (t) => {
  const { voter, actAt, said } = booth(t);
  voter.intend(SUBJECT, "for", "");
  await actAt(0);
  voter.intend(SUBJECT, "against", "");
  await actAt(1_000);
  assert.deepEqual(said(), ["commitment"]);
  await actAt(61_000);
  await actAt(120_000);
  assert.deepEqual(said(), ["commitment", "reveal", "commitment"]);
});

test("what was not opened in its round, or not said after all, is committed to in another one, by another nonce", async (t) => {
  const { voter, votes, actAt, said } = booth(t);
  voter.intend(SUBJECT, "for", "");
  await actAt(0);
  const nonce = votes.underWay(0).at(-1)?.nonce;
  // The machine was off in the reveal window.
  await actAt(120_000);
  assert.deepEqual(said(), ["commitment", "commitment"]);
  assert.notDeepEqual(votes.underWay(0).at(-1)?.nonce, nonce);

  const crashed = booth(t);
  crashed.votes.intend(SUBJECT, "for", "");
  crashed.votes.committed(crashed.votes.underWay(0).at(-1) ?? assert.fail(), Math.floor(ROUND_MS / roundMs(RULES)));
  await crashed.actAt(61_000);
  assert.deepEqual(crashed.said(), [], "it opens nothing");
  await crashed.actAt(120_000);
  assert.deepEqual(crashed.said(), ["commitment"]);
});
