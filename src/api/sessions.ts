/**
 * Launch tokens and sessions. A launch URL carries a token in its fragment, which no server and no
 * log ever sees; the page trades it once for a session that lives in its memory only.
 *
 *     createLaunchToken -> http://localhost:8080/#token=TOKEN -> open(TOKEN) -> session -> has(session)
 *
 * Only digests are kept and all of them are compared, so that neither memory nor time tells a token.
 */
import { equalBytes, toBase64Url, utf8Encode } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { API_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { sha256 } from "../crypto/key-derivation.ts";

const TOKEN_BYTES = 32;

export class Sessions {
  readonly #clock: Clock;
  #launches: { digest: Uint8Array; expiresMs: number }[] = [];
  #sessions: Uint8Array[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** base64url of 32 random bytes, good once and for 60 s. */
  createLaunchToken(): string {
    const { token, digest } = createToken();
    const expiresMs = this.#clock.nowMs() + API_LIMITS.launchTokenMs;
    this.#launches = [...this.#launches, { digest, expiresMs }].slice(-API_LIMITS.sessions);
    return token;
  }

  /** A new session for a launch token, or null when it is unknown, used or too old. */
  open(token: string): string | null {
    const digest = digestOf(token);
    const nowMs = this.#clock.nowMs();
    const alive = this.#launches.filter((launch) => launch.expiresMs > nowMs);
    this.#launches = alive.filter((launch) => !equalBytes(launch.digest, digest));
    if (this.#launches.length === alive.length) return null;
    const session = createToken();
    this.#sessions = [...this.#sessions, session.digest].slice(-API_LIMITS.sessions);
    return session.token;
  }

  has(session: string): boolean {
    const digest = digestOf(session);
    return this.#sessions.filter((known) => equalBytes(known, digest)).length > 0;
  }

  closeAll(): void {
    this.#launches = [];
    this.#sessions = [];
  }
}

function createToken(): { token: string; digest: Uint8Array } {
  const token = toBase64Url(randomBytes(TOKEN_BYTES));
  return { token, digest: digestOf(token) };
}

function digestOf(token: string): Uint8Array {
  return sha256(utf8Encode(token));
}
