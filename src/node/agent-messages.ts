/**
 * Messages between agents, end to end encrypted, by the same layer as those of people: an agent has a vault and a
 * messenger of its own.
 *
 *   contact()   -> the agent states it in its log (`src/agents/contacts/`)        agent/messages/: a vault, its key beside it
 *   send        operator -> the newest contact that the directory has -> messenger -> relays
 *   list        <- messenger <- relays: from whom the directory vouches for, and nobody else
 *
 * The directory names contacts of operators who have standing and are not in quarantine, at the moment it is asked.
 * Somebody else who writes waits a little, because his contact may still be on its way here with the logs; then he is
 * forgotten, and counted. From whom lost his standing nothing is shown any more, and what he goes on to write is thrown
 * away.
 */
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import type { Clock } from "../core/clock.ts";
import { PolicyError, ValidationError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { NetworkId, OperatorId } from "../agents/agent-ids.ts";
import type { AgentContact } from "../agents/contacts/contact.ts";
import { CoverLaw } from "../messaging/cover/cover-law.ts";
import { Messenger } from "../messaging/messenger.ts";
import type { Contact, Message, MessengerEvent } from "../messaging/views.ts";
import { createAuthEvent } from "../nostr/authentication.ts";
import { decodeNpub, encodeNprofile, encodeNpub } from "../nostr/keys.ts";
import { routeCarrier } from "../route/carrier.ts";
import { RelayPool } from "../route/relay-pool.ts";
import type { Routes } from "../route/routes.ts";
import { openVault, type Vault } from "../vault/vault.ts";
import { isProven, proveContact } from "./agent-contact-proof.ts";

export interface AgentMessagesOptions {
  /** Its own; made where it is missing. */
  readonly folder: string;
  /** Where it collects, 1 to `contactRelays`. */
  readonly relays: readonly string[];
  readonly network: NetworkId;
  readonly operator: OperatorId;
  /** Contacts of who may write, the newest first; asked at every message. */
  readonly directory: () => readonly AgentContact[];
  readonly routes: Routes;
  readonly clock: Clock;
  readonly log: Logger;
}

/** As the local API tells it. */
export interface AgentMessage {
  readonly id: string;
  readonly with: OperatorId;
  readonly isOwn: boolean;
  readonly text: string;
  readonly atMs: number;
  readonly state: "waiting" | "sent" | "received";
}

export interface AgentMessagesQuery {
  readonly with?: OperatorId | undefined;
  /** Id of a message: those after it. */
  readonly after?: string | undefined;
}

/** In one page of a messenger. */
const MOST = AGENT_LIMITS.messagesKept + AGENT_LIMITS.messagesForgotten;
const SETTINGS = { displayName: "", readReceipts: false, typingIndicators: false, invitedOnly: false, strangerWork: 0 };

export class AgentMessages implements AsyncDisposable {
  readonly #o: AgentMessagesOptions;
  readonly #vault: Vault;
  readonly #messenger: Messenger;
  /** A signature takes a quarter of a millisecond to check, and the directory is asked at every message. */
  readonly #proven = new WeakMap<AgentContact, boolean>();
  #opened: AsyncDisposableStack | null = null;
  #refused = 0;

  private constructor(options: AgentMessagesOptions, vault: Vault, messenger: Messenger) {
    [this.#o, this.#vault, this.#messenger] = [options, vault, messenger];
  }

  /** Begins to collect. Throws what `openVault` throws. */
  static async open(options: AgentMessagesOptions): Promise<AgentMessages> {
    const { folder, clock, log } = options;
    await using opened = new AsyncDisposableStack();
    const vault = await openVault({ dataDir: folder, clock, log });
    opened.defer(() => vault.close());
    const messenger = composeMessenger(options, vault, opened);
    opened.defer(() => messenger.stop());
    const made = new this(options, vault, messenger);
    opened.defer(messenger.onEvent((event) => made.#hear(event)));
    messenger.start();
    messenger.findCards(); // our own card, too: others can write as soon as a relay has it
    const timer = setInterval(() => made.review(), AGENT_LIMITS.strangersEachMs).unref();
    opened.defer(() => clearInterval(timer));
    made.#opened = opened.move();
    return made;
  }

  /** How others write to this agent: for its log, whenever it says another one than stands there. */
  contact(): AgentContact {
    const { network, operator, relays } = this.#o;
    return proveContact({ network, operator, relays }, this.#vault.identity().nostrSecretKey);
  }

  /** Who wrote, and nobody vouched for; since the start. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Stores it durably and returns; delivery follows. Throws ValidationError `unknown_agent` where there is nobody to
   * write to, and what `Messenger.send` throws for the text.
   */
  async send(operator: OperatorId, text: string): Promise<AgentMessage> {
    const { key, relays } = this.#contactOf(operator);
    const npub = encodeNpub(key);
    const known = this.#messenger.contacts().find((contact) => contact.npub === npub);
    if (!known || known.state === "request")
      await this.#messenger.addContact({ invite: encodeNprofile({ publicKey: key, relays }) });
    const { id } = await this.#messenger.send({ to: npub, text });
    this.#forgetOld(npub);
    return viewOf(this.#messenger.message(id), operator);
  }

  /** Oldest first. */
  list({ with: only, after }: AgentMessagesQuery = {}): AgentMessage[] {
    const all = this.#vouched().flatMap(({ npub, operator }) =>
      only === undefined || operator === only ? this.#messagesWith(npub, operator) : [],
    );
    const sorted = all.toSorted((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1));
    return sorted.slice(sorted.findIndex(({ id }) => id === after) + 1);
  }

  /**
   * Lets in whom the directory vouches for, of those who wait; forgets who waited long enough, and the oldest of too many. It happens
   * by itself whenever somebody comes to wait, and every `strangersEachMs`, since the directory may have changed.
   */
  review(): void {
    if (!this.#opened) return;
    const asking = this.#messenger.contacts().filter(({ state }) => state === "request");
    if (asking.length === 0) return;
    const keys = new Set(this.#directory().map(({ key }) => key));
    const isVouched = ({ npub }: Contact): boolean => keys.has(decodeNpub(npub));
    for (const { npub } of asking.filter(isVouched)) this.#messenger.accept(npub);
    this.#forgetStrangers(asking.filter((contact) => !isVouched(contact)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened?.[Symbol.asyncDispose]();
    this.#opened = null;
  }

  #contactOf(operator: OperatorId): AgentContact {
    const own = this.#vault.identity().publicKey;
    const found = this.#directory().find((one) => one.operator === operator && one.key !== own);
    if (found) return found;
    throw new ValidationError("unknown_agent", "No agent of this operator says how to write to it.", {
      hint: "It must have standing, and run with messages on: see its peers.",
    });
  }

  /** Without contacts whose key does not say itself that it is the operator's. */
  #directory(): AgentContact[] {
    return this.#o.directory().filter((contact) => {
      const known = this.#proven.get(contact) ?? isProven(contact, this.#o.network);
      this.#proven.set(contact, known);
      return known;
    });
  }

  /** Those who may be heard now. */
  #vouched(): { readonly npub: string; readonly operator: OperatorId }[] {
    const operators = new Map(this.#directory().map(({ key, operator }) => [key, operator]));
    return this.#messenger.contacts().flatMap(({ npub, state }) => {
      const operator = operators.get(decodeNpub(npub));
      return operator !== undefined && (state === "accepted" || state === "pending") ? [{ npub, operator }] : [];
    });
  }

  #messagesWith(npub: string, operator: OperatorId): AgentMessage[] {
    const { messages } = this.#messenger.messages(npub, { limit: MOST });
    return messages.filter(({ kind }) => kind === "text").map((message) => viewOf(message, operator));
  }

  #hear(event: MessengerEvent): void {
    // Not inside of what the messenger is just doing.
    if (event.event === "contacts" || event.event === "conversation") queueMicrotask(() => this.review());
    if (event.event === "message" && !event.message.mine) queueMicrotask(() => this.#take(event.message));
  }

  /** Shown, or thrown away; of who is only asking to write it waits with him. */
  #take(message: Message): void {
    if (!this.#opened) return;
    const { npub } = message.from;
    const state = this.#messenger.contacts().find((contact) => contact.npub === npub)?.state;
    if (state === "request") return;
    const operator = this.#vouched().find((one) => one.npub === npub)?.operator;
    if (operator === undefined) {
      this.#refused++;
      return this.#messenger.deleteMessage(message.id, false);
    }
    this.#forgetOld(npub);
  }

  #forgetStrangers(strangers: readonly Contact[]): void {
    const oldestFirst = strangers.toSorted((a, b) => Date.parse(a.addedAt) - Date.parse(b.addedAt));
    const lastMs = this.#o.clock.nowMs() - AGENT_LIMITS.strangerMs;
    for (const [i, { npub, addedAt }] of oldestFirst.entries()) {
      if (i >= oldestFirst.length - AGENT_LIMITS.strangers && Date.parse(addedAt) > lastMs) continue;
      this.#messenger.removeContact(npub);
      this.#refused++;
    }
  }

  #forgetOld(npub: string): void {
    if (this.#messenger.messages(npub, { limit: MOST }).messages.length < MOST) return;
    const oldest = this.#messenger.messages(npub, { after: 0, limit: AGENT_LIMITS.messagesForgotten }).messages;
    for (const { id } of oldest) this.#messenger.deleteMessage(id, false);
  }
}

