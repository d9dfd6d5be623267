/**
 * What the local API of `nocturne-agent` says and takes: JSON over http://127.0.0.1:9091, for programs of this machine that have the
 * token. Types only.
 *
 *   GET    /local/health                 AgentHealth
 *   GET    /local/peers                  AgentPeer[]
 *   GET    /local/knowledge              EntryView[]         ?domain &query &min_confidence &level &limit
 *   POST   /local/knowledge              ContributionInput -> { id }
 *   GET    /local/knowledge/{id}         EntryView
 *   DELETE /local/knowledge/{id}         {}
 *   POST   /local/knowledge/vote         VoteInput -> VoteView
 *   GET    /local/knowledge/tally        TallyView           ?entry
 *   GET    /local/votes                  VoteView[]          votes under way
 *   GET    /local/compute                TaskView[]          ?types &domains, each several times
 *   POST   /local/compute/claim          { task } -> TaskView
 *   POST   /local/compute/{id}/result    ResultInput -> TaskView
 *   POST   /local/compute/{id}/check     CheckInput -> TaskView
 *   GET    /local/compute/jobs           JobView[]
 *   POST   /local/compute/jobs           JobInput -> JobView
 *   GET    /local/awareness              AwarenessView
 *   POST   /local/awareness              SynthesisInput -> { id }
 *   GET    /local/quarantine             CaseView[]
 *   POST   /local/quarantine             QuarantineInput -> CaseView
 *   GET    /local/messages               AgentMessage[]      ?with &after
 *   POST   /local/messages               { to, text } -> AgentMessage
 *   POST   /local/papers                 PaperInput -> {}
 *   POST   /local/stop                   {}                  the agent ends
 *
 * Ids and keys are hex. What is marked as of others is text of strangers: whoever shows it marks it as such. Errors are those of the
 * app: ApiError, with a stable code.
 */

export interface AgentHealth {
  readonly version: string;
  readonly network: string;
  readonly networkName: string;
  readonly operator: string;
  readonly device: string;
  readonly isEnrolled: boolean;
  /** Others know more of this agent's log than its own disk: it says nothing any more. */
  readonly isBehind: boolean;
  readonly neighbours: number;
  readonly logs: number;
  /** Devices that are proven to keep two histories. */
  readonly forked: readonly string[];
  readonly addresses: readonly string[];
  readonly round: number;
  readonly window: "commit" | "reveal";
  readonly windowEndsMs: number;
  /** What it gave for jobs of others since it was started; null where it runs none. */
  readonly spent: { readonly jobs: number; readonly fuel: number; readonly ms: number } | null;
  /** Null where it sends and takes no messages. `refused`: from whom nobody vouches for, since it was started. */
  readonly messages: { readonly refused: number } | null;
}

export interface AgentPeer {
  readonly operator: string;
  /** As those who endorsed him call him; null in the genesis. Text of others. */
  readonly label: string | null;
  readonly devices: readonly string[];
  /** 0 in the genesis. */
  readonly depth: number;
  /** Operators who hold him up. */
  readonly endorsers: readonly string[];
  /** 1 to 4, with which he votes. */
  readonly weight: number;
  readonly verified: number;
  /** 0 to 1. */
  readonly accuracy: number;
  readonly quarantine: "none" | "local" | "network";
  readonly isSelf: boolean;
}

/** Signed by operators; said to all by the agent, if it is one of its network. */
export interface PaperInput {
  readonly kind: "enrolment" | "revocation";
  /** Hex. */
  readonly paper: string;
}

export type EntryTypeName = "observation" | "synthesis" | "correction" | "prediction";
export type EntryLevelName = "rejected" | "low" | "medium" | "high";

export interface EntryView {
  readonly id: string;
  readonly operator: string;
  readonly type: EntryTypeName;
  readonly domain: string;
  /** Text of others, as all words of an entry. */
  readonly content: string;
  readonly tags: readonly string[];
  /** An entry's id, or words. */
  readonly sources: readonly string[];
  readonly supersedes: readonly string[];
  readonly supersededBy: string | null;
  /** What the operator says of it himself, 0 to 1. */
  readonly confidence: number;
  /** What votes made of it. */
  readonly level: EntryLevelName;
  readonly madeAtMs: number;
  readonly endsAtMs: number | null;
  /** Of one query only; null outside of queries. */
  readonly score: number | null;
}

export interface ContributionInput {
  readonly domain: string;
  readonly content: string;
  readonly type?: EntryTypeName | undefined;
  /** 0 to 1; 0.5 without. */
  readonly confidence?: number | undefined;
  /** 64 hex digits are an entry's id, anything else is words. */
  readonly sources?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly supersedes?: readonly string[] | undefined;
  /** Seconds; without end where it is missing. */
  readonly ttl?: number | undefined;
}

export interface VoteInput {
  readonly entry: string;
  readonly vote: 1 | -1;
  readonly reason?: string | undefined;
}

