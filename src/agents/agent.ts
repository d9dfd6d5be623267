/**
 * A running agent of a network, composed: everything that it knows follows from the logs in its journal.
 *
 *   logs of all devices    Journal <- LogSync, AgentGossip <- MeshNetwork        journal.db, network.db
 *   -> what follows        AgentBooks: papers, ballots, work, cases, entries     knowledge.db
 *   own votes              Voter: commits and opens by itself                    votes.db
 *   own work               TaskDesk: by hand; TaskWorker: jobs of others, if its owner wants it
 *
 * Who says something says it in the own log; what is said here and elsewhere comes to the books by the same way.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { equalBytes } from "../core/bytes.ts";
import { type Clock, systemClock, systemTimers, type Timers } from "../core/clock.ts";
import { PolicyError, UsageError, ValidationError } from "../core/errors.ts";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import type { Logger } from "../core/log.ts";
import { ed25519, type SignatureKeyPair } from "../crypto/signing.ts";
import { deriveKey } from "../crypto/key-derivation.ts";
import type { MeshNetwork } from "../mesh/network/mesh-network.ts";
import { startNetwork } from "../mesh/network/start-network.ts";
import type { Address } from "../mesh/rooms.ts";
import { AgentBooks } from "./agent-books.ts";
import { CaseDesk } from "./anomaly/case-desk.ts";
import type { Quarantine } from "./anomaly/quarantine.ts";
import type { NamedDigest } from "./awareness/awareness.ts";
import type { DigestId } from "./awareness/digest.ts";
import type { Synthesis } from "./awareness/synthesis.ts";
import type { DeviceId, EntryId, OperatorId, SubjectId } from "./agent-ids.ts";
import { AgentGossip } from "./journal/agent-gossip.ts";
import { type AgentContact, encodeContact } from "./contacts/contact.ts";
import { Journal, type Noted } from "./journal/journal.ts";
import { LogSync } from "./journal/log-sync.ts";
import { answerSync, SYNC_PROTOCOL } from "./journal/sync-protocol.ts";
import { encodeKnowledgeEntry, entryIdOf, type KnowledgeEntry } from "./knowledge/entry.ts";
import type { IndexedEntry, QueryAnswer } from "./knowledge/entry-index.ts";
import type { EntryQuery } from "./knowledge/entry-search.ts";
import { encodeWithdrawal } from "./knowledge/withdrawal.ts";
import { encodeStatement, type StatementKind } from "./statement.ts";
import type { Task } from "./tasks/task.ts";
import { TaskDesk } from "./tasks/task-desk.ts";
import { TaskWorker, type WorkSpent } from "./tasks/task-worker.ts";
import { type ShownJob, showJob } from "./tasks/shown-job.ts";
import { readCertificate } from "./trust/certificate.ts";
import { readEnrolment } from "./trust/enrolment.ts";
import type { Genesis } from "./trust/genesis.ts";
import { readRevocation } from "./trust/revocation.ts";
import { isLine } from "./text.ts";
import type { TrustBook } from "./trust/trust-book.ts";
import type { Standing } from "./trust/trust-graph.ts";
import type { Vote } from "./votes/ballot.ts";
import { type OwnVote, OwnVotes } from "./votes/own-votes.ts";
import type { Reputation } from "./votes/reputation.ts";
import { roundOf, windowAt, windowsOf } from "./votes/rounds.ts";
import type { Tally } from "./votes/tally.ts";
import type { TallyBook } from "./votes/tally-book.ts";
import { Voter } from "./votes/voter.ts";

export interface AgentOptions {
  /** Its own; made where it is missing. */
  readonly folder: string;
  readonly genesis: Genesis;
  readonly device: SignatureKeyPair;
  /** The operator's, for this device in this network. */
  readonly certificate: Uint8Array;
  /** Body of the operator's enrolment; null in the genesis, and before there is one. */
  readonly enrolment: Uint8Array | null;
  readonly listen: Address;
  readonly bootstrap: readonly string[];
  /** Whether it looks for others in the local network, and shows itself there. */
  readonly lan: boolean;
  /** 32 bytes, of a private network of machines; null for none. */
  readonly networkKey: Uint8Array | null;
  /** Whether it runs jobs of others. */
  readonly computes: boolean;
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly log: Logger;
}

