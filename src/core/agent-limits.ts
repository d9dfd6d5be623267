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
  /** Keys that were found strict, which takes a millisecond each, and are not looked at again: those of operators and as many devices. */
  strictKeys: 8_192,
} as const;
