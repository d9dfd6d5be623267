/** Bounds of the storage mesh; see `limits.ts`. */

export const MESH_LIMITS = {
  /** Of a sealed blob; the last one of a blob is shorter. */
  segmentBytes: 4_194_304, // 4 MiB
  /** What a proof of storage shows at least, and the unit in which a download is checked. */
  leafBytes: 4_096, // 4 KiB
  /** Of one segment, data and parity together; more cost connections and help little. */
  fragments: 40,
  /** With fewer failure domains every one of them gets a whole copy. */
  codedDomains: 6,
  /** How rarely too few fragments of a segment may be reachable, by what machines were measured to be. */
  unavailability: 1e-9,
  /** Fragments of one segment in one failure domain. */
  perDomain: 1,
  /** A machine that is silent for so long is late, which changes nothing yet. */
  lateMs: 3_600_000, // 1 h
  /** Then its fragments do not count, but are not made anew unless they are needed. */
  suspectMs: 86_400_000, // 24 h
  /** Then they are given up. */
  lostMs: 604_800_000, // 7 days
  /** Asked of a machine at a time, over all that it holds: a loss of 1 % is found 95 times in 100. */
  auditLeaves: 300,
  /** Of a record's value: it names places, and holds nothing large. */
  recordBytes: 4_096, // 4 KiB
  /**
   * Records are of no use later than this after they were made: longer than a lease, so that whoever was away for a month finds what is
   * still there.
   */
  recordMs: 3_456_000_000, // 40 days
  /** What a node says of itself is no longer believed after this. */
  announcementMs: 172_800_000, // 48 h
  /** Clocks may differ by so much. */
  clockSkewMs: 600_000, // 10 min
  /** A lease as it is asked for, and what a node grants at most. */
  leaseMs: 2_592_000_000, // 30 days
  leaseMaxMs: 7_776_000_000, // 90 days
  /** What was dropped, or whose lease ended, can be had back for so long. */
  trashMs: 604_800_000, // 7 days
  /** Fragments that come to a node's disk at a time: each has a file open, and its hashes in memory. */
  arrivals: 256,
  /** Of its file system a node leaves so much free, whatever it was given: databases and logs of everything else go on. */
  diskReserveBytes: 268_435_456, // 256 MiB
  /** Of the index's write-ahead log; so much of a node's room is kept for it. */
  indexLogBytes: 8_388_608, // 8 MiB
  /** Leases that one transaction of the index changes for one request: the process stands still meanwhile. */
  leaseBatch: 128,
  /** Of a frame of the exchange; fragments go in several. */
  frameBytes: 262_144, // 256 KiB
  /** Long bodies of frames whose memory a process keeps for the next ones: 4 MiB at most. */
  spareBodies: 16,
  /** Bytes of fragments that a side sends before the other has said that it took them. */
  creditBytes: 1_048_576, // 1 MiB
  /**
   * Of all connections of a node's exchange together, what came and was not used, and what does not leave; beyond it the slowest are
   * left. With what else a node needs, and what the collector has not found yet, its process stays below 300 MB.
   */
  heldBytes: 20_971_520, // 20 MiB
  /** Of one connection: what came of a socket and was not read yet, and pieces of one fragment that wait to be written. */
  unreadBytes: 131_072, // 128 KiB
  waitingPieces: 256,
  /** Names in one request for leases, receipts or deletions. */
  batch: 1_024,
  /** Connections that a node's exchange has open, in all and to one failure domain. */
  connections: 256,
  connectionsPerDomain: 32,
  /** A side that sends nothing for so long in the middle of something is left. */
  stallMs: 30_000,
  /** A connection on which nobody asked for anything for so long is closed. */
  idleMs: 120_000,
  /** So much has to come, or be taken, in that time: whoever sends a byte now and then holds a place for nothing. */
  stallBytes: 16_384, // 16 KiB: half a kilobyte a second, which any line has
  /** From the first byte of a connection to the exchange's greeting. */
  handshakeMs: 10_000,
  /** Requests that wait for their answers on one connection of the exchange. */
  pipelined: 64,
  /** Connections that a client has to one node, and in all; a second one is no faster, but passes a fragment whose reader rests. */
  connectionsPerNode: 2,
  dialled: 512,
  /** What strangers hold is counted anew before one is refused, this often at most: leases end without anybody saying so. */
  recountMs: 60_000,
  /** Of the room that a node gives, what owners without a voucher have together, and one of them, and one failure domain of them. */
  strangersShare: 0.5,
  strangerShare: 0.05,
  /** Nodes that are known at a time; of more, those that were heard of longest ago are forgotten. */
  nodes: 4_096,
  /** A node says that it is there so often. */
  announceMs: 1_800_000, // 30 min
  /** Records are put anew so often: nodes come and go, and libp2p puts nothing again by itself. */
  republishMs: 43_200_000, // 12 h
  /** Records of others that a node keeps. */
  records: 65_536,
  /** Equal answers that end a search for a record. */
  quorum: 3,
  /** Nodes that are much slower than the others are waited for at least so long before their fragments go elsewhere. */
  patienceMs: 5_000,
  /** Of segments that an upload or a download has under way, in memory. */
  window: 6,
  /** A reader who waited for so many in a row gets one more under way. */
  hungrySegments: 16,
  /** What these segments take with all their fragments, and with a copy of each that is read: of a small mesh, whose segments are made into many copies, fewer are under way. */
  windowBytes: 58_720_256, // 56 MiB
  /** Of a statement that stands in a ledger itself; of a longer one its hash does. */
  statementBytes: 512,
  /** Entries of a ledger that wait for the same write to the disk. */
  ledgerQueue: 1_024,
  /** Entries that are read at a time where a ledger is exported or checked. */
  ledgerPage: 256,
  /** Signers whose ledgers' heads a node remembers; twice the nodes, for owners have ledgers too. */
  ledgerSigners: 8_192,
  /** Heads of one signer that are remembered, so that an older one that comes late costs no question. */
  headsPerSigner: 8,
  /** Proofs of forked ledgers that a node keeps, one a signer. */
  forkProofs: 4_096,
  /** Heads that are compared at a time; of further ones nobody is asked. */
  headChecks: 64,
  /** A signer's head is compared so often, whatever is heard of it. */
  headCheckMs: 10_000,
  /** Messages about ledgers whose signatures a node checks in a second. */
  ledgerMessages: 100,
  /** Under one head. */
  cosignatures: 32,
  /** Of any file that `nocturne verify` reads whole: a checkpoint of all signers fits. A bundle is read in pieces. */
  ledgerFileBytes: 2_097_152, // 2 MiB
  /** Before a node that starts signs anything it asks so many others for its own head, and for so long: they may know more than its disk. */
  ownHeadAsks: 3,
  ownHeadMs: 5_000,
  /** How often it is looked whether there is somebody to ask, and something to tell, of ledgers. */
  ledgerTickMs: 1_000,
  /** A head is told when the log grew, this often at most: every node hears, checks and passes on every head. */
  headMs: 600_000, // 10 min
  /** Nodes that are asked to cosign it, and how often: each answer is an entry in a ledger. */
  witnesses: 3,
  witnessMs: 3_600_000, // 1 h
  /** First wait before others are asked when too few cosigned it, doubled each time. */
  witnessAgainMs: 5_000,
  /** A node cosigns heads of one signer this often at most. */
  cosignMs: 60_000,
  /** A checkpoint of all heads that are known is made so often, and so many are kept. */
  checkpointMs: 21_600_000, // 6 h
  checkpoints: 8,
  /** In its first minute somebody who joins asks so often who keeps two histories; then as often as nodes announce themselves. */
  forkAsks: 12,
  /** Of an answer with fork proofs: some dozens. */
  forkAnswerBytes: 65_536, // 64 KiB
  /** Questions about its ledger that a node answers at a time: a checkpoint lies in memory meanwhile. */
  ledgerAnswers: 16,
  /** Of a question to a node, and those that wait on one connection. */
  questionBytes: 1_024,
  questions: 4,
  /** Receipts and vouchers that an export writes as files of their own, the newest. */
  exportedStatements: 256,
  /** Of an object of the mesh: what one locator can say, in 262,144 segments. */
  objectBytes: 1_099_511_627_776, // 1 TiB
  /** Nodes that one locator names; the number after the last one says "has no place". */
  locatorNodes: 65_535,
  /** Of a locator that is stored as an object itself: one of 1 TiB in 40 fragments a segment takes 343 MiB. */
  listBytes: 402_653_184, // 384 MiB
  /** Lists above an object: a list is over a thousand times shorter than what it finds, so 1 TiB takes two. */
  listDepth: 4,
  /** Blobs below this share an object: a segment of their own would cost as many pieces as one of 4 MiB. */
  smallBlobBytes: 1_048_576, // 1 MiB
  /** Objects that an owner's catalogue names, and blobs in them. */
  catalogueEntries: 65_536,
  catalogueBlobs: 1_048_576,
  /** Connections to other nodes over libp2p, in all and from one failure domain; what comes from this machine is not counted. */
  neighbours: 256,
  neighboursPerDomain: 32,
  /** With fewer neighbours a node looks for more, so often. */
  neighboursLeast: 4,
  meetMs: 15_000,
  /** Connections from one address in a second, and those that are being greeted at a time: a whole house starts at once after a power cut. */
  knocksPerSecond: 32,
  greetings: 64,
  /** Dials at a time: of more on a slow machine none would be done in time, and all be done again. */
  dials: 8,
  /** Of a dial, a search for a record and a question to a neighbour. */
  dialMs: 10_000,
  searchMs: 20_000,
  /** Peers of which libp2p notes addresses and protocols, in memory; of more, those that were used longest ago are forgotten. */
  notedPeers: 8_192,
  /** Addresses in an announcement, of the exchange and of libp2p each. */
  nodeAddresses: 8,
  /** Of an announcement, which is a record, with 8 IPv6 addresses of each kind. */
  announcementBytes: 512,
  /** A node's announcements are taken no faster than this. */
  announceLeastMs: 10_000,
  /** Of a gossiped message. */
  gossipBytes: 16_384, // 16 KiB
  /** Announcements in one answer about who is there, and neighbours that are asked at the start. */
  rosterPage: 512,
  rosterAsks: 3,
  /** Known nodes of one failure domain, so that one house cannot fill the roster. */
  nodesPerDomain: 256,
  /** A machine that nobody asked for anything for so long is asked whether it is there. */
  probeMs: 3_600_000, // 1 h
  /** How often it is looked whom to ask, how many are asked then, and at a time. */
  probeTickMs: 60_000,
  probesPerTick: 128,
  probes: 8,
  /** What is seen of a machine within this time counts as one observation at most: a busy hour is no month. */
  uptimeStepMs: 3_600_000, // 1 h
  /** What is thought of a machine of which nothing is known, and how many observations that thought weighs. */
  uptimeGuess: 0.9,
  uptimeGuessWeight: 48,
  /** After this an observation counts half. */
  uptimeHalfLifeMs: 1_209_600_000, // 14 days
  /** Records of its own that a node puts anew. */
  ownRecords: 256,
  /** Streams for the exchange over libp2p with one node, and what each keeps in memory before the sender must wait. */
  lines: 8,
  lineBytes: 1_048_576, // 1 MiB
  /** A tracker forgets who did not come again for so long, and names at most so many at a time. */
  trackerMs: 1_800_000, // 30 min
  trackerPage: 256,
  /** Leaves that are asked of a machine for one of very many objects; all of them together get `auditLeaves`. */
  auditLeast: 2,
  /** A machine has so long for its answer to one audit, and for one whole fragment: 300 leaves or 4 MiB at 1 Mbit/s. */
  auditMs: 60_000,
  /** Whoever failed an audit is asked so often more at once; who fails again loses all that it has of these objects. */
  auditRounds: 3,
  /** Machines that are audited at a time. */
  auditNodes: 8,
  /** Segments that are repaired at a time, each in memory. */
  repairSegments: 2,
  /** Objects that a node cares for, for others, in all and for one owner. */
  careKeys: 4_096,
  carePerOwner: 256,
  /** Of an object of others that is cared for: 64 GiB. */
  careSegments: 16_384,
  /** Of an object's locator that a carer keeps, so that it can be said anew when no record is left. */
  careLocatorBytes: 1_048_576, // 1 MiB
  /** An object is looked after so often, up to a quarter sooner: within `suspectMs`, so that who keeps its fragments is audited in time. */
  careLookMs: 72_000_000, // 20 h
  /** The first look comes within so long. */
  careSoonMs: 60_000,
  /** A look that failed, or found what cannot be repaired yet, is done again after so long. */
  careAgainMs: 3_600_000, // 1 h
  /** Objects that are looked after at a time. */
  careLooks: 2,
  /** Leases with less than this left are renewed: half of one. */
  renewMs: 1_296_000_000, // 15 days
  /** A carer whose word was outdone by another's at the same time merges both and says it anew, so often. */
  carePublishes: 3,
  /** A node that leaves waits so long for its fragments to be brought elsewhere. */
  leaveMs: 3_600_000, // 1 h
  /** How often it looks what is left, and asks its disk for so many fragments at a time. */
  leaveTickMs: 5_000,
  leavePage: 1_024,
  /** A node looks for leases that ended so often. */
  sweepMs: 600_000, // 10 min
  /** What a node gives at least: less holds no part of a common file. */
  leastStorageBytes: 16_777_216, // 16 MiB
  /** A tracker is asked, and told, so often. */
  trackerVisitMs: 600_000, // 10 min
  /** First wait before what could not be kept in the mesh is tried again, doubled each time, and the longest. */
  retryMs: 500,
  retryMaxMs: 300_000, // 5 min
  /** Nodes that are asked to look after one object of a person. */
  carers: 3,
  /** Objects of a person that are on their way into the mesh at a time. */
  objectsAtOnce: 4,
  /** Nodes that are asked at a time what they promise to keep of one, and receipts in one answer about them: 5 MB at most. */
  receiptNodes: 8,
  receiptPage: 100,
  /** Where these objects lie is kept at hand, so that a film that is shown is not looked up for every piece. */
  openLocators: 4,
  /** A change of the account is followed by others: so long after the first its copy in the mesh is made anew. */
  accountQuietMs: 10_000,
  /** What these copies may cost on average: one of 100 MB is made every 50 min at most. */
  accountBytesPerS: 32_768, // 32 KiB
  /** While the app runs, even if nothing changed. */
  accountMs: 604_800_000, // 7 days
  /** How a person's objects are is looked at so often at most, as long as nodes come and go. */
  healthMs: 30_000,
  /** Of objects that seem to be in need of repair, the records that are asked for at a time: somebody may have done it. */
  refreshes: 64,
  /** Faces are told so often at most how far an upload is. */
  tellMs: 250,
  /** An account is looked for so long, while nodes are found. */
  restoreMs: 60_000,
  /** Addresses at which a person begins. */
  bootstrapAddresses: 16,
  /** Nodes whose vouchers a person keeps. */
  vouchers: 64,
  /** Who leaves a mesh waits so long until nodes were told that nothing is needed any more. */
  farewellMs: 10_000,
} as const;
