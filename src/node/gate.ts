/**
 * The vault's door. Opening it begins what needs the keys, closing it ends that first, and no two of
 * these steps ever overlap.
 *
 *     locked --unlock--> open --lock--> locked          relay and public links work in both
 */
import { wipeBytes } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { LockedError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { parseRecoveryKey } from "../crypto/recovery-key.ts";
import type { Mover } from "../files/bucket/mover.ts";
import type { FileLibrary } from "../files/library.ts";
import type { Links } from "../files/links.ts";
import type { Receiver } from "../files/receiver.ts";
import type { Messenger } from "../messaging/messenger.ts";
import type { JoinAccount } from "../messaging/views.ts";
import { parseSecretKey } from "../nostr/keys.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import type { Vault } from "../vault/vault.ts";
import { AttemptLimiter } from "./attempt-limiter.ts";
import type { ChannelRoom } from "./channel-room.ts";
import type { EventBus } from "./event-bus.ts";
import type { Mesh } from "./mesh.ts";
import type { Network } from "./network.ts";
import type { Personas } from "./personas.ts";

export interface GateRooms {
  readonly vault: Vault;
  readonly messenger: Messenger;
  readonly channels: ChannelRoom;
  readonly personas: Personas;
  readonly pool: RelayPool;
  readonly interopPool: RelayPool;
  readonly files: FileLibrary;
  readonly links: Links;
  readonly receiver: Receiver;
  readonly store: { readonly mover: Pick<Mover, "wake"> } | null;
  readonly mesh: Pick<Mesh, "begin" | "pause">;
  readonly network: Pick<Network, "follow">;
  readonly bus: EventBus;
  /** Takes the cover that the person chose, which the vault keeps. */
  readonly adoptCover: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Gate {
  readonly #rooms: GateRooms;
  readonly #limiter: AttemptLimiter;
  #turn: Promise<unknown> = Promise.resolve();
  #begun = false;

  constructor(rooms: GateRooms) {
    this.#rooms = rooms;
    this.#limiter = new AttemptLimiter(rooms.clock);
  }

  /** True while messages are sent and collected. */
  get working(): boolean {
    return this.#begun && !this.#rooms.vault.locked;
  }

  /** From now on an open vault sends and collects messages; before, and offline, it does not. */
  begin(): void {
    this.#begun = true;
    this.#start();
  }

  /** Throws ValidationError `no_passphrase`: nothing could unlock it again. */
  lock(): Promise<void> {
    return this.#inTurn(async () => {
      const { vault, pool, bus } = this.#rooms;
      if (vault.locked) return;
      await this.#stop();
      try {
        vault.lock();
      } catch (error) {
        this.#start();
        throw error;
      }
      pool.keep([]);
      bus.emit({ event: "locked" });
    });
  }

  /** Throws CryptoError, ValidationError `too_many_attempts`. */
  unlock(passphrase: string): Promise<void> {
    return this.#open((vault) => vault.unlock(passphrase));
  }

  /**
   * By the hex key or its words, for who forgot the passphrase; from then on `next` is the passphrase.
   * Throws ValidationError `bad_recovery_key`, `passphrase_too_short`, `too_many_attempts`; CryptoError.
   */
  unlockWithRecoveryKey(text: string, next?: string): Promise<void> {
    const key = parseRecoveryKey(text);
    return this.#open((vault) => vault.unlockWithRecoveryKey(key, next));
  }

  /** `current` is asked for once there is a passphrase. Throws ValidationError, CryptoError. */
  setPassphrase(next: string, current?: string): Promise<void> {
    const { vault, bus } = this.#rooms;
    return this.#inTurn(async () => {
      await this.#limiter.run(() => vault.setPassphrase(next, current));
      bus.emit({ event: "settings" });
    });
  }

  /** Another identity, from nsec, hex or ncryptsec with its password. Throws CodecError, CryptoError, ValidationError. */
  importIdentity(secret: string, password?: string): Promise<void> {
    const { vault, bus, messenger, pool, interopPool } = this.#rooms;
    const key = parseSecretKey(secret, password);
    return this.#inTurn(async () => {
      if (this.working) messenger.devices.requireAlone();
      await this.#stop();
      try {
        vault.importIdentity(key);
      } finally {
        wipeBytes(key);
        pool.cut();
        interopPool.cut();
        this.#start();
      }
      bus.emit({ event: "settings" });
    });
  }

  /**
   * Makes this new installation the account of a recovery key, 32 bytes, which is overwritten. `begin` refuses if it is not new
   * any more, and gives what fills it before anything is sent. Throws LockedError, and what these throw.
   */
  recoverAccount<T>(key: Uint8Array, begin: () => () => T): Promise<T> {
    const { vault, clock, bus, pool, interopPool } = this.#rooms;
    return this.#inTurn(async () => {
      if (vault.locked) throw new LockedError();
      const fill = begin();
      await this.#stop();
      try {
        vault.adoptRecoveryKey(key, clock.nowMs());
        pool.cut();
        interopPool.cut();
        return fill();
      } finally {
        wipeBytes(key);
        this.#start();
        bus.emit({ event: "settings" });
      }
    });
  }

  /**
   * Makes this new installation a device of the account that made the link. Throws what `DeviceDesk.ask` throws,
   * LockedError if the vault is locked meanwhile.
   */
  async joinAccount(request: JoinAccount, signal: AbortSignal): Promise<void> {
    const { messenger, vault, bus } = this.#rooms;
    const grant = await messenger.devices.ask(request, signal);
    await this.#inTurn(async () => {
      if (vault.locked) throw new LockedError();
      await this.#stop();
      try {
        messenger.devices.adopt(grant);
      } finally {
        this.#start();
      }
      bus.emit({ event: "settings" });
    });
  }

  /** Destroys keys and data at once: whatever still runs only finds a locked vault. The node must end then. */
  async wipe(): Promise<void> {
    const { vault, pool, bus } = this.#rooms;
    const stopped = this.#stop();
    await vault.wipe();
    pool.keep([]);
    await stopped;
    bus.emit({ event: "locked" });
  }

  #open(attempt: (vault: Vault) => Promise<void>): Promise<void> {
    const { vault, bus } = this.#rooms;
    return this.#inTurn(async () => {
      if (!vault.locked) return;
      await this.#limiter.run(() => attempt(vault));
      this.#start();
      bus.emit({ event: "unlocked" });
    });
  }

  #start(): void {
    if (!this.working) return;
    const { messenger, channels, personas, files, links, receiver, store, mesh, network, adoptCover, log } =
      this.#rooms;
    network.follow();
    adoptCover();
    links.reconcile();
    files.sweep().catch((error: Error) => {
      // Locked again before it was done: the next unlock goes on with it.
      if (!(error instanceof LockedError)) log.warn({ error: error.name }, "left-over files could not be removed");
    });
    store?.mover.wake();
    mesh.begin();
    receiver.resume();
    messenger.start();
    channels.start();
    personas.start();
  }

  /** All are told at once: a wipe waits for none. */
  async #stop(): Promise<void> {
    const { messenger, channels, personas, receiver, mesh } = this.#rooms;
    await Promise.all([channels.stop(), messenger.stop(), personas.stop(), receiver.stop(), mesh.pause()]);
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(step);
    this.#turn = result.catch(() => {});
    return result;
  }
}
