/**
 * Cells that two relays both have, where their lists differ, and queries about these alone (NEP-14).
 *
 *   list of A    a b   d e        bits of A    1 0   1 1           the common ones are b, d, e
 *   list of B      b c d e        bits of B      0 0 1 0 (e wanted: flipped)
 *
 * Bits of cells that only one has are 0 there: each query is uniform over the common ones, whichever is wanted.
 */

import { makeQueries } from "../crypto/pir.ts";
import { HEADER_BYTES } from "../nostr/header-stream.ts";

const ID_AT = 64;

export interface CommonCells {
  /** n * 96 bytes, by id. */
  readonly headers: Uint8Array;
  /** Where each of them stands in the list of either. */
  readonly places: readonly [Uint32Array, Uint32Array];
  /** Cells of either list. */
  readonly counts: readonly [number, number];
}

/** Of two lists of headers, each by id. A header that differs under the same id is in neither. */
export function commonCells(a: Uint8Array, b: Uint8Array): CommonCells {
  const [ofA, ofB, headers]: [number[], number[], Uint8Array[]] = [[], [], []];
  const counts = [a.length / HEADER_BYTES, b.length / HEADER_BYTES] as const;
  for (let i = 0, j = 0; i < counts[0] && j < counts[1]; ) {
    const [one, other] = [headerAt(a, i), headerAt(b, j)];
    const order = compare(one, other, ID_AT);
    if (order === 0 && compare(one, other, 0) === 0) {
      ofA.push(i);
      ofB.push(j);
      headers.push(one);
    }
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return { headers: join(headers), places: [Uint32Array.from(ofA), Uint32Array.from(ofB)], counts };
}

/** The two queries for the common cell of this index, each over the whole list of its relay. */
export function queriesAbout({ places, counts }: CommonCells, index: number): readonly [Uint8Array, Uint8Array] {
  const [a, b] = makeQueries(places[0].length, index);
  return [spread(a, places[0], counts[0]), spread(b, places[1], counts[1])];
}

function spread(query: Uint8Array, places: Uint32Array, count: number): Uint8Array {
  const whole = new Uint8Array(Math.ceil(count / 8));
  for (const [i, place] of places.entries()) {
    const bit = ((query[i >> 3] as number) >> (i & 7)) & 1;
    whole[place >> 3] = (whole[place >> 3] as number) | (bit << (place & 7));
  }
  return whole;
}

function headerAt(headers: Uint8Array, i: number): Uint8Array {
  return headers.subarray(i * HEADER_BYTES, (i + 1) * HEADER_BYTES);
}

function compare(a: Uint8Array, b: Uint8Array, from: number): number {
  for (let at = from; at < HEADER_BYTES; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

function join(headers: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(headers.length * HEADER_BYTES);
  for (const [i, header] of headers.entries()) whole.set(header, i * HEADER_BYTES);
  return whole;
}
