/**
 * Which circuit a label's streams take. Tor gives streams with another SOCKS user or password other circuits.
 *
 *   user = HMAC(key of this start, label)      Tor, and who reads its memory, learns no label
 *   password = how many circuits of this label were given up
 */
import { toHex, utf8Encode } from "../../core/bytes.ts";
import { randomBytes } from "../../core/random.ts";
import { TOR_LIMITS } from "../../core/route-limits.ts";
import { hmac } from "../../crypto/provider.ts";
import type { Credentials } from "./socks-stream.ts";

const KEY_BYTES = 32;

export class Isolation {
  #key = randomBytes(KEY_BYTES);
  readonly #generations = new Map<string, number>();

  /** New circuits for every label; none can be linked to those before. */
  renew(): void {
    this.#key = randomBytes(KEY_BYTES);
    this.#generations.clear();
  }

  userOf(label: string): string {
    return toHex(hmac("sha256", this.#key, utf8Encode(label)));
  }

  /** For attempt number `attempt` of a stream, 0 being the circuit that the label uses now. */
  credentials(label: string, attempt: number): Credentials {
    const user = this.userOf(label);
    return { user, password: String((this.#generations.get(user) ?? 0) + attempt) };
  }

  /** The circuit of these opened: the label stays with it, and those before are not asked for again. */
  settle({ user, password }: Credentials): void {
    const generation = Math.max(this.#generations.get(user) ?? 0, Number(password));
    this.#generations.delete(user);
    if (generation > 0) this.#generations.set(user, generation);
    if (this.#generations.size <= TOR_LIMITS.labels) return;
    for (const oldest of this.#generations.keys()) {
      this.#generations.delete(oldest);
      return;
    }
  }
}
