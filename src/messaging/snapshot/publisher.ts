/**
 * Keeps a snapshot of the account at its own relays, for who has nothing left but the recovery key.
 *
 *   every few minutes: changed, or a day old? -> content -> cells -> copy for each relay -> its stream, one cell at a time
 *
 * Only one cell waits in a relay's stream, so that mail waits a period longer at most. A cell leaves in the place of a
 * dummy, so that nothing tells a relay that there was one. What is noted before the first cell leaves is never used again,
 * also after a crash: an epoch serves one snapshot. Specified in NEP-19.
 */

import { fromHex, toBase64Url, toHex, utf8Encode, wipeBytes } from "../../core/bytes.ts";
import type { Clock, Timers } from "../../core/clock.ts";
import { SNAPSHOT_LIMITS } from "../../core/cell-limits.ts";
import { NetworkError, ValidationError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { Account } from "../../vault/account.ts";
import { cellEvent } from "../cell/cell.ts";
import type { Rooms } from "../composer.ts";
import type { Streams } from "../cover/streams.ts";
import { type AccountSummary, fitSummary } from "./account-summary.ts";
import { cutSnapshot, DIGEST_BYTES, sealSnapshotCell } from "./snapshot-format.ts";
import { epochAt, type SnapshotKeys, snapshotKeys } from "./snapshot-keys.ts";
import { summarize, type SummaryParts } from "./summarize.ts";

/** What a messenger is handed so that it keeps snapshots. */
export interface SnapshotSource {
  /** 32 bytes that only the recovery key gives (SNAPSHOT_SECRET): a copy, which is overwritten after use. */
  readonly secret: () => Uint8Array;
  readonly parts: () => SummaryParts;
  /** One's own relays but the embedded one, which is lost with the machine. */
  readonly relays: () => readonly string[];
}

export interface SnapshotPublisherOptions extends Pick<Rooms, "contacts" | "conversations" | "groups" | "devices"> {
  readonly vault: Account;
  readonly streams: Pick<Streams, "send">;
  readonly source: SnapshotSource;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}

/** Of the last snapshot, as the vault keeps it. */
export interface SnapshotState {
  readonly epoch: number;
  readonly sequence: number;
  /** Hex: of the snapshot, and of what it was made from. */
  readonly digest: string;
  readonly madeFrom: string;
  readonly atMs: number;
  readonly cells: number;
  /** People who did not fit. */
  readonly leftOut: number;
  /** Relays that took all of it; empty until it is done, and after a crash. */
  readonly relays: readonly string[];
  /** The last that a relay took all of, this one or one before it; null if there never was one. */
  readonly whole: Pick<SnapshotState, "atMs" | "relays"> | null;
}

/** What a snapshot is made from. */
interface Source {
  readonly summary: AccountSummary;
  /** Says whether anything changed: what is told, and to whom. */
  readonly madeFrom: string;
}

const STATE = "snapshot";

/** The last snapshot of an account; null if there never was one. */
export function readSnapshotState(vault: Account): SnapshotState | null {
  return vault.readMeta<SnapshotState>(STATE);
}

/** An account that was brought back goes on with the chain where it ended. */
export function continueChain(vault: Account, last: { epoch: number; sequence: number; digest: Uint8Array }): void {
  const { epoch, sequence, digest } = last;
  const nothing = { madeFrom: "", atMs: 0, cells: 0, leftOut: 0, relays: [], whole: null };
  vault.writeMeta(STATE, { epoch, sequence, digest: toHex(digest), ...nothing } satisfies SnapshotState);
}

export class SnapshotPublisher {
  readonly #o: SnapshotPublisherOptions;
  #cancelTimer: () => void = () => {};
  #running: Promise<SnapshotState> | null = null;
  #closed = false;

  constructor(options: SnapshotPublisherOptions) {
    this.#o = options;
    this.#checkLater();
  }

  /**
   * Makes one now, whether anything changed or not; resolves once every relay took or refused it. Throws ValidationError
   * `no_outside_relay`, `snapshot_too_soon`, NetworkError `no_relay` if none took all of it.
   */
  async publish(): Promise<SnapshotState> {
    // Again after each: of several that wait, another one may have begun first.
    while (this.#running) await this.#running.catch(() => {});
    const { source, clock } = this.#o;
    if (source.relays().length === 0) throw noOutsideRelay();
    const now = epochAt(clock.nowMs());
    const epoch = Math.max(now, (readSnapshotState(this.#o.vault)?.epoch ?? 0) + 1);
    if (epoch > now + SNAPSHOT_LIMITS.aheadEpochs) throw tooSoon();
    const made = await this.#begin(epoch, this.#read());
    if (made.relays.length === 0) throw new NetworkError("no_relay", "No relay took the whole summary.");
    return made;
  }

  /** Begins none by itself any more; of one under way no further cell leaves, and it counts as interrupted. Waits for nothing. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer();
  }

  #checkLater(): void {
    this.#cancelTimer = this.#o.timers.schedule(() => {
      this.#check().catch((error: unknown) => {
        const name = error instanceof Error ? error.name : "";
        if (!this.#closed) this.#o.log.warn({ error: name }, "the summary for the recovery key was put off");
      });
      if (!this.#closed) this.#checkLater();
    }, SNAPSHOT_LIMITS.checkMs);
  }

  async #check(): Promise<void> {
    const { devices, source, vault, clock } = this.#o;
    // A linked device has no recovery key that would bring the account back.
    if (this.#closed || this.#running || !devices.isMain || source.relays().length === 0) return;
    const last = readSnapshotState(vault);
    const nowMs = clock.nowMs();
    if (last && epochAt(nowMs) <= last.epoch) return;
    const isOld = !last || last.relays.length === 0 || nowMs - last.atMs >= SNAPSHOT_LIMITS.renewMs;
    const read = this.#read();
    if (isOld || last.madeFrom !== read.madeFrom) await this.#begin(epochAt(nowMs), read);
  }

  #begin(epoch: number, read: Source): Promise<SnapshotState> {
    this.#running = this.#send(epoch, read).finally(() => (this.#running = null));
    return this.#running;
  }

  async #send(epoch: number, { summary, madeFrom }: Source): Promise<SnapshotState> {
    const { vault, source, clock } = this.#o;
    const { content, leftOut } = fitSummary(summary);
    const last = readSnapshotState(vault);
    const sequence = (last?.sequence ?? 0) + 1;
    const previous = last ? fromHex(last.digest) : new Uint8Array(DIGEST_BYTES);
    const { cells, digest } = cutSnapshot({ sequence, previous }, content);
    const about = { epoch, sequence, digest: toHex(digest), madeFrom, leftOut };
    const [atMs, whole] = [clock.nowMs(), last?.whole ?? null];
    const begun: SnapshotState = { ...about, atMs, cells: cells.length, relays: [], whole };
    vault.writeMeta(STATE, begun);
    const secret = source.secret();
    const keys = snapshotKeys(secret, epoch);
    wipeBytes(secret);
    const urls = this.#targets();
    const taken = await Promise.all(urls.map((url, copy) => this.#sendCopy(keys, copy, url, cells)));
    const relays = urls.filter((_, copy) => taken[copy]);
    const done = { ...begun, relays, whole: relays.length > 0 ? { atMs, relays } : whole };
    if (!this.#closed) vault.writeMeta(STATE, done);
    return done;
  }

  async #sendCopy(keys: SnapshotKeys, copy: number, url: string, cells: readonly Uint8Array[]): Promise<boolean> {
    for (const [slot, bytes] of cells.entries()) {
      let isTaken = false;
      for (let attempt = 0; !isTaken && attempt < SNAPSHOT_LIMITS.tries; attempt++) {
        if (this.#closed) return false;
        const sealed = sealSnapshotCell(keys, { copy, attempt, slot }, bytes);
        isTaken = await this.#o.streams.send(url, () => cellEvent(sealed, this.#o.clock.nowMs()));
      }
      if (!isTaken) return false;
    }
    return true;
  }

  #read(): Source {
    const summary = summarize(this.#o, this.#o.source.parts());
    return { summary, madeFrom: toBase64Url(sha256(utf8Encode(JSON.stringify([summary, this.#targets()])))) };
  }

  #targets(): string[] {
    return this.#o.source.relays().slice(0, SNAPSHOT_LIMITS.copies);
  }
}

function noOutsideRelay(): ValidationError {
  return new ValidationError("no_outside_relay", "You use no relay but your own, which is lost with this machine.", {
    hint: "Choose a relay in the settings, or keep a backup file: nocturne backup PATH",
  });
}

function tooSoon(): ValidationError {
  return new ValidationError("snapshot_too_soon", "Several summaries were made just now.", {
    hint: "Try again in half an hour.",
  });
}
