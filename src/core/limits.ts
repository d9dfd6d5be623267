/**
 * Every bound in one place: what may be how large, how many and how old. Each line carries its unit
 * in the name and its reason. `docs/limits.md` is generated from this file.
 */

/** What the embedded relay accepts from a stranger. */
export const RELAY_LIMITS = {
  /** One frame: an event of `eventBytes` and its JSON envelope. */
  frameBytes: 131_072, // 128 KiB
  /** The serialised event; the limit most relays share (strfry's default). */
  eventBytes: 65_536, // 64 KiB
  tagsPerEvent: 2_000,
  tagValueBytes: 1_024, // 1 KiB
  /** Events dated further ahead are refused, so that nobody pins himself to the top. */
  futureMs: 900_000, // 15 min
  connections: 1_000,
  connectionsPerAddress: 100,
  subscriptionsPerConnection: 40,
  subscriptionIdBytes: 64,
  filtersPerRequest: 10,
  filterValues: 1_000,
  /** Stored events sent for one filter, whatever limit it asks for. */
  eventsPerFilter: 5_000,
  /** A reader that does not read: dropped when this much waits for it. */
  sendBufferBytes: 8_388_608, // 8 MiB
  /** Client messages a second and connection, with a burst of ten times as many. */
  messagesPerSecond: 200,
  /** A connection that has not sent anything valid by then is dropped (slow loris). */
  handshakeMs: 10_000, // 10 s
  /** Silence after which a connection is pinged; twice as much ends it. */
  pingMs: 30_000, // 30 s
  /** Events of one connection that wait for the disk; its socket is not read meanwhile. */
  pendingBytes: 1_048_576, // 1 MiB
  /** Values in all open filters of one connection: each is kept in memory. */
  valuesPerConnection: 10_000,
  /** Keys that one connection may prove to hold. */
  keysPerConnection: 16,
  /** The whole store; more is refused, so that strangers cannot fill the disk. */
  storeBytes: 10_737_418_240, // 10 GiB
  /** How often expired events are removed. */
  sweepMs: 60_000, // 1 min
  /** Headers of cells in one frame, and cells looked at for it: 96 KiB, a millisecond of the store. */
  headersPerFrame: 1_024,
  /** New headers are told together at whole multiples of this, to all who follow. */
  headerBatchMs: 500,
} as const;

/** What a person may send, and how the messenger retries. */
export const MESSAGE_LIMITS = {
  /** UTF-8 bytes of one message: sealed and wrapped it still fits the relays' 64 KiB events. */
  textBytes: 16_384, // 16 KiB
  /** JSON of one letter or NIP-17 rumor: sealed, wrapped and padded twice it stays below 64 KiB. */
  letterBytes: 28_672, // 28 KiB
  nameBytes: 64,
  contacts: 10_000,
  /** base64url of a key package, 2.7 KB with room for other sizes to come. */
  keyPackageCharacters: 8_192,
  /** Requests that wait for an answer; more are dropped, oldest kept. */
  pendingRequests: 200,
  /** Messages kept for a request before it is accepted. */
  messagesPerRequest: 20,
  /** Outgoing messages that wait for one contact. */
  outboxPerContact: 10_000,
  /** Letters in flight to one contact before the next waits for an acknowledgement. */
  inFlightPerContact: 64,
  /** Never fewer, however many had to be repeated. */
  inFlightLeast: 8,
  /** Later letters kept back while an earlier one is missing. */
  heldPerContact: 1_000,
  /** After this a gap is shown as it is: the sender may have lost the letter for good. */
  heldMs: 120_000, // 2 min
  /** First wait after no relay took a letter, doubled each time. */
  retryMs: 500,
  retryMaxMs: 5_000, // 5 s
  /** A sent letter that was not acknowledged is sealed and sent again, at doubled intervals. */
  resendMs: 20_000, // 20 s
  resendMaxMs: 3_600_000, // 1 h
  /** How far back a relay is asked for gift wraps after a reconnect: their random dating plus a day. */
  lookBackMs: 259_200_000, // 3 days
  inviteMs: 604_800_000, // 7 days
  inviteRelays: 4,
  /** An invite, a group's or a channel's link; longer text is not even decoded. */
  linkCharacters: 2_048,
  filesPerMessage: 10,
  /** Acknowledgements that travel in one letter. */
  idsPerReceipt: 200,
  /** Parcels and wraps that wait to be opened; a dropped one was not acknowledged, so its sender repeats it. */
  receiveQueue: 20_000,
  /** Messages of sessions that can be acknowledged again. */
  openedFrames: 100_000,
  /** Parcels kept in memory because what opens them may still come. */
  earlyMail: 500,
  messagesPerPage: 200,
  /** One's own messages may be edited or deleted for all so long. */
  editMs: 86_400_000, // 24 h
  /** The longest time after which messages may disappear. */
  timerSeconds: 31_536_000, // 365 days
  /** The clock of a disappearing message that nobody reads starts so long after it arrived. */
  expiryUnreadMs: 604_800_000, // 7 days
  voiceSeconds: 3_600, // 1 h
  /** The longest emoji are sequences of a dozen code points. */
  emojiBytes: 64,
  /** Reactions, edits and deletions of one conversation that came before their message; the oldest give way. */
  earlyMarks: 1_000,
  earlyMarkMs: 604_800_000, // 7 days
  /** Ids of messages that are gone, kept so that a repeated letter does not bring them back. */
  goneIds: 100_000,
  /** At most one typing letter to one person in this time. */
  typingEveryMs: 3_000, // 3 s
  /** Somebody who gave no further sign is not typing any more. */
  typingShownMs: 8_000, // 8 s
  /** A typing letter that took longer says nothing about now. */
  typingAgeMs: 30_000, // 30 s
  excerptCharacters: 120,
  /** The newest messages are searched; their words are held in memory. */
  searchedMessages: 200_000,
  searchWords: 16,
  searchHits: 200,
} as const;

