/**
 * The logs of all devices, and this one's own: everything else in the agent mesh follows from what stands here.
 *
 *   say    statement -> entry of the own log, signed -> on the disk -> told to listeners
 *   take   what others said: next of its log? -> on the disk -> listeners            else: known, a gap before it, a fork, or wrong
 *
 * A device that keeps two histories is proven to, by two entries with one number; from then on nothing more of it is taken. This machine would
 * look like such a one if it signed on from an older copy of its disk: so whoever hears entries of the own log that are not here says
 * nothing more.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { equalBytes, toHex } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { InternalError, UsageError, ValidationError } from "../../core/errors.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import { bodyOf, NO_ENTRY, signEntry } from "../../mesh/ledger/entry.ts";
import { forkOfEntries, verifyForkProof } from "../../mesh/ledger/fork-proof.ts";
import type { DeviceId, NetworkId } from "../agent-ids.ts";
import { encodeStatement, type Statement, type StatementKind } from "../statement.ts";
import { JournalDatabase, type LogEnd } from "./journal-database.ts";
import { measure, NOTHING_SAID } from "./measure.ts";
import type { End, Ends } from "./sync-protocol.ts";
import { encodeSaid, parseSaid, type Said, saidOf } from "./said.ts";

export interface JournalOptions {
  /** Its own; made where it is missing. */
  readonly folder: string;
  /** The device's. */
  readonly key: SignatureKeyPair;
  readonly network: NetworkId;
  readonly clock: Clock;
}

/** Something that stands in a log now. */
export interface Noted {
  readonly said: Said;
  /** In the journal: the later it came, the higher. */
  readonly row: number;
  /** By the clock of this machine. */
  readonly cameAtMs: number;
  /** Said too often to count. */
  readonly isVoid: boolean;
}

/** `gap`: what stands before it is not here. `later`: its time has not come. `refused`: of a fork, too long a log, or one too many. */
export type Taken = "taken" | "known" | "gap" | "fork" | "later" | "wrong" | "refused";

interface Waiting {
  readonly statement: Pick<Statement, "kind" | "body">;
  readonly resolve: (said: Said) => void;
  readonly reject: (error: unknown) => void;
}

const FILE = "journal.db";

export class Journal implements Disposable {
  readonly device: DeviceId;
  readonly #o: JournalOptions;
  readonly #database: JournalDatabase;
  readonly #ends: Map<DeviceId, LogEnd>;
  readonly #forked: Set<DeviceId>;
  readonly #listeners = new Set<(noted: readonly Noted[]) => void>();
  #waiting: Waiting[] = [];
  #isBehind: boolean;

  /** Throws CodecError `journal_corrupt`. */
  constructor(options: JournalOptions) {
    this.#o = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#database = new JournalDatabase(join(options.folder, FILE));
    this.#ends = this.#database.ends();
    this.#forked = new Set(this.#database.forked());
    this.#isBehind = this.#database.fact("behind") > 0;
    this.device = toHex(options.key.publicKey) as DeviceId;
  }

  /** Others know more of the own log than this disk: nothing is said any more. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Of the log of a device that is here. */
  sizeOf(device: DeviceId): number {
    return this.#ends.get(device)?.size ?? 0;
  }

