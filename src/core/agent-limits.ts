/** Bounds of the agent mesh; see `limits.ts`. */

export const AGENT_LIMITS = {
  /** Of a genesis: fewer could not endorse anybody, and each is held by every device. */
  genesisLeast: 3,
  genesisMost: 64,
  /** Endorsements that a newcomer needs, and that one enrolment carries. */
  endorsements: 3,
  enrolmentPapers: 8,
  /** Steps from the genesis. */
  depth: 3,
  /** Operators who revoke another. */
  revocations: 3,
  /** Devices of one operator with a certificate that is valid; endorsements allow fewer. */
  devices: 64,
  /** Operators and papers that a device keeps. */
  operators: 4_096,
  papers: 65_536,
  /** That count of those in one log. */
  papersOfALog: 256,
  /** Names of networks, operators and devices, notes and reasons. */
  labelBytes: 64,
  noteBytes: 255,
  /** A paper is valid so long at most. */
  paperMs: 34_560_000_000, // 400 days
  /** Shortest and longest windows of votes. */
  windowLeastS: 1,
  windowMostS: 2_592_000, // 30 days
  /** Of an entry's domain, content, tags and sources. */
  domainBytes: 64,
  contentBytes: 8_192, // 8 KiB
  tags: 16,
  tagBytes: 32,
  sources: 16,
  sourceBytes: 512,
  supersedes: 8,
  /** What a device says in a minute by the times of its own log: more counts for nothing. */
  papersAMinute: 20,
  entriesAMinute: 10,
  votesAMinute: 20,
  claimsAMinute: 5,
  workAMinute: 20,
  casesAMinute: 2,
  /** Logs of devices that are kept, and the length of one. */
  logs: 8_192,
  logEntries: 1_000_000,
  /** What a device wants to say, and waits for the disk. */
  sayQueue: 1_024,
  /** A neighbour is asked so often what it has, and sooner where something is missing. */
  syncMs: 5_000,
  hurryMs: 200,
  /** Of one answer, and answers that are asked for in one round. */
  syncBytes: 262_144, // 256 KiB
  syncPages: 256,
  /** Logs that nobody knows yet, begun in one round. */
  newLogs: 64,
  /** Logs and neighbours that are left alone after something was wrong with them. */
  rests: 4_096,
  /** So often an agent looks whether its log says how to write to it. */
  contactEachMs: 2_000,
  /** Messages whose signatures are checked in a second. */
  messagesASecond: 200,
  /** So often an agent looks whether it is time to vote, and what became of votes. */
  tickMs: 500,
  /** So long an agent that starts waits for somebody who knows its own log, before it says anything. */
  ownLogMs: 5_000,
  /** Clocks may differ by so much: what was said later than this from now is taken when it is time. */
  clockSkewMs: 300_000, // 5 min
  /** Of a statement. With its entry in the log it fits into one message of gossip. */
  statementBytes: 15_000,
  /** An agent commits no later than so long before the window ends, or a quarter of a shorter one: others must hear of it in time. */
  commitMarginMs: 60_000,
  /** Commitments that a reveal names as seen. */
  seen: 64,
  /** Entries that a query gives. */
  queryLimit: 100,
  /** Words of a query that are looked for. */
  queryWords: 16,
  queryBytes: 512,
  /** Matches of words, and entries without words, that a query looks at: those that stand highest and are newest. So what is everywhere costs no more. */
  queryMatches: 2_048,
  queryEntries: 16_384,
  /** Of these, the ones that it ranks. */
  queryCandidates: 256,
  /** Words of which a query wants all first; of more, which are a sentence, the rarest say what is wanted. */
  queryAllWords: 4,
  /** Words that a query's last word is taken as the beginning of, and characters that such a beginning has at least. */
  queryEndings: 4,
  queryEndingLeast: 3,
  /** Entries of an index, some 500 MB of usual ones; then the operator who has most loses his lowest. */
  entries: 250_000,
  /** Withdrawals that are remembered, for entries that come after them. */
  withdrawals: 250_000,
  /** What programs of this machine ask the agent for in a minute: by words, and by id. */
  queriesAMinute: 60,
  findsAMinute: 120,
  /** Places where an agent collects messages, and the address of one. */
  contactRelays: 4,
  contactRelayBytes: 255,
  /** Who wrote and whom nobody vouches for yet: so many wait, so long, for their contact to come with the logs. */
  strangers: 32,
  strangerMs: 600_000, // 10 min
  /** So often it is looked whether they have waited long enough. */
  strangersEachMs: 60_000,
  /** Messages with one other agent that are kept: the newest. Beyond them the oldest go, so many at a time. */
  messagesKept: 100,
  messagesForgotten: 20,
  /** Of an answer that a program of this machine takes from the agent: a hundred long entries, and how long it waits. */
  localAnswerBytes: 8_388_608, // 8 MiB
  localAnswerMs: 10_000,
  /** A task comes of more observations of a domain than this that no synthesis has as a source; of more entries under one heading; of fewer votes, so long after an entry was made; of so long without a word about the whole. */
  unmerged: 10,
  overlapping: 5,
  verifyVotes: 3,
  verifyAfterMs: 172_800_000, // 48 h
  reflectMs: 21_600_000, // 6 h
  /** The newest entries, of which tasks come; tasks of one type, and entries that one names. */
  recentEntries: 16_384,
  tasksOfAType: 64,
  /** Tasks that are over, and can still be said to be done by whoever saw them. */
  tasksSeen: 1_024,
  taskEntries: 32,
  /** A task that was done is shown so long. */
  taskShownMs: 604_800_000, // 7 days
  /** Questions without an answer that this machine remembers, and how long. */
  gaps: 64,
  gapMs: 604_800_000, // 7 days
  /** So long somebody's word that he works on something counts; and an attempt at a job is as long. */
  leaseMs: 3_600_000, // 1 h
  /** Operators who find a result wrong before its operator has to wait: one could be an enemy. */
  wrongChecks: 2,
  /** How long he waits after one wrong result, two, three, and more. */
  backOffOnceMs: 60_000,
  backOffTwiceMs: 300_000,
  backOffThriceMs: 1_800_000,
  backOffLongMs: 86_400_000,
  /** The newest of each that one operator has in memory: more costs nobody else anything. An answer has some 4 KiB, a job three times that. */
  leasesOfAnOperator: 512,
  resultsOfAnOperator: 1_024,
  checksOfAnOperator: 1_024,
  jobsOfAnOperator: 32,
  answersOfAnOperator: 64,
  /** Of a job; all together fits into a statement. */
  jobProgramBytes: 8_192,
  jobInputBytes: 4_096,
  jobOutputBytes: 4_096,
  jobReplicas: 16,
  jobAttempts: 3,
  /** Steps of 10,000 calls and jumps back: five seconds of empty loops, half a minute of others. */
  jobFuel: 50_000,
  /** Memory and stack of the interpreter that runs it. */
  jobMemoryBytes: 50_331_648, // 48 MiB
  jobStackBytes: 262_144, // 256 KiB
  /** A program that takes longer on this machine is ended, and nothing is said of it. */
  jobMs: 120_000, // 2 min
  /** Arrays and objects inside each other. */
  jsonDepth: 64,
  /** Commitments that an answer names as seen: twice as many as count. */
  answerSeen: 32,
  /** Of a digest: domains, gaps of each reason, conflicts and operators. Where there are more, one operator alone fills no more than his share of gaps and of conflicts. */
  digestDomains: 256,
  digestGaps: 64,
  digestConflicts: 128,
  digestOperators: 256,
  digestShare: 8,
  /** A domain is a gap if its newest entry is older than this, or if so many entries of it are of one operator alone. */
  digestOldMs: 2_592_000_000, // 30 days
  digestAlone: 3,
  /** What operators did in this time before the digest is their activity. */
  digestActiveMs: 604_800_000, // 7 days
  /** A digest that was counted is given again for so long; so many are known by their names. */
  digestFreshMs: 5_000,
  digestsKnown: 256,
  /** The newest entries of an operator that digests are counted from, and as many withdrawals; the newest syntheses that are looked at. */
  awareEntries: 4_096,
  syntheses: 16,
  /** Entries of one operator in one domain in an hour: more is a flood. */
  floodEntries: 50,
  /** Two operators who commit within so long of each other, about so many subjects, each time against everybody else, move together. Not in the first part of a window, when agents commit to what waited. */
  togetherMs: 2_000,
  togetherSubjects: 8,
  openingMs: 3_600_000, // 1 h
  /** More than this share, in percent, of at least so many votes against the entries of an operator, about at least so many, by at least so many others. */
  downPercent: 60,
  downVotes: 12,
  downEntries: 4,
  downVoters: 4,
  /** More than this share, in percent, of at least so many votes follow those of one who stood against everybody else. */
  mirrorPercent: 90,
  mirrorVotes: 10,
  /** The newest doings of an operator that are watched, how often, and how long a finding counts. */
  deedsOfAnOperator: 1_024,
  watchMs: 60_000,
  findingMs: 604_800_000, // 7 days
  /** Agents that find the same wait for different parts of this before they make it a case. */
  caseSpreadMs: 600_000,
  /** Statements that a case names, and those between them that are looked at. */
  caseEvidence: 64,
  caseStretch: 4_096,
  /** Rounds in which a case can be decided, and cases that one log has in them. */
  caseRounds: 20,
  casesOfALog: 8,
  /** A case is decided by three operators or more on its side, who are more than a third of all, or so many. */
  caseVoters: 3,
  caseQuorum: 16,
  /** Keys that were found strict, which takes a millisecond each, and are not looked at again: those of operators and as many devices. */
  strictKeys: 8_192,
} as const;

/** `nocturne-mesh`, which gives programs of this machine the agent as tools (MCP). */
export const MCP_LIMITS = {
  /** Entries that a query gives if nothing else is said. */
  queryLimit: 20,
  /** Words of others in one answer: a language model reads all of it. What is beyond is left out, and said to be. */
  answerBytes: 65_536, // 64 KiB
  /** Of a call over HTTP: one entry with all its sources, each sign escaped. */
  requestBytes: 262_144, // 256 KiB
  connections: 64,
  subscriptions: 8,
  /** So long a call waits for an agent that is not there: while it starts, or comes back. */
  waitMs: 30_000,
  /** An agent that was there comes back by itself, if somebody starts it again; after so long it is started. */
  returnMs: 2_000,
  pollMs: 100,
  /** Digests that are kept to be compared with later ones, and the longest. */
  snapshots: 64,
  snapshotBytes: 1_048_576, // 1 MiB
  /** Domains, gaps, conflicts and operators of a digest that an answer names, each. */
  digestItems: 100,
  /** Domains of which a reflection looks up what stands best, and entries of each. */
  citedDomains: 8,
  citesOfADomain: 3,
  /** Open tasks that others may have taken before one is got. */
  claims: 3,
} as const;