/** Forward-secret conversations: how long keys live, and how much a member may ask of the others. */
export const SESSION_LIMITS = {
  members: 200,
  /** Leaves of one conversation: members with several devices each. */
  leaves: 1_000,
  admins: 50,
  /** Keys are renewed after so many messages or so long, whatever comes first. */
  messagesPerEpoch: 20,
  epochMs: 86_400_000, // 24 h
  /** How long the next in line waits for the one whose turn it is to renew the keys. */
  turnMs: 60_000, // 1 min
  turns: 5,
  /** What came late, and commits made at the same time elsewhere, can be read and settled for so long. */
  retentionMs: 172_800_000, // 48 h
  /** Retained epochs of one conversation; the oldest superseded ones go first. */
  epochs: 64,
  /** Messages of one device that may arrive out of order within an epoch. */
  outOfOrder: 1_000,
  /** Competing commits on one epoch. */
  branches: 16,
  /** Members whose farewells one commit carries. */
  farewells: 16,
  /** Changes of ours that are repeated if a competing commit wins. */
  intents: 256,
  /** One MLS message, whole. */
  messageBytes: 1_048_576, // 1 MiB
  keyPackageMs: 5_184_000_000, // 60 days
  /** Key packages handed out and not used yet. */
  keyPackages: 500,
  /** Sessions held decoded in memory. */
  loaded: 100,
} as const;

/** Cells: what relays see of mail. */
export const CELL_LIMITS = {
  /** Of one parcel: a letter of MESSAGE_LIMITS.letterBytes in its envelope, or a message of `messageBytes`. */
  pieces: 32,
  /** A session's message; a larger one travels as a blob. */
  messageBytes: 40_960, // 40 KiB
  /** The dates of cells are rounded down to this. */
  roundMs: 60_000, // 1 min
  /** How long relays are asked to keep a cell. */
  keptMs: 604_800_000, // 7 days
  /** Indexes of a lane beyond those that the other side is known to have seen, and addresses that are looked for. */
  window: 64,
  /** Indexes of a lane marked as used ahead of use; a crash wastes them, and each marking is a write to the disk. */
  reserve: 8,
  /** Parcels of which pieces are missing: so many from known senders, and so many from others. */
  unfinished: 256,
  /** Names of whole parcels that are remembered, to drop the copies of their cells. */
  finished: 10_000,
  /** Cells of other people kept in memory, because the epoch in which they are ours may still come. */
  strangers: 2_048,
  /** How far before the last complete look a relay is asked: for clocks that are wrong. */
  lookBackMs: 600_000, // 10 min
  /** Ids of a relay's cells that were looked at, so that they are not when they are told again. */
  told: 65_536,
  /** How often it is noted down to where relays were read. */
  cursorMs: 60_000, // 1 min
  /** Answers of one relay that are asked for at one connection: with a few thousand cells each. */
  pages: 1_000,
} as const;

