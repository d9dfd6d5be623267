/**
 * Reads bodies of cells from two relays, neither of which learns which ones (NEP-14).
 *
 *   epochs     both are asked                  what both name with the same digest, or with different ones
 *   headersOf  one is asked, or both           96 bytes a cell, of those cells that both have; they hash to the digests
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

import { NetworkError } from "../core/errors.ts";
import { PIR_LIMITS } from "../core/cell-limits.ts";
import { ROUTE_LIMITS } from "../core/limits.ts";
import { randomBelow } from "../core/random.ts";
import { combine, makeQueries } from "../crypto/pir.ts";
import { cellsInPart, digestOf, type EpochVersion } from "../nostr/retrieval.ts";
import { type CommonCells, commonCells, queriesAbout } from "./common-cells.ts";
import type { AnswerTo, Question } from "./questions.ts";
import { checkTwoOperators } from "./relay-operator.ts";
import type { RelayPool } from "./relay-pool.ts";

/** URLs of two relays, of two operators. */
export type RelayPair = readonly [string, string];

/** One database of a relay. */
interface PirList {
  readonly digest: string;
  readonly count: number;
}

/** What can be read from a pair of relays: all cells of a minute, or of a very full one a part. */
export interface PirEpoch {
  /** Minutes since 1970: the cells are dated `epoch * PIR_LIMITS.epochS`. */
  readonly epoch: number;
  /** 0 but for epochs of more than `PIR_LIMITS.records` cells. */
  readonly part: number;
  /** Cells; where the two relays differ, at most so many. 0 if it cannot be read: one has none, or they differ in several parts. */
  readonly count: number;
  /** Changes with late cells: the same number with another digest is read again. */
  readonly digest: string;
  /** Where the two relays do not have the same: what each has, in the order of the pair. */
  readonly differing?: readonly [PirList, PirList];
}

export interface PrivateRetrievalOptions {
  /** The anonymous one: nothing is proven on its connections. */
  readonly pool: Pick<RelayPool, "ask">;
  /**
   * A question failed. `relay` is the URL of the one to blame, or null when the two have too little in common to read an
   * epoch (`pir_differs`).
   * Codes: those of `RelayPool.ask`, and `pir_answer` for an answer that is not what was asked.
   */
  readonly onFailure?: (relay: string | null, code: string) => void;
}

type Given<Q extends Question> = AnswerTo<Q> | null;

export class PrivateRetrieval {
  readonly #pool: Pick<RelayPool, "ask">;
  readonly #onFailure: (relay: string | null, code: string) => void;
  readonly #common = new WeakMap<PirEpoch, CommonCells>();

  constructor({ pool, onFailure }: PrivateRetrievalOptions) {
    this.#pool = pool;
    this.#onFailure = onFailure ?? (() => {});
  }

  /**
   * What can be read, of epochs from this one on, in their order. Of several versions of an epoch the newest that both
   * have; if they have none in common, the newest of each. An epoch that only one of them has is told, too: mail may be
   * in it. Empty when a relay failed. Throws UsageError `same_operator`.
   */
  async epochs(pair: RelayPair, from = 0): Promise<PirEpoch[]> {
    checkTwoOperators(pair);
    const [a, b] = await this.#askBoth(pair, () => ({ type: "PIR-EPOCHS", from }) as const);
    if (!a || !b) return [];
    const numbers = new Set([...a, ...b].map(({ epoch }) => epoch));
    const found = [...numbers].map((epoch) => match(versionsOf(epoch, a), versionsOf(epoch, b)));
    if (found.some(([one]) => one?.count === 0)) this.#onFailure(null, "pir_differs");
    return found.flat().sort((one, other) => one.epoch - other.epoch);
  }

