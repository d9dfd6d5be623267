/**
 * All sessions of this device: each changed by one caller at a time, and stored in the same transaction as what follows
 * from the change.
 *
 *   work: session -> next session, result          (cryptography, may take its time)
 *   then, in one transaction: the session's rows, and whatever the caller stores with the result
 *
 * So a message key is never used twice, whenever the process ends: either message and ratchet are both stored or neither.
 */

import type { Clock } from "../../core/clock.ts";
import { fromBase64Url, toBase64Url, toHex } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { SESSION_LIMITS } from "../../core/limits.ts";
import { randomBytes } from "../../core/random.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { Account } from "../../vault/account.ts";
import type { Identity } from "../../vault/identity.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";
import type { Changes } from "./commit.ts";
import type { OwnDevice } from "./device.ts";
import type { GroupInfo } from "./group-info.ts";
import { KeyPackageStore } from "./key-package-store.ts";
import { openOwnDevice } from "./own-device.ts";
import {
  type Committed,
  commitChanges,
  createSession,
  forgetOld,
  joinSession,
  lostChanges,
  receive,
  type Received,
  sealContent,
  type Session,
  sessionInfo,
} from "./session.ts";
import { type SessionRow, SessionStore } from "./session-store.ts";

interface SealedRow {
  /** Id of the letter. */
  readonly id: string;
  readonly session: string;
  readonly epoch: string;
  /** Of the letter: it may be taken back or shortened before it is sent again. */
  readonly digest: string;
  readonly message: string;
  /** Devices that can open it. */
  readonly to: readonly string[];
}

/** A letter as it was sealed, once for all devices of the epoch. */
export interface SealedLetter {
  readonly session: string;
  readonly epoch: string;
  readonly message: Uint8Array;
  readonly to: readonly string[];
}

/** A message and where it belongs. */
export interface Located {
  readonly session: string;
  readonly epoch: string;
  readonly body: Uint8Array;
}

/** Whoever brings messages to the devices of an epoch hears of each epoch; all calls come in the transaction that stores it. */
export interface EpochFollower {
  add(session: string, epoch: string, exported: Uint8Array, devices: readonly string[]): void;
  remove(session: string, epoch: string): void;
  removeSession(session: string): void;
}

export interface SessionsOptions {
  readonly vault: Account;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly epochs: EpochFollower;
  /** A session has another head (`before` is null for a new one); runs in the transaction that stores it. */
  readonly follow?: (before: Session | null, after: Session) => void;
}

const GROUP_ID_BYTES = 16;

