/**
 * What is being shown: an element of the page (image, audio, video, a frame) asks for bytes by a plain GET, in parts and
 * more than once, and can carry no session header. So a script that has the session opens a preview, and the element
 * names its ticket.
 *
 *     open(...) -> ticket -> GET /api/files/preview/TICKET (any number, with Range) -> close(ticket)
 *
 * A ticket is 256 random bits for one content, good only while the session that asked for it lives and while it is used.
 */
import { toBase64Url } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { ValidationError } from "../core/errors.ts";
import { API_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import type { ContentReader } from "../files/library.ts";

export interface Preview {
  readonly type: string;
  readonly content: ContentReader;
  /** Null for one that was opened over the socket, which asks for no session. */
  readonly session: string | null;
}

export class Previews {
  readonly #clock: Clock;
  /** The one that was used last comes last. */
  readonly #open: Map<string, { preview: Preview; usedMs: number }> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(preview: Preview): string {
    this.#dropIdle();
    for (const ticket of this.#open.keys()) if (this.#open.size >= API_LIMITS.previews) this.close(ticket);
    const ticket = toBase64Url(randomBytes(32));
    this.#open.set(ticket, { preview, usedMs: this.#clock.nowMs() });
    return ticket;
  }

  /** Throws ValidationError `unknown_ticket`. */
  use(ticket: string): Preview {
    this.#dropIdle();
    const found = this.#open.get(ticket);
    if (!found) throw unknownTicket();
    this.#open.delete(ticket);
    this.#open.set(ticket, { ...found, usedMs: this.#clock.nowMs() });
    return found.preview;
  }

  /** Forgets the key of its content. */
  close(ticket: string): void {
    this.#open.get(ticket)?.preview.content.close();
    this.#open.delete(ticket);
  }

  clear(): void {
    for (const ticket of this.#open.keys()) this.close(ticket);
  }

  #dropIdle(): void {
    const oldestMs = this.#clock.nowMs() - API_LIMITS.previewIdleMs;
    for (const [ticket, { usedMs }] of this.#open) if (usedMs <= oldestMs) this.close(ticket);
  }
}

function unknownTicket(): ValidationError {
  return new ValidationError("unknown_ticket", "This preview has ended.", { hint: "Open it again." });
}