  /**
   * The headers of the cells that can be read, n * 96 bytes, in the order by which `read` numbers them. What a relay says
   * must have the digest that it named: one is asked, either as likely, if both named the same, else both. Null when one
   * failed, or they have too little in common. Throws UsageError `same_operator`.
   */
  async headersOf(pair: RelayPair, epoch: PirEpoch): Promise<Uint8Array | null> {
    checkTwoOperators(pair);
    if (epoch.count === 0) return null;
    if (epoch.differing) return (await this.#commonOf(pair, epoch))?.headers ?? null;
    return this.#headersAt(pair[randomBelow(2)] as string, epoch, epoch);
  }

  /**
   * The record at `index` of the epoch's headers: the decoded content of that cell, `PIR_LIMITS.recordBytes`, if neither
   * relay lied. A query is made anew for each call. `index` null reads a random record, which looks the same to both
   * relays. The pair is in the order in which it was given for this epoch. Null when a relay failed, or they have too
   * little in common. Throws UsageError `same_operator` or `pir_index`.
   */
  async read(pair: RelayPair, epoch: PirEpoch, index: number | null): Promise<Uint8Array | null> {
    checkTwoOperators(pair);
    if (epoch.count === 0) return null;
    const queries = await this.#queriesFor(pair, epoch, index);
    if (!queries) return null;
    const answers = await this.#askBoth(pair, (i) => {
      const { digest } = epoch.differing?.[i] ?? epoch;
      return { type: "PIR", epoch: epoch.epoch, part: epoch.part, digest, query: queries[i] } as const;
    });
    for (const [i, answer] of answers.entries()) {
      if (answer && answer.length !== PIR_LIMITS.recordBytes) this.#onFailure(pair[i] as string, "pir_answer");
    }
    const [a, b] = answers;
    return a?.length === PIR_LIMITS.recordBytes && b?.length === PIR_LIMITS.recordBytes ? combine(a, b) : null;
  }

  async #queriesFor(
    pair: RelayPair,
    epoch: PirEpoch,
    index: number | null,
  ): Promise<readonly [Uint8Array, Uint8Array] | null> {
    if (!epoch.differing) return makeQueries(epoch.count, index ?? randomBelow(epoch.count));
    const common = await this.#commonOf(pair, epoch);
    return common && queriesAbout(common, index ?? randomBelow(common.places[0].length));
  }

  /** Of an epoch of which the relays have different cells: those that both have. */
  async #commonOf(pair: RelayPair, epoch: PirEpoch): Promise<CommonCells | null> {
    const known = this.#common.get(epoch);
    if (known) return known;
    const lists = epoch.differing as readonly [PirList, PirList];
    const [a, b] = await Promise.all([
      this.#headersAt(pair[0], epoch, lists[0]),
      this.#headersAt(pair[1], epoch, lists[1]),
    ]);
    const common = a && b && commonCells(a, b);
    // A relay that hides most cells would learn that the wanted one is among the rest.
    const least = (Math.max(lists[0].count, lists[1].count) * ROUTE_LIMITS.commonPercent) / 100;
    if (common && common.places[0].length < least) this.#onFailure(null, "pir_differs");
    if (!common || common.places[0].length < least) return null;
    this.#common.set(epoch, common);
    return common;
  }

  async #headersAt(url: string, { epoch, part }: PirEpoch, { digest, count }: PirList): Promise<Uint8Array | null> {
    const headers = await this.#ask(url, { type: "PIR-HEADERS", epoch, part, digest, count });
    if (!headers || digestOf(headers) === digest) return headers;
    this.#onFailure(url, "pir_answer");
    return null;
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

function versionsOf(epoch: number, versions: readonly EpochVersion[]): EpochVersion[] {
  return versions.filter((version) => version.epoch === epoch);
}

/** What can be read of one epoch, given all its versions at either relay, the newest first. */
function match(a: readonly EpochVersion[], b: readonly EpochVersion[]): PirEpoch[] {
  const known = new Set(b.map(nameOf));
  const same = a.find((version) => known.has(nameOf(version)));
  if (same) return partsOf(same);
  const [newestA, newestB] = [a[0], b[0]];
  // Cells of one relay's part may be in another part of the other's.
  if (newestA?.digests.length !== 1 || newestB?.digests.length !== 1) return [unreadable(newestA ?? newestB)];
  const differing = [listOf(newestA), listOf(newestB)] as const;
  const [one, other] = differing;
  const count = Math.min(one.count, other.count);
  return [{ epoch: newestA.epoch, part: 0, count, digest: `${one.digest} ${other.digest}`, differing }];
}

function unreadable(version: EpochVersion | undefined): PirEpoch {
  return { epoch: version?.epoch ?? 0, part: 0, count: 0, digest: "" };
}

function listOf({ count, digests }: EpochVersion): PirList {
  return { count, digest: digests[0] as string };
}

function partsOf(version: EpochVersion): PirEpoch[] {
  const { epoch, digests } = version;
  return digests.map((digest, part) => ({ epoch, part, count: cellsInPart(version, part), digest }));
}

function nameOf({ count, digests }: EpochVersion): string {
  return [count, ...digests].join(" ");
}
