/**
 * The mount: whether other programs of this machine may use the library as a drive, and the password that they show.
 *
 * Off until the person turns it on. The password is random, so that nothing need be stretched, and lies sealed in the
 * vault: while that is locked nobody can be told from anybody else, and everybody is asked to come back.
 */
import { equalBytes, toHex, utf8Encode } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { randomBytes } from "../core/random.ts";
import { sha256 } from "../crypto/key-derivation.ts";
import type { Vault } from "../vault/vault.ts";
import { AttemptLimiter } from "./attempt-limiter.ts";

export const MOUNT_USER = "nocturne";

const META_KEY = "mount/v1";
const PASSWORD_BYTES = 16;

interface Stored {
  readonly on: boolean;
  readonly password: string;
}

export class Mount {
  readonly #vault: Vault;
  readonly #limiter: AttemptLimiter;
  #lastWrong: Uint8Array = new Uint8Array(0);

  constructor(vault: Vault, clock: Clock) {
    this.#vault = vault;
    this.#limiter = new AttemptLimiter(clock);
  }

  /** Throws LockedError. */
  get isOn(): boolean {
    return this.#read()?.on ?? false;
  }

  /** 32 hex characters; made when it is first asked for. Throws LockedError. */
  password(): string {
    return this.#read()?.password ?? this.#write({ on: false, password: newPassword() }).password;
  }

  /** A new password shuts out every program that knows the old one. Throws LockedError. */
  change({ on = this.isOn, renew = false }: { readonly on?: boolean; readonly renew?: boolean }): void {
    this.#write({ on, password: renew ? newPassword() : this.password() });
  }

  /**
   * Whether these are the right name and password. The same wrong one again counts once: a drive that was mounted with
   * the password before must not shut out the one that has the new. Throws ValidationError `too_many_attempts`, LockedError.
   */
  async admits(user: string, password: string): Promise<boolean> {
    const shown = digestOf(user, password);
    if (equalBytes(shown, this.#lastWrong)) return false;
    const wanted = digestOf(MOUNT_USER, this.password());
    try {
      await this.#limiter.run(async () => {
        if (!equalBytes(shown, wanted)) throw new Refused();
      });
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#lastWrong = shown;
      return false;
    }
  }

  #read(): Stored | null {
    return this.#vault.readMeta<Stored>(META_KEY);
  }

  #write(stored: Stored): Stored {
    this.#vault.writeMeta(META_KEY, stored);
    return stored;
  }
}

class Refused extends Error {}

/** Letters and digits only: a "-" in front would be an option to some programs that are given it. */
function newPassword(): string {
  return toHex(randomBytes(PASSWORD_BYTES));
}

/** Digests, so that how long a comparison takes says nothing about the password. */
function digestOf(user: string, password: string): Uint8Array {
  return sha256(utf8Encode(JSON.stringify([user, password])));
}