/** Several devices of one account. */
export const DEVICE_LIMITS = {
  /** The main one included. */
  devices: 10,
  nameBytes: 64,
  /** A link or its words bring in one device, once, for so long. */
  linkMs: 600_000, // 10 min
  /** Links that wait for a device. */
  links: 4,
  /** How long a new device waits for the main one's answer. */
  answerMs: 60_000, // 1 min
  /** How often it repeats its request until then: an answer that was lost is given again. */
  askAgainMs: 10_000, // 10 s
  /** What a device wrote before it was revoked is still read for so long after we learnt of that. */
  partingMs: 600_000, // 10 min
  /** Key packages in one letter, which has to fit MESSAGE_LIMITS.letterBytes. */
  packages: 5,
  /** Key packages of another device that are kept, so that it can be put into sessions while it is away. */
  stock: 100,
  /** So many are kept ahead of need. */
  stockAhead: 10,
  /** Items of one letter between devices. */
  syncItems: 500,
  /** The newest messages that a new device is given, and what they may take as JSON: it is made in memory. */
  historyMessages: 20_000,
  historyBytes: 33_554_432, // 32 MiB
  /** JSON of one part of the history; it travels as a blob. */
  historyPartBytes: 524_288, // 512 KiB
  /** So long a new device's history waits for it to come into a group. */
  groupWaitMs: 600_000, // 10 min
  /** Of the last changes that were taken over from other devices it is known how old they were. */
  syncMarks: 50_000,
} as const;

/** Large things that lie on relays in pieces. */
export const BLOB_LIMITS = {
  /** Sealed and in base64url it fits the relays' 64 KiB events. */
  pieceBytes: 40_960, // 40 KiB
  pieces: 32,
  /** Blobs fetched at once; what names another one is repeated by its sender. */
  fetches: 4,
  /** Fetched blobs held in memory until what named them is taken in. */
  held: 8,
  keptMs: 1_209_600_000, // 14 days
} as const;

/** Groups. */
export const GROUP_LIMITS = {
  groups: 1_000,
  invitedAtOnce: 200,
  /** Applications by link that wait for an admin; more are dropped. */
  applications: 200,
  /** A welcome of more bytes travels as a blob, its ratchet tree with it. */
  welcomeBytes: 16_384, // 16 KiB
  /** JSON of members' names and relays; a longer one travels as a blob beside the welcome. */
  rosterBytes: 8_192, // 8 KiB
  /** After this a gap in a member's texts is shown as it is: whoever came later may not be able to read what is missing. */
  heldMs: 30_000, // 30 s
  /** A member's farewell is carried out by another admin or member after so long, in turn. */
  farewellTurnMs: 60_000, // 1 min
} as const;

/** Broadcast channels. */
export const CHANNEL_LIMITS = {
  nameBytes: 64,
  descriptionBytes: 1_024, // 1 KiB
  /** The signed body of a post: with its signatures and padding the event stays below 64 KiB. */
  bodyBytes: 26_624, // 26 KiB
  textBytes: 16_384, // 16 KiB
  filesPerPost: 10,
  /** Where a channel is published, and what its link names. */
  relays: 4,
  /** What a reader asks after several links: the newest are kept. */
  relaysRead: 8,
  channels: 100,
  /** Posts under one epoch key; a link opens its whole epoch. */
  postsPerEpoch: 100,
  /** An epoch that is older ends with the next post. */
  epochMs: 86_400_000, // 1 day
  /** Epochs beyond the newest known one that a reader asks for: so many may a relay have forgotten while he was away. */
  epochsAhead: 64,
  /** A higher number in a link is forged: a channel would have to be 2,700 years old. */
  epochs: 1_000_000,
  /** How long a reader keeps an epoch's key after the next epoch began, for posts that come late. */
  keyKeptMs: 259_200_000, // 3 days
  /** Keys of passed epochs that are kept at most, whatever their age. */
  epochsKept: 256,
  /** Epochs whose keys wait to be erased; of more the oldest are erased together with a later one. */
  turns: 64,
  /** Runs of missing posts that a reader remembers; a post that would make one more is asked for again later. */
  gaps: 256,
  /** How far before the last complete look a relay is asked: for clocks that are wrong. */
  lookBackMs: 86_400_000, // 1 day
  /** Missing posts are asked for again so long after they were missed. */
  repairMs: 1_000, // 1 s
  /** Channels in one question to a relay. */
  channelsPerQuestion: 10,
  /** Events that wait to be opened, all channels together. */
  receiveQueue: 2_000,
  /** Events that came before the card that verifies them. */
  heldEvents: 500,
  /** Events on their way to one relay at a time. */
  burst: 16,
  /** First wait after a relay took nothing, doubled each time. */
  retryMs: 500,
  retryMaxMs: 10_000, // 10 s
  /** A relay that has not taken a post by then goes without, if another took it. */
  publishMs: 259_200_000, // 3 days
  postsPerPage: 200,
  /** Rows looked at for one page: edits and deletions have numbers too. */
  rowsPerPage: 2_000,
} as const;

