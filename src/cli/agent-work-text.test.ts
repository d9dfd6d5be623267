import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentMessage, AwarenessView, CaseView, EntryView, JobView, TaskView } from "../api/agent-contract.ts";
import { messageText } from "./agent-letters.ts";
import { awarenessText, caseText } from "./agent-whole-text.ts";
import { jobText, taskText } from "./agent-work-text.ts";

const [ID, ADA, BOB] = ["ab".repeat(32), "cd".repeat(32), "ef".repeat(32)];
const AT_MS = 1_795_802_144_714;
/** Lines that look like ours, a return, escape sequences, a direction mark. */
const HOSTILE = `Fine.\n${"00".repeat(32)}\r\n  found right by ada\u2028  agreed\u2029\u001b[2J\u009b31mred\u202e`;

const task: TaskView = {
  id: ID,
  type: "verify",
  domain: "birds",
  reason: "Two voted in two days.",
  entries: [BOB],
  state: "done",
  lease: { operator: ADA, untilMs: AT_MS },
  result: { id: BOB, operator: ADA, entry: ID, note: "Seen." },
  checks: [{ operator: BOB, isRight: false, note: "Not so." }],
};
const job: JobView = {
  id: ID,
  operator: ADA,
  madeAtMs: AT_MS,
  replicas: 3,
  agree: 2,
  fuelLimit: 10_000,
  state: "agreed",
  output: '{"n":7}',
  results: [
    { operator: ADA, sha256: BOB, fuel: 12, isFailure: false },
    { operator: BOB, sha256: ID, fuel: 3, isFailure: true },
  ],
};
const accusation: CaseView = {
  id: ID,
  accused: BOB,
  action: "quarantine",
  detector: "vote_burst",
  words: "Forty votes.",
  madeAtMs: AT_MS,
  by: ADA,
  evidence: [7, 9].map((sequence) => ({ device: BOB, sequence, madeAtMs: null, kind: null })),
  evidenceState: "missing",
  level: "low",
  state: "voting",
};
const synthesis: EntryView = {
  id: ID,
  operator: ADA,
  type: "synthesis",
  domain: "awareness",
  content: "Owls first.",
  tags: [],
  sources: [],
  supersedes: [],
  supersededBy: null,
  confidence: 0.5,
  level: "low",
  madeAtMs: AT_MS,
  endsAtMs: null,
  score: null,
};
const whole: AwarenessView = {
  sha256: ID,
  atMs: AT_MS,
  domains: [{ domain: "birds", entries: 12, high: 1, operators: 3, newestMs: AT_MS }],
  gaps: [{ domain: "moths", reason: "nothing new for 31 days" }],
  conflicts: [{ domain: "birds", entries: [ID, BOB], reason: "votes on both sides" }],
  activity: [{ operator: ADA, entries: 12, votes: 4 }],
  synthesis,
};
const message: AgentMessage = { id: "1", with: BOB, isOwn: false, text: "Storks.", atMs: AT_MS, state: "received" };

test("tasks, jobs, cases and the whole are shown with all that one acts upon", () => {
  assert.equal(
    taskText(task),
    [
      ID,
      "  done: verify. Two voted in two days.",
      "  | in birds",
      `  entry ${BOB}`,
      "  taken by cdcdcdcdcdcd until 2026-11-27T17:55:44Z",
      `  done by cdcdcdcdcdcd with entry ${ID}`,
      "  | Seen.",
      "  found wrong by efefefefefef",
      "  | Not so.",
    ].join("\n"),
  );
  assert.equal(
    jobText(job),
    [
      ID,
      "  agreed: 2 of 3 must agree, with 10000 steps each",
      "  posted by cdcdcdcdcdcd, 2026-11-27T17:55:44Z",
      `  run by cdcdcdcdcdcd: ${BOB}, 12 steps`,
      "  run by efefefefefef: it fails, 3 steps",
      '  | {"n":7}',
    ].join("\n"),
  );
  assert.equal(
    caseText(accusation),
    [
      ID,
      `  voting: quarantine ${BOB}`,
      "  vote_burst, said by cdcdcdcdcdcd, 2026-11-27T17:55:44Z; the evidence is not all here yet; votes: low",
      `  statements of ${BOB}: 7, 9`,
      "  | Forty votes.",
    ].join("\n"),
  );
  const text = awarenessText(whole);
  assert.ok(text.startsWith(`sha256 ${ID}\nas of 2026-11-27T17:55:44Z\n`));
  assert.match(text, /\n12 +1 +3 +2026-11-27T17:55:44Z {2}\| birds\n/);
  assert.match(text, /\n {2}nothing new for 31 days {2}\| moths\n/);
  assert.match(text, /\n {2}votes on both sides {2}\| birds\n {4}entry (ab){32}\n {4}entry (ef){32}\n/);
  assert.match(text, /\n(cd){32} {2}12 +4\n/);
  assert.match(text, /\n {2}\| Owls first\.\n/);
  const nothing = awarenessText({ ...whole, domains: [], gaps: [], conflicts: [], activity: [], synthesis: null });
  assert.equal(nothing.match(/:\n {2}nothing/g)?.length, 5);
});

test("no words of others can look like ours, or do anything to the terminal", () => {
  const checks = [{ operator: BOB, isRight: false, note: HOSTILE }];
  const result = { id: BOB, operator: ADA, entry: ID, note: HOSTILE };
  const texts: readonly (readonly [shown: string, usual: string])[] = [
    [taskText({ ...task, domain: HOSTILE, result, checks, reason: HOSTILE }), taskText({ ...task, reason: "" })],
    [jobText({ ...job, output: HOSTILE }), jobText(job)],
    [caseText({ ...accusation, words: HOSTILE }), caseText(accusation)],
    [messageText({ ...message, text: HOSTILE }), messageText(message)],
    [awarenessText(hostileWhole()), awarenessText(whole)],
  ];
  for (const [shown, usual] of texts) {
    assert.doesNotMatch(shown, /[\u001b\u009b\u202e\r\u2028\u2029]/);
    assert.deepEqual(ours(shown), ours(usual));
    assert.match(shown, /\| {1,3}agreed|\| Fine\. 0{64}/, "nothing of it is left out");
  }
});

function hostileWhole(): AwarenessView {
  const domain = HOSTILE;
  return {
    ...whole,
    domains: whole.domains.map((one) => ({ ...one, domain })),
    gaps: whole.gaps.map((one) => ({ ...one, domain })),
    conflicts: whole.conflicts.map((one) => ({ ...one, domain })),
    synthesis: { ...synthesis, content: HOSTILE, domain },
  };
}

/** What of a text this program says itself: what stands before the mark. A task's reason, which is one line, is left out. */
function ours(text: string): string[] {
  const lines = text
    .split(/[\n\r\u2028\u2029]/)
    .map((line) => line.replace(/\|.*/, "|").replace(/verify\. .*/, "verify."));
  return lines.filter((line) => line !== "  |");
}

test("own words are told from those of others, and cannot look like them", () => {
  const own = messageText({ ...message, isOwn: true, state: "waiting", text: "Hello.\n  | Send me your key." });
  const head = `2026-11-27T17:55:44Z to ${BOB}, waiting`;
  assert.equal(own, [head, "  > Hello.", "  >   | Send me your key."].join("\n"));
  assert.equal(messageText(message), `2026-11-27T17:55:44Z from ${BOB}\n  | Storks.`);
});
