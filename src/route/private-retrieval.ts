/**
 * Reads bodies of cells from two relays, neither of which learns which ones (NEP-14).
 *
 *   epochs     both are asked                  what both name with the same digest
 *   headersOf  one of the two is asked         96 bytes a cell; they hash to the digest that both named
 *   read       both are asked at one moment    query A to one, query B to the other; their answers together are the record
 *
 *   const retrieval = new PrivateRetrieval({ pool, onFailure: (relay, code) => ... });
 *   for (const part of await retrieval.epochs(pair, from)) {
 *     const headers = await retrieval.headersOf(pair, part);                     // find one's own among them
 *     const record = headers && (await retrieval.read(pair, part, index));       // index of the header; null: a dummy
 *   }
 *
 * What protects is that the two relays do not compare notes. Whoever reads only when mail is there tells both when that
 * is: read at times, and as often, as do not depend on it, with `index` null where nothing is wanted. An answer is not
 * authenticated: a record that does not open was altered, or is somebody else's.
 */

import { NetworkError, UsageError } from "../core/errors.ts";
import { PIR_LIMITS } from "../core/limits.ts";
import { randomBelow } from "../core/random.ts";
import { combine, makeQueries } from "../crypto/pir.ts";
import { cellsInPart, digestOf, type EpochVersion } from "../nostr/retrieval.ts";
import type { AnswerTo, Question } from "./questions.ts";
import type { RelayPool } from "./relay-pool.ts";

/** URLs of two relays, of two operators. */
export type RelayPair = readonly [string, string];

/** One database that both relays of a pair hold: all cells of a minute, or of a very full one a part. */
export interface PirEpoch {
  /** Minutes since 1970: the cells are dated `epoch * PIR_LIMITS.epochS`. */
  readonly epoch: number;
  /** 0 but for epochs of more than `PIR_LIMITS.records` cells. */
  readonly part: number;
  /** Cells, at least 1. */
  readonly count: number;
  /** Changes with late cells: the same number with another digest is read again. */
  readonly digest: string;
}

export interface PrivateRetrievalOptions {
  /** The anonymous one: nothing is proven on its connections. */
  readonly pool: Pick<RelayPool, "ask">;
  /**
   * A question failed. `relay` is the URL of the one to blame, or null when the two do not hold the same (`pir_differs`).
   * Codes: those of `RelayPool.ask`, and `pir_answer` for an answer that is not what was asked.
   */
  readonly onFailure?: (relay: string | null, code: string) => void;
}

type Given<Q extends Question> = AnswerTo<Q> | null;

export class PrivateRetrieval {
  readonly #pool: Pick<RelayPool, "ask">;
  readonly #onFailure: (relay: string | null, code: string) => void;

  constructor({ pool, onFailure }: PrivateRetrievalOptions) {
    this.#pool = pool;
    this.#onFailure = onFailure ?? (() => {});
  }

  /**
   * What both relays serve with the same digest, of epochs from this one on, in their order. Of several versions of an
   * epoch the newest that both have. Empty when a relay failed. Throws UsageError `same_operator`.
   */
  async epochs(pair: RelayPair, from = 0): Promise<PirEpoch[]> {
    checkPair(pair);
    const [a, b] = await this.#askBoth(pair, () => ({ type: "PIR-EPOCHS", from }) as const);
    if (!a || !b) return [];
    const [known, common] = [new Set(b.map(nameOf)), new Map<number, EpochVersion>()];
    for (const version of a) {
      if (known.has(nameOf(version)) && !common.has(version.epoch)) common.set(version.epoch, version);
    }
    if ([...a, ...b].some(({ epoch }) => !common.has(epoch))) this.#onFailure(null, "pir_differs");
    return [...common.values()].sort((one, other) => one.epoch - other.epoch).flatMap(partsOf);
  }

  /**
   * The headers of an epoch's cells, n * 96 bytes in their order, which they are read by. One relay is asked, either as
   * likely, and what it says must have the digest that both named. Null when it failed. Throws UsageError `same_operator`.
   */
  async headersOf(pair: RelayPair, epoch: PirEpoch): Promise<Uint8Array | null> {
    checkPair(pair);
    const url = pair[randomBelow(2)] as string;
    const headers = await this.#ask(url, { type: "PIR-HEADERS", ...epoch });
    if (!headers || digestOf(headers) === epoch.digest) return headers;
    this.#onFailure(url, "pir_answer");
    return null;
  }

  /**
   * The record at `index` of the epoch's headers: the decoded content of that cell, `PIR_LIMITS.recordBytes`, if neither
   * relay lied. A query is made anew for each call. `index` null reads a random record, which looks the same to both
   * relays. Null when a relay failed. Throws UsageError `same_operator` or `pir_index`.
   */
  async read(pair: RelayPair, epoch: PirEpoch, index: number | null): Promise<Uint8Array | null> {
    checkPair(pair);
    const queries = makeQueries(epoch.count, index ?? randomBelow(epoch.count));
    const name = { epoch: epoch.epoch, part: epoch.part, digest: epoch.digest };
    const answers = await this.#askBoth(pair, (i) => ({ type: "PIR", ...name, query: queries[i] }) as const);
    for (const [i, answer] of answers.entries()) {
      if (answer && answer.length !== PIR_LIMITS.recordBytes) this.#onFailure(pair[i] as string, "pir_answer");
    }
    const [a, b] = answers;
    return a?.length === PIR_LIMITS.recordBytes && b?.length === PIR_LIMITS.recordBytes ? combine(a, b) : null;
  }

  /** One question to each at the same moment, and both answers awaited: a relay must not tell by one which way the other went. */
  #askBoth<Q extends Question>(pair: RelayPair, question: (i: 0 | 1) => Q): Promise<readonly [Given<Q>, Given<Q>]> {
    return Promise.all([this.#ask(pair[0], question(0)), this.#ask(pair[1], question(1))] as const);
  }

  async #ask<Q extends Question>(url: string, question: Q): Promise<Given<Q>> {
    try {
      return await this.#pool.ask(url, question);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      this.#onFailure(url, error.code);
      return null;
    }
  }
}

function partsOf(version: EpochVersion): PirEpoch[] {
  const { epoch, digests } = version;
  return digests.map((digest, part) => ({ epoch, part, count: cellsInPart(version, part), digest }));
}

function nameOf({ epoch, count, digests }: EpochVersion): string {
  return [epoch, count, ...digests].join(" ");
}

/** Two names of one relay would see both queries, and so which record is wanted. */
function checkPair(pair: RelayPair): void {
  const [a, b] = pair.map((url) => operatorOf(new URL(url).hostname));
  if (a !== b) return;
  throw new UsageError(
    "same_operator",
    "These two relays seem to be run by one operator, who would see what is read.",
    {
      hint: "Choose relays of two operators.",
    },
  );
}

const IP_ADDRESS = /^[\d.]+$|^\[/;
/** `co.uk`, `com.au`: under these, two names say nothing of each other. */
const SHARED_ENDING = /^[a-z]{2,3}\.[a-z]{2}$/;

/** As far as a name tells: the domain that somebody registered. Another operator may hide behind another name. */
function operatorOf(host: string): string {
  if (IP_ADDRESS.test(host)) return host;
  const labels = host.replace(/\.$/, "").split(".");
  const ending = labels.slice(-2).join(".");
  return SHARED_ENDING.test(ending) ? labels.slice(-3).join(".") : ending;
}