/** How connections to relays behave. */
export const ROUTE_LIMITS = {
  relays: 20,
  connectMs: 10_000, // 10 s
  publishMs: 10_000, // 10 s
  /** First wait after a lost connection; doubled each time. */
  retryMs: 250,
  retryMaxMs: 10_000, // 10 s
  /** Silence after which a connection is probed, and then given up. */
  idleProbeMs: 30_000, // 30 s
  idleDropMs: 10_000, // 10 s
  receivedFrameBytes: 262_144, // 256 KiB
  /** Relays that only an outbox uses are let go after this. */
  unusedMs: 300_000, // 5 min
  /** A connection that lived so long was good: after it the first wait is short again. */
  stableMs: 5_000, // 5 s
  /** An orderly close that the relay does not answer becomes a cut. */
  closeMs: 1_000, // 1 s
  /** Relays connected at once, those of contacts included; the longest unused gives way. */
  connections: 200,
  /** Events that wait for one relay's OK. */
  pendingEvents: 1_000,
  /** A relay that does not read: nothing more is sent while so much waits for it. */
  sendBufferBytes: 8_388_608, // 8 MiB
  /** Event ids that a subscription remembers, to drop what comes twice. */
  seenIds: 10_000,
  /** Events that one question collects. */
  fetchedEvents: 5_000,
  /** AUTH challenges of one connection that are answered: each answer costs a signature. */
  challenges: 8,
  challengeBytes: 1_024, // 1 KiB
  /** A relay that has not answered a request for headers by then does not know them. */
  headerAnswerMs: 10_000, // 10 s
  /** The same after a notice, which may be its answer and may be about anything else. */
  headerNoticeMs: 1_000, // 1 s
} as const;

/** The cover law (NEP-15): how often cells leave, and how the ways they take are judged. */
export const COVER_LIMITS = {
  /** One cell leaves to each relay in a period: its mean length under `stealth`. */
  stealthPeriodMs: 30_000, // 30 s
  /** The same under `balanced`. */
  balancedPeriodMs: 5_000, // 5 s
  /** A period may be so much longer or shorter: what is left of a clock's drift drowns in it. */
  periodSpreadPercent: 20,
  /** Of each real cell, to as many of the recipient's relays: one of them may vanish. */
  copies: 2,
  /** Cells that wait for their turn at one relay; more are refused, so that their outbox keeps them. */
  queuedCells: 1_000,
  /** Letters of which is remembered by which relays they went last. */
  ways: 10_000,
  /** A loop cell that is not back by then counts as lost. */
  loopMs: 120_000, // 2 min
  /** Loop cells of one relay that are waited for: `balanced` sends 24 in `loopMs` on average. */
  loopsUnderWay: 256,
  /** How much the newest observation of a path counts, the older ones fading: the last ten decide. */
  newestPercent: 10,
  /** A path that loses more is bad: cells go elsewhere. */
  badLossPercent: 20,
  /** How readily a bad path is chosen, compared with a good one: it may have recovered. */
  explorePercent: 5,
  /** A path that takes so long is chosen half as readily as one that takes no time. */
  halvingDelayMs: 4_000, // 4 s
  /** An acknowledgement that is not there after so many periods, on top of a round trip, is missing. */
  acknowledgementPeriods: 3,
} as const;

/** Private retrieval of the bodies of cells. */
export const PIR_LIMITS = {
  /** The body of a cell: version, nonce, 2,048 bytes and a tag. */
  recordBytes: 2_077,
  /** Records lie so far apart, so that each begins at a multiple of 16. */
  strideBytes: 2_080,
  /** Seconds of `created_at` whose cells make one database: an epoch of NEP-14. */
  epochS: 3_600, // 1 h
  /** Records of one database: 260 MiB of memory, and 16 KiB a query. */
  records: 131_072,
  /** Queries that one pass over the database answers. */
  queriesPerScan: 16,
} as const;

