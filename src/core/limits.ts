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
} as const;

/** What a person may send, and how the messenger retries. */
export const MESSAGE_LIMITS = {
  /** UTF-8 bytes of one message: sealed and wrapped it still fits the relays' 64 KiB events. */
  textBytes: 16_384, // 16 KiB
  /** JSON of one letter or NIP-17 rumor: sealed, wrapped and padded twice it stays below 64 KiB. */
  letterBytes: 28_672, // 28 KiB
  nameBytes: 64,
  contacts: 10_000,
  /** Requests that wait for an answer; more are dropped, oldest kept. */
  pendingRequests: 200,
  /** Messages kept for a request before it is accepted. */
  messagesPerRequest: 20,
  /** Outgoing messages that wait for one contact. */
  outboxPerContact: 10_000,
  /** Letters in flight to one contact before the next waits for an acknowledgement. */
  inFlightPerContact: 64,
  /** Later letters kept back while an earlier one is missing. */
  heldPerContact: 1_000,
  /** After this a gap is shown as it is: the sender may have lost the letter for good. */
  heldMs: 120_000, // 2 min
  /** First wait after no relay took a letter, doubled each time. */
  retryMs: 500,
  retryMaxMs: 5_000, // 5 s
  /** A sent letter that was not acknowledged is wrapped and sent again, at doubled intervals. */
  resendMs: 20_000, // 20 s
  resendMaxMs: 3_600_000, // 1 h
  /** How far back a relay is asked after a reconnect: the random dating of gift wraps plus a day. */
  lookBackMs: 259_200_000, // 3 days
  inviteMs: 604_800_000, // 7 days
  inviteRelays: 4,
  filesPerMessage: 10,
  /** Acknowledgements that travel in one letter. */
  idsPerReceipt: 200,
  /** Wraps that wait to be opened; a dropped one was not acknowledged, so its sender repeats it. */
  receiveQueue: 20_000,
  messagesPerPage: 200,
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
  minMemoryKiB: 8_192, // 8 KiB
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
