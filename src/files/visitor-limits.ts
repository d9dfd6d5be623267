/**
 * How much visitors may ask of the public link pages: so many calls and so many downloads at a time for each address and
 * for each link. Beside it, `link-store.ts` counts wrong passwords of each link on disk.
 *
 *   bucket: full of calls at first, one call takes one, wrong proofs more; so many a second come back
 *
 * Of an address nothing is written down: here it is a hash under a key of this start, in a table that holds the last few
 * thousand. Visitors who come through a proxy or an onion service have one address, that of the way in; they then share
 * its calls, and the bounds of each link still hold. Headers that name another address are not read: anybody can write them.
 */
import type { Clock } from "../core/clock.ts";
import { VISITOR_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { toHex, utf8Encode } from "../core/bytes.ts";
import { hmac } from "../crypto/provider.ts";
import { linkProblem } from "./link-problems.ts";

interface Bucket {
  calls: number;
  atMs: number;
  streams: number;
}

interface Bounds {
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly streams: number;
}

const OF_ADDRESS: Bounds = {
  calls: VISITOR_LIMITS.addressCalls,
  callsPerSecond: VISITOR_LIMITS.addressCallsPerSecond,
  streams: VISITOR_LIMITS.addressStreams,
};
const OF_LINK: Bounds = {
  calls: VISITOR_LIMITS.linkCalls,
  callsPerSecond: VISITOR_LIMITS.linkCallsPerSecond,
  streams: VISITOR_LIMITS.linkStreams,
};

/** Who asks, and for which link. */
export interface Visitor {
  readonly address: string;
  readonly slug: string;
}

export class VisitorLimits {
  readonly #clock: Clock;
  readonly #key = randomBytes(32);
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Addresses and links that are remembered now. */
  get remembered(): number {
    return this.#buckets.size;
  }

  /** Takes one call of the address and one of the link. Throws ValidationError `too_many_requests`. */
  call(visitor: Visitor): void {
    const sides = this.#sides(visitor);
    if (sides.some(([bucket]) => bucket.calls < 1)) throw linkProblem("too_many_requests");
    for (const [bucket] of sides) bucket.calls -= 1;
  }

  /** After a wrong proof, or for a link that does not exist: the address pays more. The link is not made to. */
  failed(visitor: Visitor): void {
    const [[bucket]] = this.#sides(visitor);
    bucket.calls = Math.max(0, bucket.calls - VISITOR_LIMITS.failureCalls);
  }

  /** Counts a download that begins; what is returned counts its end, once. Throws ValidationError `too_many_requests`. */
  begin(visitor: Visitor): () => void {
    const sides = this.#sides(visitor);
    if (sides.some(([bucket, bounds]) => bucket.streams >= bounds.streams)) throw linkProblem("too_many_requests");
    for (const [bucket] of sides) bucket.streams += 1;
    let running = true;
    return () => {
      if (running) for (const [bucket] of sides) bucket.streams -= 1;
      running = false;
    };
  }

  #sides({ address, slug }: Visitor): readonly [readonly [Bucket, Bounds], readonly [Bucket, Bounds]] {
    return [
      [this.#bucket(`address ${address}`, OF_ADDRESS), OF_ADDRESS],
      [this.#bucket(`link ${slug}`, OF_LINK), OF_LINK],
    ];
  }

  /** The bucket with what has come back to it, as the one that was asked for last. */
  #bucket(name: string, { calls, callsPerSecond }: Bounds): Bucket {
    const nowMs = this.#clock.nowMs();
    const key = toHex(hmac("sha256", this.#key, utf8Encode(name)).subarray(0, 16));
    const bucket = this.#buckets.get(key) ?? { calls, atMs: nowMs, streams: 0 };
    const elapsedMs = Math.max(0, nowMs - bucket.atMs);
    bucket.calls = Math.min(calls, bucket.calls + (elapsedMs / 1_000) * callsPerSecond);
    bucket.atMs = nowMs;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > VISITOR_LIMITS.remembered && oldest !== undefined) this.#buckets.delete(oldest);
    return bucket;
  }
}
