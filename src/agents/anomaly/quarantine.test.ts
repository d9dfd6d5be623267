/** Local and network-wide quarantine, from what is heard to what is said. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { type Commitment, encodeCommitment } from "../votes/ballot.ts";
import { encodeStatement, type Statement } from "../statement.ts";
import type { Noted } from "../journal/journal.ts";
import { fromHex } from "../../core/bytes.ts";
import { encodeKnowledgeEntry } from "../knowledge/entry.ts";
import { entryWith, idOf } from "../knowledge/testing.ts";
import { windowsOf } from "../votes/rounds.ts";
import { entryNamed, operatorNamed, ROUND, RULES } from "../votes/testing.ts";
import { encodeCase, readCase } from "./case.ts";
import type { Deed } from "./deed.ts";
import { Quarantines } from "./quarantine.ts";
import { caseAbout, HOUR_MS, NOON, type SaidCase, saidCase, TestLogs, TestVotes } from "./testing.ts";

const LATER = NOON + 2 * HOUR_MS;
const NEXT = windowsOf(RULES, ROUND + 1).startMs;

/** The machine of `me`, in a network of seven. */
class Machine {
  readonly logs = new TestLogs();
  readonly votes = new TestVotes();
  readonly quarantines: Quarantines;

  constructor(own = "me") {
    const { logs, votes } = this;
    const about = { own: operatorNamed(own), rules: RULES, logs, enrolled: () => 7 };
    this.quarantines = new Quarantines({ ...about, tallyBefore: votes.tallyBefore });
  }

  /** One ballot more in a minute than counts, each as it comes from a journal. */
  burst(name: string, atMs: number = NOON): void {
    for (let n = 0; n <= 2 * AGENT_LIMITS.votesAMinute; n++) {
      const deed = this.logs.commit(name, atMs + n, `${name} ${n}`);
      this.quarantines.hear(ballotOf(deed, n === 2 * AGENT_LIMITS.votesAMinute), operatorNamed(name));
    }
  }

  say(by: string, atMs: number, ...about: Parameters<typeof caseAbout>): SaidCase {
    const said = saidCase(by, atMs, caseAbout(...about));
    this.quarantines.hear(said.noted, said.by);
    return said;
  }

  /** Everybody but the accused and one. */
  decide(said: SaidCase, round: number = ROUND): void {
    this.votes.castAbout(said.id, { for: "o1 o2 o3 me", against: "o4" }, round);
  }

  of(name: string, nowMs = LATER) {
    return this.quarantines.of(operatorNamed(name), nowMs);
  }

  states(nowMs = LATER): string[] {
    return this.quarantines.cases(nowMs).map(({ action, state }) => `${action} ${state}`);
  }
}

function ballotOf(deed: Deed, isVoid: boolean): Noted {
  const commitment = entryNamed("c") as unknown as Commitment;
  return notedAs(deed, "commitment", encodeCommitment({ subject: entryNamed(deed.sequence), commitment }), isVoid);
}

/** As a journal notes it, at the place that test logs give it. */
function notedAs(deed: Deed, kind: Statement["kind"], body: Uint8Array, isVoid = false): Noted {
  const { device, sequence, hash, madeAtMs } = deed;
  const statement: Statement = { kind, network: RULES.network, body };
  const entry = { hash: fromHex(hash) } as Noted["said"]["entry"];
  const said = { device, sequence, madeAtMs, statement, bytes: encodeStatement(statement), entry };
  return { said, row: sequence, cameAtMs: madeAtMs, isVoid };
}

test("what the own detectors find is hidden here at once, and changes no votes", () => {
  const machine = new Machine();
  machine.burst("w");
  assert.equal(machine.of("w"), "local");
  assert.equal(machine.of("o1"), "none");
  const isBarred = machine.quarantines.isBarred(
    operatorNamed("w"),
    entryNamed("x"),
    ROUND + 1,
    machine.votes.tallyBefore,
  );
  assert.equal(isBarred, false);
});

test("nothing is found of the own operator, and a finding is over after some days", () => {
  const machine = new Machine("w");
  machine.burst("w");
  assert.equal(machine.of("w"), "none");
  const other = new Machine();
  other.burst("w");
  assert.equal(other.of("w", NOON + AGENT_LIMITS.findingMs), "local");
  assert.equal(other.of("w", NOON + AGENT_LIMITS.findingMs + 60_000), "none");
});

test("what was found is made a case, with evidence that others find again; not by all at once, and not twice", () => {
  const machine = new Machine();
  machine.burst("w");
  const { quarantines } = machine;
  quarantines.of(operatorNamed("w"), LATER);
  const [told, ...more] = quarantines.toSay(LATER + AGENT_LIMITS.caseSpreadMs);
  assert.ok(told && more.length === 0);
  assert.deepEqual([told.accused, told.detector, told.action], [operatorNamed("w"), "vote_burst", "quarantine"]);
  assert.deepEqual(readCase(encodeCase(told)), told);
  const starts = Array.from({ length: 30 }, (_, n) => {
    const one = new Machine(`m${n}`);
    one.burst("w");
    one.of("w");
    return one.quarantines.toSay(LATER + AGENT_LIMITS.caseSpreadMs / 2).length;
  });
  assert.deepEqual(new Set(starts), new Set([0, 1]));
  const said = saidCase("o1", LATER, told);
  quarantines.hear(said.noted, said.by);
  assert.deepEqual(quarantines.toSay(LATER + AGENT_LIMITS.caseSpreadMs), []);
  const [shown] = quarantines.cases(LATER);
  assert.deepEqual([shown?.evidenceState, shown?.state, shown?.level], ["holds", "local", "low"]);
});

