/**
 * Download tickets. A browser saves a large file well only when a form asks for it, and a form can
 * carry neither the session header nor should it carry a password: so a script that has both asks
 * for a ticket first, and the form hands in the ticket, once.
 */
import { toBase64Url } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { ValidationError } from "../core/errors.ts";
import { API_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";

export interface Download {
  readonly name: string;
  /** null when it is not known beforehand. */
  readonly bytes: number | null;
  readonly open: () => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;
}

export class Tickets {
  readonly #clock: Clock;
  /** 256-bit random keys: a lookup's time tells nothing that could be guessed. */
  readonly #waiting: Map<string, { download: Download; expiresMs: number }> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(download: Download): string {
    const nowMs = this.#clock.nowMs();
    for (const [ticket, { expiresMs }] of this.#waiting) {
      if (expiresMs <= nowMs || this.#waiting.size >= API_LIMITS.downloadTickets) this.#waiting.delete(ticket);
    }
    const ticket = toBase64Url(randomBytes(32));
    this.#waiting.set(ticket, { download, expiresMs: nowMs + API_LIMITS.downloadTicketMs });
    return ticket;
  }

  /** What the ticket stands for, once. Throws ValidationError `unknown_ticket`. */
  redeem(ticket: string): Download {
    const found = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    if (found && found.expiresMs > this.#clock.nowMs()) return found.download;
    throw new ValidationError("unknown_ticket", "This download was already used or is too old.", {
      hint: "Start the download again.",
    });
  }

  /** Forgets what waits: a ticket may hold a password. */
  clear(): void {
    this.#waiting.clear();
  }
}
