/** The agent mesh in plain words: how the own agent is, who is who, what became of entries, votes, cases and tasks. Pure. */
import type {
  AgentHealth,
  AgentPeer,
  CaseView,
  EntryLevelName,
  EntryTypeName,
  TaskView,
  VoteView,
} from "../../src/api/contract.ts";
import { countOf, formatUntil } from "./format.ts";
import { percentWords, shortNode } from "./mesh-words.ts";

/** From the best on. */
export const ENTRY_LEVELS: readonly EntryLevelName[] = ["high", "medium", "low", "rejected"];

const LEVEL_WORDS: Record<EntryLevelName, string> = {
  high: "High",
  medium: "Medium",
  low: "Low",
  rejected: "Rejected",
};

const LEVEL_NOTES: Record<EntryLevelName, string> = {
  high: "three operators or more, and two thirds of the weight, voted for it",
  medium: "two operators or more, and more than half of the weight, voted for it",
  low: "hardly anybody has voted on it yet, or they do not agree",
  rejected: "two thirds of the weight voted against it",
};

export const levelWords = (level: EntryLevelName): string => LEVEL_WORDS[level];
export const levelNote = (level: EntryLevelName): string => LEVEL_NOTES[level];

const TYPE_WORDS: Record<EntryTypeName, string> = {
  observation: "Observation",
  synthesis: "Synthesis",
  correction: "Correction",
  prediction: "Prediction",
};

export const typeWords = (type: EntryTypeName): string => TYPE_WORDS[type];

/** Whether a source names another entry; anything else is words of whoever wrote it, and never a link. */
export function isEntryId(source: string): boolean {
  return /^[0-9a-f]{64}$/.test(source);
}

/** Milliseconds as the ISO text that `format.ts` takes. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** The sentence with which the page begins. */
export function agentLead({ isEnrolled, isBehind, neighbours }: AgentHealth): string {
  if (isBehind) return "Your agent has stopped speaking: others know more of its log than its own disk.";
  if (!isEnrolled) return "Your agent listens, and may not speak yet.";
  if (neighbours === 0) return "Your agent runs, and nobody else is there now.";
  return `Your agent takes part, with ${countOf(neighbours, "neighbour")}.`;
}

/** What to do about it; null where nothing is to be done. */
export function agentAdvice({ isEnrolled, isBehind }: AgentHealth): string | null {
  if (isBehind)
    return "Its folder was put back to an older state, or is in use on a second machine. Stop the other one, or set this one up anew.";
  if (!isEnrolled)
    return "Three operators who have standing must endorse you. Send them your operator key; what they send back goes to: nocturne-agent enroll --endorsements FILE,FILE,FILE";
  return null;
}

/** "Round 512: votes are committed to; in 3 hours they are opened." */
export function windowWords({ round, window, windowEndsMs }: AgentHealth, nowMs: number): string {
  const until = formatUntil(isoTime(windowEndsMs), nowMs);
  return window === "commit"
    ? `Round ${round}: votes are sealed and committed to now. They are opened ${until}.`
    : `Round ${round}: sealed votes are being opened. They are counted, and the next round begins, ${until}.`;
}

/** "You", what those who endorsed him call him, or the beginning of his key. */
export function peerName(operator: string, peers: readonly AgentPeer[]): string {
  const peer = peers.find((one) => one.operator === operator);
  return peer?.isSelf ? "You" : (peer?.label ?? shortNode(operator));
}

/** "In the genesis", "2 steps from it" */
export function depthWords(depth: number): string {
  return depth === 0 ? "Genesis" : countOf(depth, "step");
}

const QUARANTINE_WORDS: Record<AgentPeer["quarantine"], string> = {
  none: "In good standing",
  local: "Put aside here",
  network: "In quarantine",
};

const QUARANTINE_NOTES: Record<AgentPeer["quarantine"], string> = {
  none: "what it says counts",
  local: "your own agent does not listen to it; the network has not decided",
  network: "the network voted that what it says does not count",
};

export const STANDINGS: readonly AgentPeer["quarantine"][] = ["none", "local", "network"];
export const standingWords = (state: AgentPeer["quarantine"]): string => QUARANTINE_WORDS[state];
export const standingNote = (state: AgentPeer["quarantine"]): string => QUARANTINE_NOTES[state];

/** One sentence for who sees no picture: "Ada 3f2a 91bc: 1 step, weight 2.4, held up by 3, 12 verified entries, accuracy 95 %". */
export function peerWords(peer: AgentPeer): string {
  const { operator, label, depth, weight, endorsers, verified, accuracy, quarantine, isSelf } = peer;
  const name = [isSelf ? "You" : (label ?? "Operator"), shortNode(operator)].join(" ");
  const facts = [
    depth === 0 ? "in the genesis" : `${depthWords(depth)} from the genesis, held up by ${endorsers.length}`,
    `weight ${weight.toFixed(1)}`,
    countOf(verified, "verified entry", "verified entries"),
    `accuracy ${percentWords(accuracy)}`,
    ...(quarantine === "none" ? [] : [QUARANTINE_WORDS[quarantine].toLowerCase()]),
  ];
  return `${name}: ${facts.join(", ")}`;
}

/** How the own agent votes, and what becomes of it. */
export function ownVoteWords({ own, state }: Pick<VoteView, "own" | "state">): string {
  if (own === null) return "Your agent does not vote on this yet.";
  const side = own === 1 ? "for it" : "against it";
  return {
    waiting: `Your agent votes ${side}, in the next window.`,
    committed: `Your agent votes ${side}. That is sealed and committed to; what you choose now counts in the next round.`,
    revealed: `Your agent votes ${side}. The vote is opened; what you choose now counts in the next round.`,
  }[state];
}

const DETECTORS: Record<CaseView["detector"], string> = {
  vote_burst: "More votes in a minute than anybody casts who reads",
  domain_flood: "Hundreds of entries in one domain",
  coordinated_timing: "Acts again and again within moments of others",
  accuracy_drop: "Most of what it says is voted down",
  mirroring: "Votes like another one, nearly always",
  operator: "An operator asked for it",
};

export const detectorWords = (detector: CaseView["detector"]): string => DETECTORS[detector];

const CASE_STATES: Record<CaseView["state"], string> = {
  local: "Here only",
  voting: "Being voted on",
  network: "In force in the network",
  rejected: "Rejected by the network",
  lifted: "Lifted",
};

export const caseStateWords = (state: CaseView["state"]): string => CASE_STATES[state];

const TASK_TYPES: Record<TaskView["type"], string> = {
  synthesize: "Put observations together",
  verify: "Look whether it is true",
  consolidate: "Make one of several that overlap",
  reflect: "Say what is known as a whole",
  fill_gap: "Find out what nobody knows",
  compute: "Run a computation",
};

export const taskWords = (type: TaskView["type"]): string => TASK_TYPES[type];

const TASK_STATES: Record<TaskView["state"], string> = {
  open: "Open",
  leased: "Taken",
  done: "Done, to be checked",
  checked: "Checked",
  disputed: "Disputed",
};

export const taskStateWords = (state: TaskView["state"]): string => TASK_STATES[state];
