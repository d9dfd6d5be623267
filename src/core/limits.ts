/**
 * Every bound in one place: what may be how large, how many and how old. Each line carries its unit
 * in the name and its reason. Those of hidden mail are in `cell-limits.ts`; `docs/limits.md` is generated from both.
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
  /** Of all who come by an onion service or the like, and so from one address. */
  backDoorConnections: 500,
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
  /** Epochs (NEP-14) change at whole multiples of this, and begin to be served at the first one that is as much after their end. */
  epochBeatMs: 15_000, // 15 s
  /** A version of an epoch that was replaced is served so much longer: both relays had it, and somebody may be reading. */
  epochReplacedMs: 60_000, // 1 min
  /** Headers of all epochs that are served, in memory; beyond it the oldest epochs are not. */
  epochHeaderBytes: 67_108_864, // 64 MiB
  /** Cells that the store reads for an epoch or a database in one go, so that other work gets its turn. */
  cellsPerRead: 512,
  /** Databases of private retrieval in memory; beyond it the one asked least recently goes. */
  databaseBytes: 536_870_912, // 512 MiB
  /** Queries of all clients that wait for a scan; more are refused. */
  waitingQueries: 256,
  /** Questions of private retrieval that one connection may have open; more are refused. */
  questionsPerConnection: 4,
  /** Headers that a mirror has seen and not looked after yet; before more come, the stream ends and begins again. */
  mirrorQueue: 8_192,
  /** Cells that a mirror asks for at once. */
  mirrorFetch: 500,
  /** First wait after cells could not be fetched, doubled each time. */
  mirrorRetryMs: 500,
  mirrorRetryMaxMs: 30_000, // 30 s
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
  /** Of these, from other Nostr programs, which show no work, while work is demanded of strangers. */
  interopRequests: 20,
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
  /** How long relays have to tell the card of somebody of whom only the key is known. */
  cardLookupMs: 2_000, // 2 s
  /** First wait after no relay had it, doubled each time. */
  cardRetryMs: 15_000, // 15 s
  cardRetryMaxMs: 3_600_000, // 1 h
  /** Who has not answered is looked for again after so long, in case he demands more by now; doubled each time. */
  cardAgainMs: 3_600_000, // 1 h
  cardAgainMaxMs: 86_400_000, // 1 day
  /** So many of them at a time. */
  cardsAgain: 16,
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

/** Shares of the recovery key (NEP-21). */
export const SHARE_LIMITS = {
  /** With one needed each share would be the key. */
  leastNeeded: 2,
  /** Shares of one splitting. */
  most: 16,
  /** Of what is typed to come back: all shares in words, numbered. */
  inputCharacters: 8_192,
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
  /** A relay that has been silent for so long does not answer a question of private retrieval. */
  retrievalMs: 20_000, // 20 s
  /** Of two relays with different cells, how much of the longer list both must have to be read privately. */
  commonPercent: 50,
  /** A mirror's wait for 500 cells, 1.6 MB. */
  mirrorFetchMs: 60_000, // 1 min
  /** Questions of private retrieval that wait for one relay. */
  questions: 64,
} as const;

