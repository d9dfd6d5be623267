/** The limits of hidden mail; everything else has its own in `limits.ts`, where it is said how they are read. */

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

/** How cells are found and fetched (NEP-16). */
export const FETCH_LIMITS = {
  /** What reading may cost unless a person says otherwise, all relays together. */
  budgetBytesPerHour: 20_000_000, // 20 MB
  /** The largest budget that can be set. */
  mostMegabytesPerHour: 100_000,
  /** Header first: bodies are asked for so often, whether there is mail or not; 20 % more or less each time. */
  batchMs: 12_500, // 12.5 s
  /** Of one batch, so many of headers that came since the batch before. */
  freshBodies: 6,
  /** And so many of earlier ones. With both, 64 people under `balanced` cost 13 MB an hour. */
  olderBodies: 3,
  /** Headers of other people's cells kept for each relay: decoys, and epochs that may still come. */
  headers: 8_192,
  /** Private retrieval: new epochs are looked for so often; 20 % more or less each time. */
  privateMs: 30_000, // 30 s
  /** Bodies asked for of each new epoch, ours and dummies. */
  epochQueries: 12,
  /** And of earlier epochs each time: for what was more than that, came late, or failed. */
  olderQueries: 2,
  /** Epochs that are looked at again for late cells. */
  lateEpochs: 15,
  /** One with late cells is read again a turn later, then so many times later each time, and before it is not looked at again. */
  lateFactor: 4,
  /** For so long one of a pair may have cells that the other has not; then they are read apart. */
  differingEpochs: 5,
  /** Two relays are asked so often whether they hold the same epochs, while a crowd is beyond the budget. */
  probeMs: 600_000, // 10 min
  /** So many relays are tried with each other. */
  probedRelays: 6,
  /** How often a body that does not come is asked for, and a pair of relays that fails. */
  tries: 3,
  /** A relay that does not answer a batch by then is asked again for what did not come. */
  answerMs: 60_000, // 1 min
  /** Cells of ours that wait for a relay to be asked for them; with more, and a frame, its headers stop until half are here. */
  noted: 4_096,
  /** After a restart headers of this time are told again: some were not ours only because an epoch was missing. */
  retoldMs: 600_000, // 10 min
  /** Bodies that wait for more of their parcel; of more, the oldest go: strangers can begin parcels without end. */
  bodies: 4_096,
  /** How long a cell that never became mail is kept: as long as relays keep it, so that nobody who was away loses it. */
  notedMs: 604_800_000, // 7 days
  /** The volume of a crowd is what came in this time. */
  windowMs: 600_000, // 10 min
  /** How often the way is chosen anew. */
  decideMs: 60_000, // 1 min
  /** A dearer way is taken again once all fits this part of the budget, so that ways do not flap. */
  returnPercent: 70,
} as const;

/** Work asked of strangers before anything of theirs is kept (NEP-17). */
export const WORK_LIMITS = {
  /** The most leading zero bits that anybody may demand: 268 million hashes on average, one to two minutes of one core. */
  bits: 28,
  /** Demanded unless the person chooses otherwise: 4.2 million hashes. */
  usualBits: 22,
  /** A sender computes anew after so long, so that what a relay still holds (CELL_LIMITS.keptMs) is valid to its end. */
  freshMs: 86_400_000, // 1 day
  validMs: 691_200_000, // 8 days
  /** Work dated further ahead is refused, for clocks that are wrong: nobody gathers it for later. */
  aheadMs: 900_000, // 15 min
  /** Works held in memory for further letters to the same people. */
  kept: 256,
  /** So long a core is measured, to say in seconds what a demand costs. */
  measureMs: 100,
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
  /** A cell that is not back by then counts as lost. */
  loopMs: 120_000, // 2 min
  /** Cells to one relay that are waited for: `balanced` sends 24 in `loopMs` on average. */
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
  /** Cells of chaff an hour to one relay: one a second, 12 MB an hour for each of its readers. */
  chaffPerHour: 3_600,
  /** Public notes that chaff is made of, and how often they are fetched anew. */
  chaffNotes: 256,
  chaffNotesMs: 3_600_000, // 1 h
} as const;

