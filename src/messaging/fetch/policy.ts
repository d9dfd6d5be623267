/**
 * Which relay is read which way: the one that tells the relay least, as far as the budget goes.
 *
 *   crowd     nothing to learn                            costs each cell whole
 *   private   nothing for one relay of a pair alone       costs each header, and a few queries
 *   headers   each body fetched is ours or a decoy        costs each header, and a few bodies
 *
 * Each relay first gets the cheapest way that it knows; what is left of the budget goes to better ones, small crowds
 * first, because there it reaches furthest. A way that was left because of its cost is taken again only when it fits well.
 */

import { PIR_LIMITS } from "../../core/cell-limits.ts";
import { HEADER_BYTES } from "../../nostr/header-stream.ts";
import { CELL_EVENT_BYTES } from "../cell/cell.ts";
import type { FetchLimits } from "./fetch-limits.ts";
import type { Way } from "./way.ts";

/** A relay, or two that hold the same cells. */
export interface RelayFacts {
  readonly urls: readonly string[];
  /** Of the whole crowd of each, ours among them. */
  readonly cellsPerHour: number;
  /** Was it watched for long enough to take a dearer way? */
  readonly isSettled: boolean;
  /** The present way. */
  readonly way: Way;
  /** What is known besides the crowd; private retrieval by two. */
  readonly knows: readonly Way[];
  /** On this machine: what it tells costs nothing. */
  readonly isFree: boolean;
}

export interface Plan {
  readonly ways: ReadonlyMap<string, Way>;
  /** False: even the cheapest ways cost more than the budget. They are taken nevertheless, or mail would be lost. */
  readonly fits: boolean;
}

/** The best for privacy first. */
const BY_PRIVACY: readonly Way[] = ["crowd", "private", "headers"];
/** The JSON around an event, and the frame around that. */
export const CELL_WIRE_BYTES: number = CELL_EVENT_BYTES + 25;
/** With its id in the request. */
export const BODY_WIRE_BYTES: number = CELL_WIRE_BYTES + 67;
const HOUR_MS = 3_600_000;

/** Bytes of one query to two relays, in an epoch of so many cells, and of the answers; base64 and words included. */
export function queryBytes(cells: number): number {
  return 2 * (cells / 6 + PIR_LIMITS.recordBytes * 1.34 + 250);
}

/** Bytes an hour that a relay costs whose crowd has so many cells; by private retrieval, a pair of relays. */
export function wayCost(way: Way, cellsPerHour: number, limits: FetchLimits): number {
  if (way === "crowd") return cellsPerHour * CELL_WIRE_BYTES;
  if (way === "private") {
    const [epochs, turns] = [3_600 / PIR_LIMITS.epochS, HOUR_MS / limits.privateMs];
    const queries = epochs * limits.epochQueries + turns * limits.olderQueries;
    return cellsPerHour * HEADER_BYTES + queries * queryBytes(cellsPerHour / epochs);
  }
  const bodies = Math.min(cellsPerHour, ((limits.freshBodies + limits.olderBodies) * HOUR_MS) / limits.batchMs);
  return cellsPerHour * HEADER_BYTES + bodies * BODY_WIRE_BYTES;
}

export function chooseWays(relays: readonly RelayFacts[], budgetBytes: number, limits: FetchLimits): Plan {
  const counted = relays.filter(({ isFree }) => !isFree).toSorted((a, b) => a.cellsPerHour - b.cellsPerHour);
  const ways = new Map<string, Way>(relays.flatMap(({ urls }) => urls.map((url) => [url, "crowd"])));
  let left = budgetBytes;
  for (const relay of counted) left -= Math.min(...possible(relay).map((way) => price(relay, way, limits)));
  const fits = left >= 0;
  for (const relay of counted) {
    const offers = possible(relay).map((way) => ({ way, price: price(relay, way, limits) }));
    const least = Math.min(...offers.map((offer) => offer.price));
    const chosen = offers.find((offer) => offer.price - least <= Math.max(0, left)) as (typeof offers)[number];
    left -= chosen.price - least;
    for (const url of relay.urls) ways.set(url, chosen.way);
  }
  return { ways, fits };
}

/** The ways of a relay, the best first; none better than the present one before it was watched. */
function possible({ way, knows, isSettled }: RelayFacts): Way[] {
  const known = BY_PRIVACY.filter((one) => one === "crowd" || knows.includes(one));
  const usable = known.filter((one) => isSettled || rank(one) >= rank(way));
  return usable.length > 0 ? usable : known;
}

function price({ urls, way, cellsPerHour }: RelayFacts, offered: Way, limits: FetchLimits): number {
  const cost = wayCost(offered, cellsPerHour, limits) * (offered === "private" ? 1 : urls.length);
  return rank(offered) < rank(way) ? (cost * 100) / limits.returnPercent : cost;
}

export function leastPrivate(ways: readonly Way[]): Way {
  return BY_PRIVACY.findLast((way) => ways.includes(way)) ?? "crowd";
}

function rank(way: Way): number {
  return BY_PRIVACY.indexOf(way);
}