  /** Whether one more statement of this kind, said by this device now, would count for nothing. */
  isTooMuch(kind: StatementKind): boolean {
    const before = this.#ends.get(this.device)?.measure ?? NOTHING_SAID;
    return measure(before, kind, this.#o.clock.nowMs()).isVoid;
  }

  /** Whether the last entry of a log that is here has this hash. */
  endsWith(device: DeviceId, hash: Uint8Array): boolean {
    const end = this.#ends.get(device);
    return end !== undefined && equalBytes(end.hash, hash);
  }

  /** Of all logs that are here, and of those that are known to be forked. */
  ends(): Ends {
    const ends = new Map<DeviceId, End>([...this.#ends].map(([device, { size, hash }]) => [device, { size, hash }]));
    for (const device of this.#forked) ends.set(device, { size: 0, hash: NO_ENTRY });
    return ends;
  }

  /** Proof that a device keeps two histories (`fork-proof.ts`); null if none is known. */
  fork(device: DeviceId): Uint8Array | null {
    return this.#forked.has(device) ? this.#database.fork(device) : null;
  }

  forked(): ReadonlySet<DeviceId> {
    return this.#forked;
  }

  /** Takes in a proof from elsewhere. False if it proves nothing, or nothing new. */
  convict(proof: Uint8Array): boolean {
    const finding = verifyForkProof(proof);
    const device = finding && (toHex(finding.signer) as DeviceId);
    // Of devices that nobody knows anybody could make as many as he likes.
    if (!device || !this.#ends.has(device) || this.#forked.has(device)) return false;
    this.#database.addFork(device, proof);
    this.#forked.add(device);
    return true;
  }

  /** `listener` is told of what is new, once it is on the disk. Returns how to stop. */
  onNoted(listener: (noted: readonly Noted[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Says it in the own log; resolves when it is on the disk. What is said in one turn goes in one write. Rejects with InternalError
   * `journal_busy`, `disk_full`, UsageError `statement_too_long`, ValidationError `journal_behind`.
   */
  say(statement: Pick<Statement, "kind" | "body">): Promise<Said> {
    if (this.#waiting.length >= AGENT_LIMITS.sayQueue) return Promise.reject(busy());
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    const { promise, resolve, reject } = Promise.withResolvers<Said>();
    this.#waiting.push({ statement, resolve, reject });
    return promise;
  }

  /** What others said, in any order but that of each log; one write for all. Of each what became of it. */
  take(all: readonly Said[]): Taken[] {
    const noted: Noted[] = [];
    const taken = this.#change(() => all.map((said) => this.#takeOne(said, noted)));
    this.#tell(noted);
    return taken;
  }

  /** What a device said after `sequence`, in order: at most `count`, encoded. */
  after(device: DeviceId, sequence: number, count: number): Uint8Array[] {
    return this.#database.after(device, sequence, count);
  }

  /** Null if it is not here. */
  one(device: DeviceId, sequence: number): Said | null {
    const bytes = this.#database.one(device, sequence);
    return bytes && kept(bytes);
  }

  /** What was said of these kinds and came after that row, in the order in which it came: each log in its own order. */
  *all(kinds: readonly StatementKind[], after: number = 0): Generator<Noted> {
    for (const { bytes, row, cameAtMs, isVoid } of this.#database.all(kinds, after))
      yield { said: kept(bytes), row, cameAtMs, isVoid };
  }

  /** What waits is written first. */
  [Symbol.dispose](): void {
    this.#flush();
    this.#database[Symbol.dispose]();
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    try {
      const noted: Noted[] = [];
      this.#change(() => {
        for (const { statement } of waiting) noted.push(this.#sayOne(statement));
      });
      this.#tell(noted);
      for (const [i, { resolve }] of waiting.entries()) resolve((noted[i] as Noted).said);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  /** What is in memory follows the disk, which keeps all of a change or nothing. */
  #change<T>(work: () => T): T {
    try {
      return this.#database.transaction(work);
    } catch (error) {
      this.#ends.clear();
      for (const [device, end] of this.#database.ends()) this.#ends.set(device, end);
      throw error;
    }
  }

  #tell(noted: readonly Noted[]): void {
    if (noted.length > 0) for (const listener of this.#listeners) listener(noted);
  }

  #sayOne({ kind, body }: Pick<Statement, "kind" | "body">): Noted {
    if (this.#isBehind) throw behind();
    const bytes = encodeStatement({ kind, network: this.#o.network, body });
    if (bytes.length > AGENT_LIMITS.statementBytes) throw tooLong();
    const end = this.#ends.get(this.device);
    const entry = signEntry(
      {
        sequence: (end?.size ?? 0) + 1,
        previous: end?.hash ?? NO_ENTRY,
        // A clock that was set back must not make the log go back.
        madeAtMs: Math.max(this.#o.clock.nowMs(), end?.madeAtMs ?? 0),
        kind: "agent",
        body: bodyOf(bytes),
      },
      this.#o.key,
    );
    const said = saidOf(entry, bytes);
    if (!said) throw new InternalError("statement", "What was to be said is no statement.");
    return this.#note(said);
  }

  #takeOne(said: Said, noted: Noted[]): Taken {
    const { device, sequence, madeAtMs, entry, statement } = said;
    const end = this.#ends.get(device);
    const size = end?.size ?? 0;
    if (statement.network !== this.#o.network) return "wrong";
    if (this.#forked.has(device)) return "refused";
    if (sequence <= size) return this.#isKnown(said) ? "known" : "fork";
    if (device === this.device) {
      this.#database.setFact("behind", 1);
      this.#isBehind = true;
      return "refused";
    }
    if (sequence > size + 1) return "gap";
    if (!equalBytes(entry.previous, end?.hash ?? NO_ENTRY) || madeAtMs < (end?.madeAtMs ?? 0)) return "wrong";
    if (madeAtMs > this.#o.clock.nowMs() + AGENT_LIMITS.clockSkewMs) return "later";
    if (size >= AGENT_LIMITS.logEntries || (!end && this.#ends.size >= AGENT_LIMITS.logs)) return "refused";
    noted.push(this.#note(said));
    return "taken";
  }

  /** False for another history, which is then proven. */
  #isKnown({ device, sequence, entry }: Said): boolean {
    const bytes = this.#database.one(device, sequence);
    const known = bytes && kept(bytes);
    if (!known || equalBytes(known.entry.hash, entry.hash)) return true;
    const proof = forkOfEntries(known.entry, entry);
    if (proof) this.#database.addFork(device, proof);
    this.#forked.add(device);
    return false;
  }

  #note(said: Said): Noted {
    const { device, sequence: size, madeAtMs, statement, entry } = said;
    const { after, isVoid } = measure(this.#ends.get(device)?.measure ?? NOTHING_SAID, statement.kind, madeAtMs);
    const end = { size, hash: entry.hash, madeAtMs, measure: after };
    const about = { kind: statement.kind, madeAtMs, cameAtMs: this.#o.clock.nowMs(), isVoid };
    const row = this.#database.add(device, end, { ...about, bytes: encodeSaid(said) });
    this.#ends.set(device, end);
    return { said, row, cameAtMs: about.cameAtMs, isVoid };
  }
}

function kept(bytes: Uint8Array): Said {
  const said = parseSaid(bytes);
  if (said) return said;
  throw new InternalError("journal_corrupt", "What stands in the agent's journal is not what was written.");
}

function busy(): InternalError {
  return new InternalError("journal_busy", "Too much waits to be written to the journal.", {
    hint: "Try again in a moment.",
  });
}

function tooLong(): UsageError {
  return new UsageError("statement_too_long", "This is too long to be said in one statement.");
}

function behind(): ValidationError {
  return new ValidationError(
    "journal_behind",
    "Others know entries of this agent's log that its disk does not have, so nothing is signed.",
    {
      hint: "An older copy was put back, or the key is used elsewhere, too. Put the newest copy in its place, or begin with a new device key.",
    },
  );
}