/** Files and links. */
export const FILE_LIMITS = {
  nameBytes: 255,
  passwordBytes: 1_024, // 1 KiB
  slots: 20,
  headerBytes: 65_536, // 64 KiB
  /** Threads that seal large files, of all uploads together; a machine with fewer cores has fewer. */
  sealThreads: 4,
  /** They end when no large file came for so long. */
  sealThreadIdleMs: 10_000, // 10 s
  files: 1_000_000,
  folders: 100_000,
  /** Folders inside each other. */
  folderDepth: 32,
  /** Earlier contents of one file that are kept; the oldest goes when one more comes. */
  versions: 10,
  /** Of saves through a mount, a version is kept once in so long: editors save often, and ten versions shall reach back. */
  savedVersionsMs: 300_000, // 5 min
  /** What other programs note on one file or folder. */
  properties: 100,
  propertiesBytes: 65_536, // 64 KiB
  /** What was deleted can be restored for so long. */
  trashMs: 2_592_000_000, // 30 days
  /** Files and folders that one search finds. */
  searchHits: 200,
  /** Rows that a search looks at before it lets others work. */
  searchStep: 2_000,
  /** One small picture of a content, and all of them: 160 MiB at the most. */
  thumbnailBytes: 16_384, // 16 KiB
  thumbnails: 10_000,
  linksPerFile: 100,
  /** Words of the sender that go with a link. */
  noteBytes: 1_024, // 1 KiB
  /** Of a folder's link; its listing is made in memory, and sealed in links.db. */
  filesPerLink: 10_000,
  listingBytes: 4_194_304, // 4 MiB
  /** What a link's server says before the content: state, lease, sealed manifest, which files are missing. */
  linkAnswerBytes: 262_144, // 256 KiB
  /** How long it is remembered of a link that its owner ended that it was ended, and of how many. */
  endedLinkMs: 2_592_000_000, // 30 days
  endedLinks: 10_000,
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

/** Files that other people sent, fetched by this node from theirs when the person wants them. */
export const RECEIVE_LIMITS = {
  /** A voice note is opened in the app's memory. */
  voiceBytes: 33_554_432, // 32 MiB
  /** First wait before the next try, doubled each time until something came again. */
  retryMs: 2_000, // 2 s
  retryMaxMs: 300_000, // 5 min
  /** A file that is not here so long after it was asked for, or after a restart, is given up until the person asks again. */
  wholeMs: 86_400_000, // 1 day
  /** Saved or waited for at the same time; more are refused. */
  files: 64,
  /** Room that is left on the disk for everything else. */
  spareBytes: 67_108_864, // 64 MiB
  /** The newest files that were saved, which are told with their messages. */
  told: 500,
  progressMs: 250,
} as const;

/** How much visitors may ask of the public link pages; kept in memory only, addresses as hashes under a key of this start. */
export const VISITOR_LIMITS = {
  /** Calls that one address may make at once, and how many a second come back. */
  addressCalls: 600,
  addressCallsPerSecond: 10,
  /** The same for one link. A hundred people may open it in the same moment. */
  linkCalls: 240,
  linkCallsPerSecond: 4,
  /** What a wrong proof or a link that does not exist costs, in calls. */
  failureCalls: 10,
  /** Downloads that run at the same time, of one address and of one link. */
  addressStreams: 128,
  linkStreams: 64,
  /** Of all who come by an onion service. */
  sharedCalls: 4_800,
  sharedCallsPerSecond: 80,
  sharedStreams: 512,
  /** Addresses and links that are remembered; the one that was heard of least recently gives way. */
  remembered: 4_096,
} as const;

/** Uploads and downloads that can be continued. */
export const UPLOAD_LIMITS = {
  /** Files below this go in one call: to begin anew costs less than to ask. */
  oneCallBytes: 8_388_608, // 8 MiB
  /** Uploads that have not ended, all together. */
  unfinished: 64,
  /** Of these, those whose sealer waits in memory, 10 MiB each at most; of more, the longest idle is sealed anew when it goes on. */
  live: 8,
  /** One to which nothing came for so long is given up. */
  keptMs: 604_800_000, // 7 days
  /** The answer to one that ended can be asked for again for so long. */
  endedMs: 86_400_000, // 1 day
  ended: 1_000,
  fingerprintCharacters: 1_024,
  /** Of a body that was refused, so much is still read, so that who sends it comes to read why. */
  refusedBytes: 16_777_216, // 16 MiB
  refusedMs: 5_000, // 5 s
  /** Small files on their way at once, from one command. */
  parallelFiles: 6,
  /** How long a command waits for a node that went away. */
  awayMs: 600_000, // 10 min
  /** The end of what an earlier download left is compared with the node's bytes before it goes on. */
  comparedBytes: 1_048_576, // 1 MiB
  /** Files that one command takes in. */
  filesAtOnce: 100_000,
} as const;

/** The public download page, in the recipient's browser. */
export const DOWNLOAD_LIMITS = {
  /** Files of a folder that are offered one by one; the rest comes with all. */
  shownFiles: 1_000,
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

/** Erasure coding of one block (see `src/crypto/reed-solomon.ts`). */
export const ERASURE_LIMITS = {
  /** GF(2^8) has no more rows that are independent of each other. */
  fragments: 256,
  /** Data and parity together, all in memory. */
  blockBytes: 268_435_456, // 256 MiB
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

/** The mount: files in a file manager, over WebDAV. */
export const DAV_LIMITS = {
  xmlBytes: 65_536, // 64 KiB
  xmlDepth: 32,
  /** Properties that one PROPFIND names. */
  propertyNames: 256,
  /** What a program writes of itself into its lock. */
  lockOwnerBytes: 4_096, // 4 KiB
  /** Conditions in one `If` header. */
  conditions: 64,
  /** Locks held at a time; they end with the node. */
  locks: 1_000,
  /** Who still works asks for its lock again before then. */
  lockMs: 3_600_000, // 1 h
  /** What is below a folder may be listed in one answer up to so many entries. */
  deepEntries: 1_000,
  /** A refused upload of the owner's is read to its end up to so much, because few programs hear an answer before. */
  drainBytes: 1_073_741_824, // 1 GiB
  /** And for so long at most. */
  drainMs: 120_000, // 2 min
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
  /** A preview that nothing was read of for so long has ended: a film that is paused longer must be opened again. */
  previewIdleMs: 1_800_000, // 30 min
  previews: 32,
  /** How long a download that breaks off stays open for what is on its way to the reader. */
  breakOffMs: 1_000, // 1 s
  /** Longest wait for a message's state in one call. */
  waitMs: 600_000, // 10 min
  /** Calls that are still running when the node stops are cut after this. */
  stopMs: 3_000, // 3 s
  unlockFailures: 10,
  unlockFailureWindowMs: 60_000, // 1 min
} as const;