export interface Peer {
  readonly operator: OperatorId;
  readonly devices: readonly DeviceId[];
  readonly standing: Standing;
  readonly reputation: Reputation;
  readonly quarantine: Quarantine;
}

export interface VoteUnderWay {
  readonly subject: SubjectId;
  /** Else about an entry. */
  readonly isCase: boolean;
  /** Null if this agent does not vote about it. */
  readonly own: Pick<OwnVote, "vote" | "round" | "isOpened"> | null;
}

export interface AgentStatus {
  readonly device: DeviceId;
  readonly operator: OperatorId;
  readonly isEnrolled: boolean;
  readonly isBehind: boolean;
  /** By which others reach it. */
  readonly addresses: readonly string[];
  readonly neighbours: number;
  readonly logs: number;
  readonly forked: readonly DeviceId[];
  readonly round: number;
  readonly window: "commit" | "reveal";
  readonly windowEndsMs: number;
  /** What it gave for jobs of others since it was started; null where it runs none. */
  readonly spent: WorkSpent | null;
}

export type Contribution = Omit<KnowledgeEntry, "operator">;

export class Agent implements AsyncDisposable {
  readonly operator: OperatorId;
  /** What somebody does about tasks. */
  readonly desk: TaskDesk;
  /** Who is accused of what, and by whom. */
  readonly cases: CaseDesk;
  readonly #o: AgentOptions;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #journal: Journal;
  readonly #books: AgentBooks;
  readonly #voter: Voter;
  readonly #votes: OwnVotes;
  readonly #worker: TaskWorker | null;
  #network: MeshNetwork | null = null;
  #opened: AsyncDisposableStack | null = null;
  #isOpen: Promise<void> = Promise.resolve();
  #ticking: Promise<void> = Promise.resolve();
  #cancel: () => void = () => {};
  #stopWaiting: () => void = () => {};
  #isClosed = false;