/** A vote of this agent, or a subject on which others vote. */
export interface VoteView {
  readonly subject: string;
  readonly kind: "entry" | "case";
  /** How this agent votes; null if it does not. */
  readonly own: 1 | -1 | null;
  readonly state: "waiting" | "committed" | "revealed";
  readonly round: number;
  readonly windowEndsMs: number;
}

export interface TallyView {
  readonly subject: string;
  readonly round: number;
  readonly level: EntryLevelName;
  /** Sums of weights, in thousandths. */
  readonly for: number;
  readonly against: number;
  readonly votes: readonly {
    readonly operator: string;
    readonly side: "none" | "for" | "against";
    readonly weight: number;
  }[];
  /** Of the tally's bytes: equal wherever it is counted. */
  readonly sha256: string;
}

export type TaskTypeName = "synthesize" | "verify" | "consolidate" | "reflect" | "fill_gap" | "compute";

export interface TaskView {
  readonly id: string;
  readonly type: TaskTypeName;
  readonly domain: string | null;
  /** Why there is this task, in words of this program. */
  readonly reason: string;
  readonly entries: readonly string[];
  readonly state: "open" | "leased" | "done" | "checked" | "disputed";
  readonly lease: { readonly operator: string; readonly untilMs: number } | null;
  readonly result: {
    readonly id: string;
    readonly operator: string;
    readonly entry: string | null;
    readonly note: string;
  } | null;
  readonly checks: readonly { readonly operator: string; readonly isRight: boolean; readonly note: string }[];
}

/** An entry that does the task, or words why nothing is to be done. */
export interface ResultInput {
  readonly entry?: string | undefined;
  readonly note?: string | undefined;
}

export interface CheckInput {
  readonly isRight: boolean;
  readonly note?: string | undefined;
}

/** A deterministic program that several operators run. */
export interface JobInput {
  /** JavaScript: a module that exports `default function (input)`, input and answer as JSON. */
  readonly program: string;
  readonly input: unknown;
  /** Of so many operators ... */
  readonly replicas?: number | undefined;
  /** ... so many must agree. */
  readonly agree?: number | undefined;
  readonly fuel?: number | undefined;
}

export interface JobView {
  readonly id: string;
  readonly operator: string;
  readonly madeAtMs: number;
  readonly replicas: number;
  readonly agree: number;
  readonly fuelLimit: number;
  readonly state: "open" | "agreed" | "disputed" | "expired";
  /** JSON text that was agreed upon; text of others. */
  readonly output: string | null;
  readonly results: readonly {
    readonly operator: string;
    readonly sha256: string;
    readonly fuel: number;
    readonly isFailure: boolean;
  }[];
}

export interface AwarenessView {
  /** Equal wherever it is computed from equal logs. */
  readonly sha256: string;
  readonly atMs: number;
  readonly domains: readonly {
    readonly domain: string;
    readonly entries: number;
    readonly high: number;
    readonly operators: number;
    readonly newestMs: number;
  }[];
  readonly gaps: readonly { readonly domain: string; readonly reason: string }[];
  readonly conflicts: readonly {
    readonly domain: string;
    readonly entries: readonly string[];
    readonly reason: string;
  }[];
  readonly activity: readonly { readonly operator: string; readonly entries: number; readonly votes: number }[];
  /** The newest that cites what is known; text of others. */
  readonly synthesis: EntryView | null;
}

/** What somebody says about the whole, citing entries. */
export interface SynthesisInput {
  readonly content: string;
  readonly cites: readonly string[];
  /** The digest that it is about; the present one without. */
  readonly snapshot?: string | undefined;
}

/** A statement in a log; null where it is not here yet. */
export interface EvidenceView {
  readonly device: string;
  readonly sequence: number;
  readonly madeAtMs: number | null;
  readonly kind: string | null;
}

export interface CaseView {
  readonly id: string;
  readonly accused: string;
  readonly action: "quarantine" | "reinstate";
  readonly detector: "vote_burst" | "domain_flood" | "coordinated_timing" | "accuracy_drop" | "mirroring" | "operator";
  readonly words: string;
  readonly madeAtMs: number;
  readonly by: string;
  /** What was signed by the accused, so that anybody can check it. */
  readonly evidence: readonly EvidenceView[];
  /** `fails`: it does not show what is said; `missing`: some of it is not here yet. */
  readonly evidenceState: "holds" | "fails" | "missing";
  readonly level: EntryLevelName;
  readonly state: "local" | "voting" | "network" | "rejected" | "lifted";
}

export interface QuarantineInput {
  readonly operator: string;
  readonly action: "quarantine" | "reinstate";
  readonly words: string;
}

export interface AgentMessage {
  readonly id: string;
  readonly with: string;
  readonly isOwn: boolean;
  /** Text of others, unless it is your own. */
  readonly text: string;
  readonly atMs: number;
  readonly state: "waiting" | "sent" | "received";
}
