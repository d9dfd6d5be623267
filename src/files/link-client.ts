/**
 * The calls of somebody's share link, for receiving it without a browser.
 *
 *   GET info -> state, salt | POST claim {proof} -> lease, sealed manifest | GET content, lease, Range -> ciphertext
 *
 * The address was written by somebody else: no redirect is followed, no answer is longer than it may be, and of an
 * error only its code is read; an answer of another shape counts as none. A range is asked for again where it broke;
 * what was never sealed for us is not told apart here, but by who opens it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import { toBase64Url, utf8Decode } from "../core/bytes.ts";
import { NetworkError, NocturneError } from "../core/errors.ts";
import type { Fetch } from "../core/fetch.ts";
import { DOWNLOAD_LIMITS, FILE_LIMITS } from "../core/limits.ts";
import { parseLink } from "../crypto/link-key.ts";
import { bodyOf } from "./answer-body.ts";
import { linkProblemOf } from "./link-problems.ts";
import type { LinkClaim, LinkInfo } from "./views.ts";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const infoSchema: v.GenericSchema<LinkInfo> = v.object({
  state: v.picklist(["active", "used", "expired", "ended", "unknown"]),
  needsPassword: v.boolean(),
  passwordSalt: v.nullable(v.string()),
  argon2: v.nullable(v.object({ memoryKiB: count, passes: count, lanes: count })),
});

const claimSchema: v.GenericSchema<LinkClaim> = v.object({
  lease: v.string(),
  leaseExpiresAt: v.pipe(v.string(), v.isoTimestamp()),
  sealedManifest: v.string(),
  contentBytes: count,
  missing: v.exactOptional(v.array(count)),
});

const AGAIN = "Try again when it is running and within reach.";
/** A use is counted before its answer is sent, and the answer can be lost. */
const CLAIM_AGAIN = "Try again. If the link counts as used then, the answer to this try was lost: ask for a new link.";

/** Refusals that it takes a while to wait for. */
const PASSING: ReadonlySet<string> = new Set(["too_many_requests", "too_many_attempts", "too_many_downloads"]);

/** After the nth break in a row: returns when it is time to try again, or throws to give up. */
export type Broke = (error: NocturneError, failures: number) => Promise<void>;

export interface LinkClientOptions {
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
  /** What a break of content means; a few tries for half a minute when nothing is said. */
  readonly broke?: Broke | undefined;
  /** Other than the limit only for tests that cannot wait. */
  readonly stallMs?: number | undefined;
}

export class LinkClient {
  readonly #base: string;
  readonly #fetch: Fetch;
  readonly #signal: AbortSignal;
  readonly #broke: Broke;
  readonly #stallMs: number;

  /** Throws ValidationError `bad_link`; NetworkError `link_unreachable` for an address of another kind than http. */
  constructor(
    link: string,
    { fetch, signal, broke = fewTries(signal), stallMs = DOWNLOAD_LIMITS.stallMs }: LinkClientOptions,
  ) {
    const { slug } = parseLink(link);
    const url = URL.parse(link.trim());
    if (!url || !["http:", "https:"].includes(url.protocol)) throw unreachable();
    this.#base = `${url.origin}${url.pathname.slice(0, url.pathname.lastIndexOf("/s/"))}/s/${slug}`;
    this.#fetch = fetch;
    this.#signal = signal;
    this.#broke = broke;
    this.#stallMs = stallMs;
  }

  /** Throws NetworkError `link_unreachable`, and ValidationErrors of `link-problems.ts`, as all calls do. */
  info(): Promise<LinkInfo> {
    return this.#json(infoSchema, "info", {});
  }

  /** Takes one use, by the proof of 32 bytes. After `link_unreachable` nobody knows whether it was taken. */
  async claim(proof: Uint8Array): Promise<LinkClaim> {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ proof: toBase64Url(proof) });
    try {
      return await this.#json(claimSchema, "claim", { method: "POST", headers, body });
    } catch (error) {
      throw error instanceof NetworkError ? unreachable(error, CLAIM_AGAIN) : error;
    }
  }

  /** Bytes `start` to `end` (exclusive) of the content, and not one more, over breaks as far as `broke` goes along. */
  async *content(lease: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    let failures = 0;
    for (let at = start; at < end; ) {
      try {
        for await (const piece of this.#range(lease, at, end)) {
          at += piece.length;
          failures = 0;
          yield piece;
        }
        if (at < end) throw unreachable(); // a clean but early end, which some proxies make of a broken connection
      } catch (error) {
        if (this.#signal.aborted || !mayPass(error)) throw error;
        await this.#broke(error, ++failures);
      }
    }
  }

  async *#range(lease: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    const stall = new AbortController();
    const watch = (): NodeJS.Timeout => setTimeout(() => stall.abort(), this.#stallMs);
    let timer = watch();
    try {
      const headers = { "x-nocturne-lease": lease, range: `bytes=${start}-${end - 1}` };
      const answer = await this.#ask("content", { headers, signal: AbortSignal.any([this.#signal, stall.signal]) });
      if (answer.status !== 206) throw unreachable();
      let left = end - start;
      for await (const piece of answer.body ?? []) {
        clearTimeout(timer);
        yield piece.subarray(0, left); // a slow disk is no silence: the clock stands while it is written
        timer = watch();
        left -= piece.length;
        if (left <= 0) return;
      }
    } catch (error) {
      throw error instanceof NocturneError || this.#signal.aborted ? error : unreachable(error);
    } finally {
      clearTimeout(timer);
      stall.abort();
    }
  }

  async #json<T>(schema: v.GenericSchema<T>, path: string, init: RequestInit): Promise<T> {
    try {
      const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(this.#stallMs)]);
      const text = utf8Decode(await bodyOf(await this.#ask(path, { ...init, signal }), FILE_LIMITS.linkAnswerBytes));
      return v.parse(schema, JSON.parse(text));
    } catch (error) {
      throw error instanceof NocturneError || this.#signal.aborted ? error : unreachable(error);
    }
  }

  async #ask(path: string, init: RequestInit): Promise<Response> {
    const answer = await this.#fetch(`${this.#base}/${path}`, { ...init, redirect: "error" });
    if (answer.ok) return answer;
    const refused = JSON.parse(utf8Decode(await bodyOf(answer, FILE_LIMITS.linkAnswerBytes))) as {
      error?: { code?: unknown };
    } | null;
    throw linkProblemOf(refused?.error?.code) ?? unreachable();
  }
}

/** Whether it may be otherwise in a while: nobody answers, or too many ask. */
export function mayPass(error: unknown): error is NocturneError {
  return error instanceof NetworkError || (error instanceof NocturneError && PASSING.has(error.code));
}

function fewTries(signal: AbortSignal): Broke {
  return async (error, failures) => {
    if (failures > DOWNLOAD_LIMITS.retries) throw error;
    await sleep(DOWNLOAD_LIMITS.retryMs * 2 ** (failures - 1), undefined, { signal });
  };
}

/** NetworkError `link_unreachable`. */
export function unreachable(cause?: unknown, hint: string = AGAIN): NetworkError {
  return new NetworkError("link_unreachable", "The computer that keeps this file does not answer as it should.", {
    hint,
    cause,
  });
}