/** Couriers (NEP-18): nodes that upload cells for other people. */
export const COURIER_LIMITS = {
  /** Cells that one capability allows. */
  cellsPerCapability: 1_024,
  /** The longest that a capability may hold. */
  capabilityMaxMs: 2_592_000_000, // 30 days
  /** The longest that a capability holds which this program makes: as long as relays keep cells. */
  capabilityMs: 604_800_000, // 7 days
  /** A capability that ends so soon is not used for new cells. */
  capabilitySpareMs: 3_600_000, // 1 h
  /** Capabilities of one person that a courier keeps until they expire. */
  capabilitiesPerPerson: 256,
  /** Relays that a courier writes to for one person at a time. */
  relaysPerPerson: 32,
  /** Cells that a courier keeps for one person, and for all. */
  queuedPerPerson: 2_048,
  queued: 16_384,
  /** What a courier may offer: cells in a day that begins at midnight UTC. */
  cellsPerDay: 20_000,
  /** Cells in one letter: 2,141 bytes each, in base64url. */
  cellsPerLetter: 6,
  /** Numbers in one report. */
  numbersPerReport: 256,
  /** Cells at one relay's stream at a time, so that the courier's own mail does not wait behind them. */
  underWayPerRelay: 4,
  /** What became of cells is told together, so long after the first of them. */
  reportMs: 2_000, // 2 s
  /** How often a relay that could not be reached is looked at again. */
  retryMs: 5_000, // 5 s
  /** Of a sender: cells handed over, or on the way there, of which nothing is known yet. */
  entrusted: 2_048,
  /** A letter of which a courier reports nothing for so long is made into new cells; doubled each time. */
  patienceMs: 3_600_000, // 1 h
  patienceMaxMs: 86_400_000, // 1 day
  /** Vouchers that are neither expired nor used up. */
  vouchers: 1_000,
  voucherCells: 1_000_000,
  voucherMs: 31_622_400_000, // 366 days
} as const;

/** The summary of an account that lies at relays for its recovery key (NEP-19). */
export const SNAPSHOT_LIMITS = {
  /** At most one begins in an epoch, under addresses of that epoch. */
  epochMs: 900_000, // 15 min
  /** How far back is looked for one: as long as relays keep cells, and a day more for clocks that are wrong. */
  epochs: 768, // 8 days
  /** How far ahead: for clocks that are wrong, and for one that is asked for right after another. */
  aheadEpochs: 2,
  /** Epochs of whose heads a relay is asked at a time, the newest first; with all copies and tries 768 addresses. */
  epochsPerLook: 64,
  /** Made anew after so long though nothing changed: relays forget cells after CELL_LIMITS.keptMs. */
  renewMs: 86_400_000, // 1 day
  /** How often is looked whether something changed. */
  checkMs: 120_000, // 2 min
  /** So many of one's relays are given it. */
  copies: 4,
  /** How often a cell that was not taken is made for one relay, under another address each time. */
  tries: 3,
  /** Cells of the smallest; each larger size is twice the one before. */
  cellsMin: 16,
  /** Cells of the largest: the cards of some 1,200 people. */
  cells: 2_048,
  /** The summary as text, before it is compressed. */
  textBytes: 16_777_216, // 16 MiB
  /** Addresses in one question for cells. */
  addressesPerQuestion: 256,
  /** A relay that does not answer a question by then is taken as unreachable. */
  answerMs: 10_000, // 10 s
  /** Relays that one restore asks. */
  relays: 16,
} as const;

/** Private retrieval of the bodies of cells (NEP-14): what relays and clients must agree on. */
export const PIR_LIMITS = {
  /** The decoded content of a cell: version, ephemeral key, nonce, 2,048 bytes and a tag. */
  recordBytes: 2_109,
  /** Records lie so far apart, so that each begins at a multiple of 16. */
  strideBytes: 2_112,
  /** Cells of so many seconds make one epoch: all cells of a minute have the same date. */
  epochS: 60, // 1 min
  /** How many of the last epochs are served. */
  epochs: 360, // 6 h
  /** Records of one database: 264 MiB of memory, and 16 KiB a query. */
  records: 131_072,
  /** Queries that one pass over the database answers. */
  queriesPerScan: 16,
} as const;