export class Sessions {
  readonly own: OwnDevice;
  readonly #o: SessionsOptions;
  readonly #store: SessionStore;
  readonly #packages: KeyPackageStore;
  readonly #sealed: SealedTable<SealedRow>;
  /** Decoded sessions, the longest unused first: decoding takes several times as long as a message. */
  readonly #loaded = new Map<string, Session>();
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: SessionsOptions) {
    this.#o = options;
    const { vault, identity } = options;
    this.#store = new SessionStore(vault);
    this.#packages = new KeyPackageStore(vault);
    this.#sealed = vault.table<SealedRow>({
      name: "sealed_letters",
      key: (row) => row.id,
      indexes: { session: (row) => row.session, unsaved: () => "yes" },
    });
    this.own = openOwnDevice(vault, identity);
  }

  /** The session in which a conversation is written now, or null. */
  of(conversation: string): SessionRow | null {
    return this.#store.of(conversation).at(-1) ?? null;
  }

  get(id: string): SessionRow | null {
    return this.#store.get(id);
  }

  list(): SessionRow[] {
    return this.#store.list();
  }

  /** The session's content as of now; null if there is none. Do not keep it. */
  read(id: string): Session | null {
    return this.#load(id);
  }

  /** A fresh key package for one welcome, 2.7 KB. */
  async keyPackage(): Promise<Uint8Array> {
    return (await this.#packages.create(this.own, this.#o.clock.nowMs())).keyPackage;
  }

  /**
   * Begins a session and adds devices by their key packages. `also` runs in the transaction that stores it. A direct
   * conversation passes a psk: 32 bytes that the others learn on another way.
   */
  async begin(
    conversation: string | null,
    info: GroupInfo,
    changes: Pick<Changes, "add" | "psk">,
    also: (made: Committed) => void,
  ): Promise<string> {
    const nowMs = this.#o.clock.nowMs();
    const groupId = randomBytes(GROUP_ID_BYTES);
    const id = toHex(groupId);
    const own = await this.#packages.create(this.own, nowMs);
    const alone = await createSession(groupId, this.own.device, own, info, nowMs);
    const made = await commitChanges(alone, changes, nowMs);
    const about = { conversation: conversation ?? id, kind: info.kind, createdMs: nowMs };
    await this.#keep(null, made.session, about, () => also(made));
    return id;
  }

  /**
   * Joins by a welcome for one of our key packages, with the psk that goes with it. `check` may refuse what it leads to (false); `also` runs in the
   * transaction. Null if the welcome is for none of ours or is refused; throws CryptoError if it does not open.
   */
  async join(
    welcome: Uint8Array,
    psk: (own: Uint8Array) => Uint8Array | undefined,
    check: (session: Session) => { conversation: string } | null,
    also: (session: Session) => void,
  ): Promise<string | null> {
    const own = this.#packages.find(welcome);
    if (!own) return null;
    const nowMs = this.#o.clock.nowMs();
    const secret = psk(own.keyPackage);
    const joined = await joinSession(null, this.own.device, welcome, own, nowMs, secret);
    return this.#exclusive(joined.id, async () => {
      const before = this.#load(joined.id);
      const session = before ? await joinSession(before, this.own.device, welcome, own, nowMs, secret) : joined;
      const about = check(session);
      const info = sessionInfo(session);
      if (!about || !info) return null;
      await this.#keep(before, session, { ...about, kind: info.kind, createdMs: nowMs }, () => {
        this.#packages.noteUsed(own.ref, nowMs);
        also(session);
      });
      return session.id;
    });
  }

  /**
   * Seals a letter for all other devices, once: asked again it gives the same, whatever happened in between. `also` runs
   * in the transaction that stores it, with the devices that can open it.
   */
  seal(
    id: string,
    letterId: string,
    content: Uint8Array,
    also: (to: readonly string[]) => void,
  ): Promise<SealedLetter> {
    return this.#exclusive(id, async () => {
      const known = this.#sealed.get(letterId);
      const digest = toHex(sha256(content));
      const isUsable = known?.digest === digest && this.hasEpoch(id, known.epoch);
      if (known?.session === id && isUsable) return fromSealedRow(known);
      const before = this.#loadOrThrow(id);
      const { session, outgoing } = await sealContent(before, content, this.#o.clock.nowMs());
      const to = outgoing.to.map(({ device }) => device);
      const { epoch, message } = outgoing;
      await this.#keep(before, session, this.#about(id), () => {
        this.#sealed.put({ id: letterId, session: id, epoch, digest, message: toBase64Url(message), to });
        also(to);
      });
      return { session: id, epoch, message, to };
    });
  }

  /** True until the epoch is forgotten. */
  hasEpoch(session: string, epoch: string): boolean {
    return this.#load(session)?.epochs.has(epoch) ?? false;
  }

  /** Takes in a message; `also` runs in the transaction. Throws CryptoError for forged and repeated messages. */
  receive({ session: id, epoch, body }: Located, also: (received: Received, session: Session) => void): Promise<void> {
    return this.#exclusive(id, async () => {
      const before = this.#loadOrThrow(id);
      const { session, received } = await receive(before, epoch, body, this.#o.clock.nowMs());
      await this.#keep(before, session, this.#about(id), () => also(received, session));
    });
  }

  /**
   * Commits the changes that `changes` makes of the head; `also` runs in the transaction. Throws CryptoError if they
   * contradict the members of now, and whatever `changes` throws.
   */
  commit(id: string, changes: (session: Session) => Changes, also: (made: Committed) => void): Promise<void> {
    return this.#exclusive(id, async () => {
      const before = this.#loadOrThrow(id);
      const made = await commitChanges(before, changes(before), this.#o.clock.nowMs());
      await this.#keep(before, made.session, this.#about(id), () => also(made));
    });
  }

  /** Any change of a session's value, such as one that needs no message. */
  update(id: string, change: (session: Session) => Session): Promise<void> {
    return this.#exclusive(id, async () => {
      const before = this.#loadOrThrow(id);
      await this.#keep(before, change(before), this.#about(id), () => {});
    });
  }

  /** Commits again what a competing commit has undone; `also` as for `commit`. */
  repeatLost(id: string, also: (made: Committed) => void): Promise<void> {
    return this.#exclusive(id, async () => {
      const before = this.#loadOrThrow(id);
      const lost = lostChanges(before);
      if (!lost) return;
      const { add = [], remove = [], info } = lost.changes;
      if (add.length + remove.length === 0 && !info) {
        await this.#keep(before, lost.session, this.#about(id), () => {});
        return;
      }
      const made = await commitChanges(lost.session, lost.changes, this.#o.clock.nowMs());
      await this.#keep(before, made.session, this.#about(id), () => also(made));
    });
  }

  /** Sessions whose keys this device should renew now. */
  due(): string[] {
    const nowMs = this.#o.clock.nowMs();
    return this.#store.list().flatMap(({ id, renewalMs }) => (renewalMs !== null && renewalMs <= nowMs ? [id] : []));
  }

  /** Forgets epochs, key packages and sealed letters that are over; `waits` says which letters are not. True if any went. */
  async forgetOld(waits: (letterId: string) => boolean): Promise<boolean> {
    const nowMs = this.#o.clock.nowMs();
    let went = false;
    for (const { id } of this.#sealed.list()) if (!waits(id)) this.#sealed.delete(id);
    for (const { id, forgetMs } of this.#store.list()) {
      if (forgetMs === null || forgetMs > nowMs) continue;
      await this.#exclusive(id, async () => {
        const before = this.#load(id);
        const after = before && forgetOld(before, nowMs);
        if (!before || !after || after === before) return;
        went = true;
        await this.#keep(before, after, this.#about(id), () => {});
      });
    }
    this.#packages.forgetOld(nowMs);
    return went;
  }

  /** Forgets all sessions of a conversation; call inside a transaction. */
  remove(conversation: string): void {
    for (const { id } of this.#store.of(conversation)) {
      for (const { id: letter } of this.#sealed.find("session", id)) this.#sealed.delete(letter);
      this.#store.remove(id);
      this.#o.epochs.removeSession(id);
      this.#loaded.delete(id);
    }
  }

  /** Resolves when no change is under way. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#turns.values());
  }

  #about(id: string): SessionRow {
    const row = this.#store.get(id);
    if (!row) throw new CryptoError();
    return row;
  }

  async #keep(
    before: Session | null,
    after: Session,
    { conversation, kind, createdMs }: Pick<SessionRow, "conversation" | "kind" | "createdMs">,
    also: () => void,
  ): Promise<void> {
    const { store, added, removed } = await this.#store.prepare(before, after, { conversation, kind, createdMs });
    this.#o.vault.transaction(() => {
      store();
      for (const { epoch, exported, devices } of added) this.#o.epochs.add(after.id, epoch, exported, devices);
      for (const epoch of removed) this.#o.epochs.remove(after.id, epoch);
      if (before?.head !== after.head) this.#o.follow?.(before, after);
      also();
    });
    this.#remember(after);
  }

  #loadOrThrow(id: string): Session {
    const session = this.#load(id);
    if (!session) throw new CryptoError();
    return session;
  }

  #load(id: string): Session | null {
    const session = this.#loaded.get(id) ?? this.#store.load(id);
    if (session) this.#remember(session);
    return session;
  }

  #remember(session: Session): void {
    this.#loaded.delete(session.id);
    this.#loaded.set(session.id, session);
    const [oldest] = this.#loaded.keys();
    if (this.#loaded.size > SESSION_LIMITS.loaded && oldest !== undefined) this.#loaded.delete(oldest);
  }

  #exclusive<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(id) ?? Promise.resolve();
    const turn = before.then(work, work);
    const settled = turn.catch(() => {});
    this.#turns.set(id, settled);
    void this.#clearTurn(id, settled);
    return turn;
  }

  async #clearTurn(id: string, settled: Promise<unknown>): Promise<void> {
    await settled;
    if (this.#turns.get(id) === settled) this.#turns.delete(id);
  }
}

/** The id under which a commit is acknowledged: 32 hex characters. */
export function commitId(message: Uint8Array): string {
  return toHex(sha256(message)).slice(0, 32);
}

function fromSealedRow({ session, epoch, message, to }: SealedRow): SealedLetter {
  return { session, epoch, message: fromBase64Url(message), to };
}