  /** Throws ValidationError `agent_certificate`, CodecError for damaged files. */
  private constructor(options: AgentOptions, opened: AsyncDisposableStack) {
    const { folder, genesis, device, clock = systemClock, timers = systemTimers } = options;
    const certificate = readCertificate(options.certificate, genesis.network);
    if (!certificate) throw badCertificate();
    [this.#o, this.#clock, this.#timers, this.operator] = [options, clock, timers, certificate.operator];
    this.#journal = opened.use(new Journal({ folder, key: device, network: genesis.network, clock }));
    this.#votes = opened.use(new OwnVotes(join(folder, "votes.db")));
    const { operator } = this;
    this.#voter = new Voter({ rules: genesis, operator, votes: this.#votes, journal: this.#journal, clock });
    const heard = (noted: Noted): void => this.#voter.hear(noted);
    const journal = this.#journal;
    this.#books = opened.use(new AgentBooks({ folder, genesis, clock, journal, own: operator, heard }));
    this.#books.restore();
    const book = this.#books.tasks;
    const say = (kind: StatementKind, body: Uint8Array): Promise<void> => this.#say(kind, body);
    this.desk = new TaskDesk({ book, operator, clock, say });
    this.cases = new CaseDesk({ quarantines: this.#books.quarantines, journal, clock, say });
    const { secretKey: secret } = device;
    this.#worker = options.computes
      ? opened.use(new TaskWorker({ book, operator, secret, journal, clock, log: options.log }))
      : null;
    opened.defer(this.#journal.onNoted((noted) => this.#books.hear(noted)));
  }

  get genesis(): Genesis {
    return this.#o.genesis;
  }

  get trust(): TrustBook {
    return this.#books.trust;
  }

  get tallies(): TallyBook {
    return this.#books.tallies;
  }

  /** Resolves when it listens. Throws ValidationError `agent_certificate`, and what `startNetwork` throws. */
  static async start(options: AgentOptions): Promise<Agent> {
    await using opened = new AsyncDisposableStack();
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    const agent = new this(options, opened);
    await agent.#join(opened);
    agent.#opened = opened.move();
    agent.#schedule();
    return agent;
  }

  /** Its id. Rejects with UsageError for what is no entry, PolicyError `too_often`, ValidationError `not_enrolled` or `journal_behind`. */
  async contribute(contribution: Contribution): Promise<EntryId> {
    const body = encodeKnowledgeEntry({ ...contribution, operator: this.operator });
    await this.#say("entry", body);
    return entryIdOf(encodeStatement({ kind: "entry", network: this.#o.genesis.network, body }));
  }

  /** Takes back an entry of one's own. Rejects with ValidationError `entry_missing`, PolicyError `not_yours`, and as `contribute`. */
  async withdraw(id: EntryId): Promise<void> {
    if (this.#entry(id).entry.operator !== this.operator)
      throw new PolicyError("not_yours", "An entry is withdrawn by the operator who made it.", {
        hint: "Vote against it instead.",
      });
    await this.#say("withdrawal", encodeWithdrawal(id));
  }

  /**
   * Says the operator's enrolment, the first one or a newer one, once. Rejects with UsageError `agent_enrolment` for what is none of
   * the operator, PolicyError `too_often`, ValidationError `journal_behind`.
   */
  async enrol(enrolment: Uint8Array): Promise<void> {
    const endorsements = readEnrolment(enrolment, this.#o.genesis.network);
    if (!endorsements?.every(({ target }) => target === this.operator))
      throw new UsageError("agent_enrolment", "This is no enrolment of this agent's operator in its network.", {
        hint: "It is made of three endorsements for the key of this operator.",
      });
    await this.#isOpen;
    if (this.#isSaid("enrolment", enrolment)) return;
    this.#mustNotBeTooMuch("enrolment");
    await this.#journal.say({ kind: "enrolment", body: enrolment });
  }

  /** Says a revocation, whoever signed it, once. Rejects with UsageError `agent_revocation` for what is none of this network, and as `contribute`. */
  async revoke(revocation: Uint8Array): Promise<void> {
    if (!readRevocation(revocation, this.#o.genesis.network))
      throw new UsageError("agent_revocation", "This is no revocation in this agent's network.", {
        hint: "Have it signed by operators of this network.",
      });
    await this.#isOpen;
    if (!this.#isSaid("revocation", revocation)) await this.#say("revocation", revocation);
  }

  /** Best first; see `EntryIndex.query`. */
  query(query: Omit<EntryQuery, "nowMs" | "weightOf">): QueryAnswer[] {
    const nowMs = this.#clock.nowMs();
    const standing = this.trust.standing(nowMs);
    const weightOf = (operator: OperatorId): number =>
      standing.has(operator) && this.#books.quarantines.of(operator, nowMs) === "none"
        ? this.tallies.reputation(operator, nowMs).weight
        : 0;
    const found = this.#books.index.query({ ...query, nowMs, weightOf });
    const question = { domain: query.domain ?? null, words: query.text ?? "" };
    this.#books.tasks.asked(question, found.length > 0, nowMs);
    return found;
  }

  /** What is known as a whole, as of the beginning of this round, and the newest word about it that can be checked. */
  awareness(): NamedDigest & { readonly synthesis: EntryId | null } {
    const nowMs = this.#clock.nowMs();
    return { ...this.#books.awareness.digest(nowMs), synthesis: this.#books.awareness.synthesis(nowMs) };
  }

  /** Says something about the whole; see `Awareness.write`. Rejects as that, and as `contribute`. */
  async reflect(said: Omit<Synthesis, "digest">, digest: DigestId | null): Promise<EntryId> {
    return this.contribute(this.#books.awareness.write(said, digest, this.#clock.nowMs()));
  }

  /** What there is to do here, and what was done lately. */
  tasks(): Task[] {
    return this.#books.tasks.tasks(this.#clock.nowMs());
  }

  /** Programs that somebody wants run, the newest first. */
  jobs(): ShownJob[] {
    return this.#books.tasks.jobs.standings(this.#clock.nowMs()).map(showJob);
  }

  /** How to write to agents of operators who have standing and are not in quarantine, the newest first. */
  contacts(): AgentContact[] {
    const nowMs = this.#clock.nowMs();
    const { contacts, quarantines } = this.#books;
    const counts = (device: DeviceId, operator: OperatorId): boolean =>
      this.trust.isEntitled(device, nowMs) && quarantines.of(operator, nowMs) === "none";
    return contacts.list(counts);
  }

  /** Says how to write to this agent, unless it has said that already. Rejects with UsageError `agent_contact`, and as `contribute`. */
  async stateContact(contact: AgentContact): Promise<void> {
    await this.#isOpen;
    const stated = this.#books.contacts.of(this.#journal.device);
    // The proof is another one each time.
    const isStated = stated?.key === contact.key && stated.relays.join() === contact.relays.join();
    if (!isStated) await this.#say("contact", encodeContact(contact));
  }

  /** Null for one that is not here. */
  entry(id: EntryId): IndexedEntry | null {
    return this.#books.index.get(id);
  }

  /**
   * It is committed to and opened by itself, in the windows of the next round that can be had. Throws UsageError `vote_reason` for what no reveal
   * can hold, ValidationError `entry_missing`, `not_enrolled`.
   */
  vote(id: EntryId, vote: Vote, reason: string): void {
    if (!isLine(reason, AGENT_LIMITS.noteBytes)) throw badReason();
    if (!this.#books.quarantines.isCase(id)) this.#entry(id);
    this.#mustBeEnrolled();
    this.#voter.intend(id, vote, reason);
  }

  /** As of the last round that is over; null if nobody voted. */
  tally(id: EntryId): Tally | null {
    return this.#books.tally(id);
  }

  /** Own votes that are not counted yet, and subjects about which others commit in this round. */
  votes(): VoteUnderWay[] {
    const round = roundOf(this.#o.genesis, this.#clock.nowMs()) ?? 0;
    const others = this.#voter.subjects().map((subject) => [subject, null] as const);
    const own = this.#votes.underWay(round).map((vote) => [vote.subject, vote] as const);
    return [...new Map<SubjectId, OwnVote | null>([...others, ...own])].map(([subject, vote]) => ({
      subject,
      isCase: this.#books.quarantines.isCase(subject),
      own: vote && { vote: vote.vote, round: vote.round, isOpened: vote.isOpened },
    }));
  }

  /** Everybody who has standing, nearest to the genesis first. */
  peers(): Peer[] {
    const nowMs = this.#clock.nowMs();
    const devices = this.trust.devices(nowMs);
    return [...this.trust.standing(nowMs)].map(([operator, standing]) => ({
      operator,
      devices: devices.get(operator) ?? [],
      standing,
      reputation: this.tallies.reputation(operator, nowMs),
      quarantine: this.#books.quarantines.of(operator, nowMs),
    }));
  }

  status(): AgentStatus {
    const nowMs = this.#clock.nowMs();
    const { genesis } = this.#o;
    const round = roundOf(genesis, nowMs) ?? 0;
    const windows = windowsOf(genesis, round);
    const window = windowAt(genesis, nowMs);
    return {
      device: this.#journal.device,
      operator: this.operator,
      isEnrolled: this.#isEntitled(),
      isBehind: this.#journal.isBehind,
      addresses: this.#network?.addresses() ?? [],
      neighbours: this.#network?.connected ?? 0,
      logs: this.#journal.ends().size,
      forked: [...this.#journal.forked()],
      round,
      window,
      windowEndsMs: window === "commit" ? windows.revealMs : windows.endMs,
      spent: this.#worker?.spent ?? null,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#stopWaiting();
    this.#cancel();
    await this.#ticking;
    await this.#opened?.[Symbol.asyncDispose]();
    this.#opened = null;
  }

  async #join(opened: AsyncDisposableStack): Promise<void> {
    const { folder, device, genesis, listen, bootstrap, lan, networkKey, log } = this.#o;
    const [clock, timers] = [this.#clock, this.#timers];
    const network = await startNetwork({
      key: networkKeyOf(device),
      folder,
      log,
      clock,
      timers,
      listen: { ...listen, announce: [] },
      bootstrap,
      findsNeighbours: lan,
      networkKey,
      relays: false,
      serves: true,
      exchange: null,
      denied: { nodes: new Set(), domains: new Set() },
    });
    this.#network = opened.use(network);
    const journal = this.#journal;
    const nowMs = (): number => this.#clock.nowMs();
    const gate = {
      admits: (device: DeviceId) => this.trust.isEntitled(device, nowMs()),
      admitsNew: (beginning: Parameters<TrustBook["wouldBeEntitled"]>[0]) =>
        this.trust.wouldBeEntitled(beginning, nowMs()),
    };
    await network.onQuestion(SYNC_PROTOCOL, async (question) => answerSync(question, genesis.network, journal));
    const sync = opened.use(
      new LogSync({ neighbourhood: network, network: genesis.network, journal, gate, clock, timers, log }),
    );
    const missing = (): void => sync.hurry();
    // Who is in quarantine is not passed on to others: who wants to count as everybody does asks for his log.
    const isHeard = (device: DeviceId): boolean => {
      const operator = this.trust.operatorOf(device);
      return operator === null || this.#books.quarantines.of(operator, nowMs()) === "none";
    };
    const told = { admits: (device: DeviceId) => gate.admits(device) && isHeard(device) };
    opened.use(
      new AgentGossip({ join: (judge) => network.topic("agents", judge), journal, gate: told, missing, clock, log }),
    );
    this.#isOpen = this.#introduce(sync);
    this.#isOpen.catch((error: unknown) => log.error({ error: String(error) }, "the agent could not introduce itself"));
  }

  /** Says first who it is; before that it hears what others know of its own log. */
  async #introduce(sync: LogSync): Promise<void> {
    const late = Promise.withResolvers<void>();
    this.#stopWaiting = late.resolve;
    const cancel = this.#timers.schedule(() => late.resolve(), AGENT_LIMITS.ownLogMs);
    await Promise.race([sync.met, late.promise]).finally(cancel);
    if (this.#isClosed) return;
    const { certificate, enrolment } = this.#o;
    if (!this.#isSaid("certificate", certificate)) await this.#journal.say({ kind: "certificate", body: certificate });
    if (enrolment && !this.#isSaid("enrolment", enrolment))
      await this.#journal.say({ kind: "enrolment", body: enrolment });
  }

  /** In the own log. */
  #isSaid(kind: "certificate" | "enrolment" | "revocation", body: Uint8Array): boolean {
    const isIt = ({ said }: Noted): boolean =>
      said.device === this.#journal.device && equalBytes(said.statement.body, body);
    return [...this.#journal.all([kind])].some(isIt);
  }

  async #say(kind: StatementKind, body: Uint8Array): Promise<void> {
    await this.#isOpen;
    this.#mustBeEnrolled();
    this.#mustNotBeTooMuch(kind);
    await this.#journal.say({ kind, body });
  }

  #mustNotBeTooMuch(kind: StatementKind): void {
    if (!this.#journal.isTooMuch(kind)) return;
    throw new PolicyError("too_often", "This agent has said as much in this minute as others count.", {
      hint: "Try again in a minute.",
    });
  }

  #isEntitled(): boolean {
    return this.trust.isEntitled(this.#journal.device, this.#clock.nowMs());
  }

  #mustBeEnrolled(): void {
    if (this.#isEntitled()) return;
    throw new ValidationError("not_enrolled", "The operator of this agent has no standing in its network.", {
      hint: "Three operators who have it must endorse you.",
    });
  }

  #entry(id: EntryId): IndexedEntry {
    const entry = this.#books.index.get(id);
    if (entry) return entry;
    throw new ValidationError("entry_missing", "There is no such entry here.", { hint: "Look for it with a query." });
  }

  #schedule(): void {
    this.#cancel = this.#timers.schedule(() => {
      this.#ticking = this.#tick().finally(() => {
        if (!this.#isClosed) this.#schedule();
      });
    }, AGENT_LIMITS.tickMs);
  }

  /** What time asks for: votes are committed to and opened, levels follow rounds that are over, cases are made, jobs are run. */
  async #tick(): Promise<void> {
    try {
      await this.#isOpen;
      if (this.#isClosed) return;
      this.#books.settle();
      if (!this.#isEntitled()) return;
      await this.#voter.act();
      await this.cases.act();
      await this.#worker?.act();
    } catch (error) {
      this.#o.log.warn({ error: String(error) }, "votes, cases or jobs could not be seen to");
    }
  }
}

/** In libp2p a device is known by another key: what it signs there is nobody's word. */
function networkKeyOf({ secretKey }: SignatureKeyPair): SignatureKeyPair {
  return ed25519.createKeyPair(deriveKey(secretKey, "agents/network/v1"));
}

function badReason(): UsageError {
  return new UsageError("vote_reason", `A reason is one line of ${AGENT_LIMITS.noteBytes} bytes at most.`, {
    hint: "Contribute what needs more words, and name it.",
  });
}

function badCertificate(): ValidationError {
  return new ValidationError("agent_certificate", "This agent has no certificate of its operator in this network.", {
    hint: "Have the operator sign one for its device key.",
  });
}