/** Files and links. */
export const FILE_LIMITS = {
  nameBytes: 255,
  passwordBytes: 1_024, // 1 KiB
  slots: 20,
  headerBytes: 65_536, // 64 KiB
  files: 1_000_000,
  linksPerFile: 100,
  downloadsPerLink: 1_000_000,
  linkMaxMs: 315_360_000_000, // 3,650 days
  /** A claimed download may be resumed for so long. */
  leaseMs: 21_600_000, // 6 h
  /** After the last byte was handed to the network: time to fetch again what was lost on the way. */
  leaseGraceMs: 120_000, // 2 min
  /** Progress of a download is written down each time so much more was served. */
  leaseProgressBytes: 16_777_216, // 16 MiB
  /** Separate pieces that one download may be fetched in before gaps must be closed. */
  leaseRanges: 256,
  leasesPerLink: 64,
  /** Wrong passwords against one link before it answers 429 for a while. */
  claimFailures: 10,
  claimFailureWindowMs: 600_000, // 10 min
} as const;

/** Voice notes of other people, which the node fetches and opens itself. */
export const VOICE_LIMITS = {
  bytes: 33_554_432, // 32 MiB
  /** The answer to a claim: a lease and a sealed manifest. */
  claimBytes: 65_536, // 64 KiB
  fetchMs: 60_000, // 1 min
} as const;

/** The public download page, in the recipient's browser. */
export const DOWNLOAD_LIMITS = {
  /** Chunks of 16 KiB opened at a time: enough to be fast, few enough for a telephone. */
  blockChunks: 64,
  /** The largest file that is collected in memory where the browser cannot stream to disk. */
  collectedBytes: 268_435_456, // 256 MiB
  /** Silent retries in a row before the person is asked. */
  retries: 5,
  /** First wait before a retry; doubled each time. */
  retryMs: 500,
  /** A connection that brings nothing for so long is given up and opened again. */
  stallMs: 30_000, // 30 s
  /** How often the engine shows the service worker that it is alive; browsers stop idle ones after 30 s. */
  tickMs: 5_000, // 5 s
  /** Ticks without a sign of the page after which the download fails: the page was closed. */
  quietTicks: 6,
  /** How long the browser may take to begin a download that was handed to the service worker. */
  startMs: 15_000, // 15 s
  progressMs: 100,
} as const;

/** Disposable identities. */
export const PERSONA_LIMITS = {
  /** Each has its own sockets to relays and its own tables. */
  personas: 16,
  labelBytes: 64,
  /** A card names no more (see `MESSAGE_LIMITS.inviteRelays`). */
  relays: 4,
  /** How often it is looked whether one has expired. */
  checkMs: 1_000, // 1 s
  /** How long the next try waits after one that failed, as on a full disk. */
  retryMs: 60_000, // 1 min
} as const;

/** The vault. */
export const VAULT_LIMITS = {
  passphraseBytes: 1_024, // 1 KiB
  passphraseMinCharacters: 8,
  headerBytes: 65_536, // 64 KiB
  rowBytes: 1_048_576, // 1 MiB
} as const;

/** Argon2id parameters that a stored header may ask for: a forged header must not eat the machine. */
export const ARGON2_LIMITS = {
  memoryKiB: 1_048_576,
  minMemoryKiB: 8_192, // 8 MiB
  passes: 16,
  lanes: 16,
} as const;

/** The app's own HTTP and WebSocket server. */
export const API_LIMITS = {
  bodyBytes: 1_048_576, // 1 MiB
  headerBytes: 16_384, // 16 KiB
  requestHeadersMs: 10_000, // 10 s
  launchTokenMs: 60_000, // 60 s
  sessions: 32,
  sockets: 64,
  socketFrameBytes: 65_536, // 64 KiB
  /** A socket that has not shown its session by then is closed. */
  socketAuthMs: 5_000, // 5 s
  socketBufferBytes: 4_194_304, // 4 MiB
  /** A page that shows no sign of life for two of these is gone. */
  socketPingMs: 30_000, // 30 s
  downloadTicketMs: 60_000, // 60 s
  downloadTickets: 64,
  /** Longest wait for a message's state in one call. */
  waitMs: 600_000, // 10 min
  /** Calls that are still running when the node stops are cut after this. */
  stopMs: 3_000, // 3 s
  unlockFailures: 10,
  unlockFailureWindowMs: 60_000, // 1 min
} as const;