/** Over connections of its own, which carry nobody else's. */
function composeMessenger(options: AgentMessagesOptions, vault: Vault, opened: AsyncDisposableStack): Messenger {
  const { routes, relays, clock, log } = options;
  const authenticate = (relayUrl: string, challenge: string) =>
    relays.includes(relayUrl)
      ? createAuthEvent(relayUrl, challenge, vault.identity().nostrSecretKey, Math.floor(clock.nowMs() / 1000))
      : null;
  const pool = opened.adopt(new RelayPool({ carrier: routeCarrier(routes, "agent"), clock, log }), (one) =>
    one.close(),
  );
  const known = routeCarrier(routes, "agent-known");
  const interopPool = opened.adopt(new RelayPool({ carrier: known, clock, log, authenticate }), (one) => one.close());
  return new Messenger({
    vault,
    pool,
    interopPool,
    law: new CoverLaw("fast"),
    ownRelays: () => relays,
    embeddedRelay: null,
    shareFile: () => Promise.reject(new PolicyError("agent_no_files", "Agents send each other words alone.")),
    revokeLink: () => {},
    settings: () => SETTINGS,
    linkTo: null,
    adoptSettings: () => {},
    clock,
    log,
  });
}

function viewOf(message: Message, operator: OperatorId): AgentMessage {
  const { id, mine, text, at, state } = message;
  const own = state === "queued" ? "waiting" : "sent";
  return { id, with: operator, isOwn: mine, text, atMs: Date.parse(at), state: mine ? own : "received" };
}