test("a case of the own operator hides at once; his word that he takes back ends it, a later one begins it again", () => {
  const machine = new Machine();
  machine.say("me", NOON, "w");
  assert.equal(machine.of("w"), "local");
  assert.deepEqual(machine.states(), ["quarantine local"]);
  machine.say("me", NOON + 1, "w", { action: "reinstate" });
  assert.equal(machine.of("w"), "none");
  machine.say("me", NOON + 2, "w", { words: "Again." });
  assert.equal(machine.of("w"), "local");
});

test("his word also ends what the own detectors found, until they find something newer", () => {
  const machine = new Machine();
  machine.burst("w");
  machine.say("me", NOON + HOUR_MS, "w", { action: "reinstate" });
  assert.equal(machine.of("w"), "none");
  assert.deepEqual(machine.quarantines.toSay(LATER + AGENT_LIMITS.caseSpreadMs), []);
  machine.burst("w", LATER);
  assert.equal(machine.of("w", LATER + HOUR_MS), "local");
});

test("a case of somebody else hides nobody before it is decided", () => {
  const machine = new Machine();
  const said = machine.say("o1", NOON, "w");
  assert.equal(machine.of("w"), "none");
  assert.deepEqual(machine.states(), ["quarantine voting"]);
  machine.decide(said);
  assert.equal(machine.of("w"), "none", "the round is not over");
  assert.equal(machine.of("w", NEXT), "network");
  assert.deepEqual(machine.states(NEXT), ["quarantine network"]);
});

test("who is in quarantine has no vote about entries from then on, and has one about cases", () => {
  const machine = new Machine();
  const said = machine.say("o1", NOON, "w");
  machine.decide(said);
  const other = machine.say("o2", NOON, "x");
  const { quarantines, votes } = machine;
  const isBarred = (subject: typeof said.id | ReturnType<typeof entryNamed>, round: number) =>
    quarantines.isBarred(operatorNamed("w"), subject, round, votes.tallyBefore);
  assert.deepEqual([isBarred(entryNamed("x"), ROUND), isBarred(entryNamed("x"), ROUND + 1)], [false, true]);
  assert.equal(isBarred(other.id, ROUND + 1), false);
  assert.ok(quarantines.isCase(other.id) && !quarantines.isCase(entryNamed("x")));
});

test("a later case takes him back, here as well", () => {
  const machine = new Machine();
  machine.burst("w");
  const said = machine.say("o1", NOON + HOUR_MS, "w");
  machine.decide(said);
  const back = machine.say("o2", NEXT + 1, "w", { action: "reinstate" });
  machine.decide(back, ROUND + 1);
  const then = windowsOf(RULES, ROUND + 2).startMs;
  assert.equal(machine.of("w", NEXT + 2), "network");
  assert.equal(machine.of("w", then), "none");
  assert.deepEqual(machine.states(then), ["reinstate lifted", "quarantine lifted"]);
});

test("cases that are rejected, over, or whose evidence fails are shown as such", () => {
  const machine = new Machine();
  const [evidence] = [[{ device: machine.logs.commit("w", NOON, "x").device, sequence: 1, hash: "ab".repeat(32) }]];
  machine.say("o1", NOON, "w", { evidence });
  const rejected = machine.say("o2", NOON + 1, "x");
  machine.votes.castAbout(rejected.id, { against: "o1 o3 o4 me" });
  machine.say("o3", NOON + 2, "y");
  assert.deepEqual(machine.states(NEXT), ["quarantine voting", "quarantine rejected", "quarantine rejected"]);
  assert.deepEqual(
    machine.quarantines.cases(NEXT).map(({ evidenceState }) => evidenceState),
    ["holds", "holds", "fails"],
  );
  const over = windowsOf(RULES, ROUND + AGENT_LIMITS.caseRounds).startMs;
  assert.deepEqual(machine.states(over)[0], "quarantine rejected");
  machine.quarantines.sweep(windowsOf(RULES, ROUND + 2 * AGENT_LIMITS.caseRounds).startMs);
  assert.deepEqual(machine.states(over), []);
});

test("what was found by votes is no finding any more once a later round votes otherwise", () => {
  const machine = new Machine();
  for (let n = 0; n < 4; n++) {
    const entry = entryWith({ operator: operatorNamed("bad"), content: `${n}` });
    const deed = machine.logs.say("bad", NOON + n, {
      kind: "entry",
      entry: idOf(entry, RULES.network),
      domain: "rust",
    });
    const votes = machine.votes.castAbout(idOf(entry, RULES.network), { against: "a b c d" }, ROUND - 1);
    votes.castAbout(idOf(entry, RULES.network), { for: "a b c d e" }, ROUND);
    machine.quarantines.hear(notedAs(deed, "entry", encodeKnowledgeEntry(entry)), operatorNamed("bad"));
  }
  assert.equal(machine.of("bad"), "local");
  assert.equal(machine.of("bad", NEXT), "none");
});
