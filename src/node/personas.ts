/**
 * Disposable identities, while the vault is open: a messenger for each, over connections of its own.
 *
 *     create -> row and keys (vault) -> Messenger + RelayPool -> expiry or remove -> stopped -> keys and tables destroyed
 *
 * No relay serves two of this node's identities: it would see both from one network address at one time. What cannot be
 * kept apart is refused, and a persona whose relay became the root's meanwhile does not start. Contacts are told
 * nothing of the end: a farewell would be one more thing to link.
 */
import { utf8Encode } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { LockedError, PolicyError } from "../core/errors.ts";
import { PERSONA_LIMITS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { parseDuration } from "../files/duration.ts";
import type { CoverLaw } from "../messaging/cover/cover-law.ts";
import type { ReadingOptions } from "../messaging/fetch/fetching.ts";
import { Messenger } from "../messaging/messenger.ts";
import type { MessengerEvent } from "../messaging/views.ts";
import { createAuthEvent } from "../nostr/authentication.ts";
import { routeCarrier } from "../route/carrier.ts";
import { RelayPool } from "../route/relay-pool.ts";
import type { Routes } from "../route/routes.ts";
import type { Account } from "../vault/account.ts";
import { type PersonaRow, unknownPersona } from "../vault/persona-accounts.ts";
import type { Vault } from "../vault/vault.ts";
import { badLabel, labelTaken, needsRelay, noFiles, sharedRelay, tooManyRelays } from "./persona-errors.ts";
import { relayPlace } from "./relay-url.ts";
import { checkName, checkRelay } from "./settings.ts";
import type { NodeEvent, NewPersona, Persona, Settings } from "./views.ts";

export interface PersonasOptions {
  readonly vault: Vault;
  readonly routes: Routes;
  readonly clock: Clock;
  readonly log: Logger;
  /** The root's, embedded relay included. */
  readonly rootRelays: () => readonly string[];
  readonly law: CoverLaw;
  /** Not told to anybody, so the root's choice may hold for all. */
  /** Of which a persona takes over who may write first. */
  readonly rootSettings: () => Settings;
  /** The budget holds for each identity apart. */
  readonly reading: ReadingOptions;
  readonly emit: (event: NodeEvent) => void;
}

interface Working {
  readonly messenger: Messenger;
  readonly pool: RelayPool;
  readonly interopPool: RelayPool;
}

const SCRUB_DUE = "personas-scrub-due";

export class Personas {
  readonly #o: PersonasOptions;
  readonly #working = new Map<string, Working>();
  /** Those who are being stopped; a lock waits for them. */
  readonly #ending = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  /** After a failure it is not tried every second. */
  #restUntilMs = 0;

  constructor(options: PersonasOptions) {
    this.#o = options;
  }

  /** Destroys what has expired, then sends and collects for the rest. Call after each unlock. */
  start(): void {
    if (this.#timer) return;
    this.#attempt(() => {
      for (const { id } of this.#over()) this.#destroy(id);
      this.#finishScrub();
    });
    const { vault, clock } = this.#o;
    for (const row of vault.personas.list()) if (!isOver(row, clock.nowMs())) this.#beginAlone(row);
    this.#timer = setInterval(() => this.#attempt(() => this.#check()), PERSONA_LIMITS.checkMs).unref();
  }

  /** Ends all work; call it before the vault is locked. */
  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    for (const id of this.#working.keys()) this.#end(id);
    await Promise.all(this.#ending);
  }

  list(): Persona[] {
    const { vault, clock } = this.#o;
    return vault.personas.list().flatMap((row) => (isOver(row, clock.nowMs()) ? [] : [this.#view(row)]));
  }

  /**
   * A new identity. Throws ValidationError `bad_label`, `label_taken`, `name_too_long`, `bad_relay_url`,
   * `too_many_relays`, `too_many_personas`, `bad_duration`; PolicyError `persona_needs_relay`, `persona_relay_shared`.
   */
  create({ label, name = "", relays, expires }: NewPersona): Persona {
    const { vault, clock } = this.#o;
    const nowMs = clock.nowMs();
    const facts = {
      label: this.#checkLabel(label),
      displayName: checkName(name),
      relays: this.#checkRelays(relays),
      expiresAtMs: expires === undefined ? null : nowMs + parseDuration(expires),
    };
    const row = vault.personas.create(facts, nowMs);
    if (this.#timer) this.#begin(row);
    this.#o.emit({ event: "personas" });
    return this.#view(row);
  }

  /** Destroys a persona and everything of it, by label or id. Throws ValidationError `unknown_persona`. */
  async remove(who: string): Promise<void> {
    await this.#expire(this.#find(who).id);
  }

  /**
   * Who acts for this persona, by label or id. Throws ValidationError `unknown_persona`; PolicyError
   * `persona_relay_shared` if it must not connect; LockedError while nothing is sent or collected.
   */
  messenger(who: string): Messenger {
    const row = this.#find(who);
    const working = this.#working.get(row.id);
    if (working) return working.messenger;
    this.#refuseShared(row.relays, row.id);
    throw new LockedError();
  }

  /** Connections of all who work now. */
  pools(): RelayPool[] {
    return [...this.#working.values()].flatMap(({ pool, interopPool }) => [pool, interopPool]);
  }

  /** As `Messenger.demandedRelays`, of all of them. */
  demandedRelays(): Map<string, string[]> {
    const found = [...this.#working.values()].flatMap(({ messenger }) => [...(messenger.demandedRelays() ?? [])]);
    return new Map(found);
  }

  /** Throws PolicyError `persona_relay_shared` if the root may not use one of these relays. */
  refuseForRoot(relays: readonly string[]): void {
    const places = new Set(relays.map(relayPlace));
    for (const row of this.#o.vault.personas.list()) {
      if (row.relays.some((url) => places.has(relayPlace(url)))) throw usedByPersona();
    }
  }

  /** A damaged persona keeps neither the root nor the others from working. */
  #beginAlone(row: PersonaRow): void {
    try {
      this.#begin(row);
    } catch (error) {
      this.#o.log.error({ error: nameOf(error) }, "a persona cannot be opened");
    }
  }

  #begin(row: PersonaRow): void {
    if (this.#isShared(row.relays, row.id)) {
      this.#o.log.warn({}, "a persona does not start: one of its relays is used by another identity");
      return;
    }
    const { vault, routes, law, clock, rootSettings, reading } = this.#o;
    const log = this.#o.log.child({ component: "persona" });
    const account = vault.personas.account(row.id);
    const authenticate = authenticator(account, row.relays, clock);
    // Labels of its own: no circuit ever carries two identities, or one of them known and unknown.
    const pool = new RelayPool({ carrier: routeCarrier(routes, `persona-${row.id}`), clock, log });
    const known = routeCarrier(routes, `persona-${row.id}-known`);
    const interopPool = new RelayPool({ carrier: known, clock, log, authenticate });
    const messenger = new Messenger({
      vault: account,
      pool,
      interopPool,
      law,
      clock,
      log,
      reading,
      ownRelays: () => row.relays,
      embeddedRelay: null,
      shareFile: () => Promise.reject(noFiles()),
      revokeLink: () => {},
      linkTo: null,
      adoptSettings: () => {},
      settings: () => ({
        displayName: row.displayName,
        readReceipts: false,
        typingIndicators: false,
        invitedOnly: rootSettings().invitedOnly,
        strangerWork: rootSettings().strangerWork,
      }),
    });
    messenger.onEvent((event: MessengerEvent) => this.#o.emit({ ...event, persona: row.id }));
    pool.onStateChange(() => this.#o.emit({ event: "personas" }));
    this.#working.set(row.id, { messenger, pool, interopPool });
    messenger.start();
  }

  #end(id: string): void {
    const working = this.#working.get(id);
    this.#working.delete(id);
    if (!working) return;
    const ending = this.#stopWorking(working).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  async #stopWorking({ messenger, pool, interopPool }: Working): Promise<void> {
    try {
      await messenger.stop();
    } catch (error) {
      this.#o.log.error({ error: nameOf(error) }, "a persona did not end in order");
    }
    await Promise.all([pool.close(), interopPool.close()]);
  }

  #check(): void {
    if (this.#o.vault.locked || performance.now() < this.#restUntilMs) return;
    for (const { id } of this.#over()) this.#expire(id).catch((error: unknown) => this.#putOff(error));
    this.#finishScrub();
  }

  #over(): PersonaRow[] {
    const { vault, clock } = this.#o;
    return vault.personas.list().filter((row) => isOver(row, clock.nowMs()));
  }

  /** What fails now (a full disk) is tried again, and keeps nothing else from working. */
  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#putOff(error);
    }
  }

  #putOff(error: unknown): void {
    if (this.#o.vault.locked) return;
    this.#restUntilMs = performance.now() + PERSONA_LIMITS.retryMs;
    this.#o.log.error({ error: nameOf(error) }, "a persona could not be destroyed now; it is tried again");
  }

  /** No new work begins once it is out of the map; then keys and tables go. */
  async #expire(id: string): Promise<void> {
    this.#end(id);
    await Promise.all(this.#ending);
    if (this.#o.vault.locked) throw new LockedError();
    this.#destroy(id);
    this.#finishScrub();
    this.#o.emit({ event: "personas" });
  }

  #destroy(id: string): void {
    const { vault } = this.#o;
    vault.transaction(() => {
      vault.personas.destroy(id);
      vault.writeMeta(SCRUB_DUE, true);
    });
  }

  /** Also after a crash in the middle, and while a backup is being made again at the next turn. */
  #finishScrub(): void {
    const { vault } = this.#o;
    if (vault.readMeta<boolean>(SCRUB_DUE) && vault.emptyLog() && vault.scrub()) vault.writeMeta(SCRUB_DUE, false);
  }

  #find(who: string): PersonaRow {
    const { vault, clock } = this.#o;
    const rows = vault.personas.list();
    const row = rows.find(({ id }) => id === who) ?? rows.find(({ label }) => label === who);
    if (!row || isOver(row, clock.nowMs())) throw unknownPersona();
    return row;
  }

  #view(row: PersonaRow): Persona {
    const identity = this.#o.vault.personas.account(row.id).identity();
    const working = this.#working.get(row.id);
    const states = new Map(working?.pool.states().map((state) => [state.url, state]));
    return {
      id: row.id,
      label: row.label,
      npub: identity.npub,
      hex: identity.publicKey,
      fingerprint: identity.fingerprint,
      devices: identity.devices,
      displayName: row.displayName,
      relays: row.relays.map((url) => states.get(url) ?? { url, state: "closed", latencyMs: null }),
      createdAt: new Date(row.createdAtMs).toISOString(),
      expiresAt: row.expiresAtMs === null ? null : new Date(row.expiresAtMs).toISOString(),
      ...(working ? working.messenger.counts() : { outbox: 0, requests: 0, unread: 0 }),
      held: this.#isShared(row.relays, row.id),
    };
  }

  #checkLabel(text: string): string {
    const label = text.normalize("NFC").trim();
    if (label === "" || utf8Encode(label).length > PERSONA_LIMITS.labelBytes) throw badLabel();
    if (this.#o.vault.personas.list().some((row) => row.label === label || row.id === label)) throw labelTaken();
    return label;
  }

  #checkRelays(texts: readonly string[]): string[] {
    const relays = [...new Set(texts.map(checkRelay))];
    if (relays.length === 0) throw needsRelay();
    if (relays.length > PERSONA_LIMITS.relays) throw tooManyRelays();
    this.#refuseShared(relays, null);
    return relays;
  }

  #refuseShared(relays: readonly string[], own: string | null): void {
    if (this.#isShared(relays, own)) throw sharedRelay();
  }

  /** True if the root or a persona other than `own` uses one of the relays. */
  #isShared(relays: readonly string[], own: string | null): boolean {
    const others = this.#o.vault.personas.list().filter(({ id }) => id !== own);
    const taken = new Set([...this.#o.rootRelays(), ...others.flatMap((row) => row.relays)].map(relayPlace));
    return relays.some((url) => taken.has(relayPlace(url)));
  }
}

/** As for the root: told only where the persona collects its own letters. */
function authenticator(account: Account, relays: readonly string[], clock: Clock) {
  return (relayUrl: string, challenge: string) => {
    if (!relays.includes(relayUrl)) return null;
    const { nostrSecretKey } = account.identity();
    return createAuthEvent(relayUrl, challenge, nostrSecretKey, Math.floor(clock.nowMs() / 1000));
  };
}

function isOver({ expiresAtMs }: PersonaRow, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

function usedByPersona(): PolicyError {
  return new PolicyError(
    "persona_relay_shared",
    "One of your personas uses this relay, which would then see both of you from one address.",
    { hint: "Choose another relay, or remove the persona first." },
  );
}
