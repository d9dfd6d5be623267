/**
 * How much visitors may ask of the public link pages: so many calls and so many downloads at a time for each address and
 * for each link. Beside it, `link-store.ts` counts wrong passwords of each link on disk.
 *
 *   bucket: full of calls at first, one call takes one, wrong proofs more; so many a second come back
 *
 * Of an address nothing is written down: here it is a hash under a key of this start, in a table that holds the last few
 * thousand. An IPv6 address counts by its first 64 bits, because one customer has all that follow. Visitors who come
 * through a proxy have one address, that of the way in; they then share its calls, and the bounds of each link still hold.
 * Those who come by an onion service cannot be told apart either: they share more calls, and no wrong proof takes more of
 * them than a right one, or one visitor could shut out all others. Headers that name another address are not read:
 * anybody can write them.
 */
import { isIPv6 } from "node:net";
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

const OF_SHARED_ADDRESS: Bounds = {
  calls: VISITOR_LIMITS.sharedCalls,
  callsPerSecond: VISITOR_LIMITS.sharedCallsPerSecond,
  streams: VISITOR_LIMITS.sharedStreams,
};

export interface VisitorKind {
  /** All visitors come from one address. */
  readonly shared: boolean;
}

/** Who asks, and for which link. */
export interface Visitor {
  readonly address: string;
  readonly slug: string;
}

export class VisitorLimits {
  readonly #clock: Clock;
  readonly #shared: boolean;
  readonly #key = randomBytes(32);
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock, { shared }: VisitorKind = { shared: false }) {
    this.#clock = clock;
    this.#shared = shared;
  }

  /** Addresses and links that are remembered now. */
  get remembered(): number {
    return this.#buckets.size;
  }

  /** Takes one call of the address and one of the link. Throws ValidationError `too_many_requests`. */
  call(visitor: Visitor): void {
    const address = this.#ofAddress(visitor);
    if (address.calls < 1) throw linkProblem("too_many_requests");
    const link = this.#ofLink(visitor);
    if (link.calls < 1) throw linkProblem("too_many_requests");
    address.calls -= 1;
    link.calls -= 1;
  }

  /** After a wrong proof, or for a link that does not exist: the address pays more. The link is not made to. */
  failed(visitor: Visitor): void {
    if (this.#shared) return;
    const bucket = this.#ofAddress(visitor);
    bucket.calls = Math.max(0, bucket.calls - VISITOR_LIMITS.failureCalls);
  }

  /** Counts a download that begins; what is returned counts its end, once. Throws ValidationError `too_many_requests`. */
  begin(visitor: Visitor): () => void {
    const address = this.#ofAddress(visitor);
    if (address.streams >= this.#ofAddresses.streams) throw linkProblem("too_many_requests");
    const link = this.#ofLink(visitor);
    if (link.streams >= OF_LINK.streams) throw linkProblem("too_many_requests");
    address.streams += 1;
    link.streams += 1;
    let running = true;
    return () => {
      if (running) for (const bucket of [address, link]) bucket.streams -= 1;
      running = false;
    };
  }

  /** Asked for first: an address that has used up its calls moves nothing else in the table. */
  #ofAddress({ address }: Visitor): Bucket {
    return this.#bucket(`address ${networkOf(address)}`, this.#ofAddresses);
  }

  get #ofAddresses(): Bounds {
    return this.#shared ? OF_SHARED_ADDRESS : OF_ADDRESS;
  }

  #ofLink({ slug }: Visitor): Bucket {
    return this.#bucket(`link ${slug}`, OF_LINK);
  }

  /** The bucket with what has come back to it, as the one that was asked for last. */
  #bucket(name: string, { calls, callsPerSecond }: Bounds): Bucket {
    const nowMs = this.#clock.nowMs();
    const key = toHex(hmac("sha256", this.#key, utf8Encode(name)).subarray(0, 16));
    const known = this.#buckets.get(key);
    if (!known) this.#makeRoom();
    const bucket = known ?? { calls, atMs: nowMs, streams: 0 };
    const elapsedMs = Math.max(0, nowMs - bucket.atMs);
    bucket.calls = Math.min(calls, bucket.calls + (elapsedMs / 1_000) * callsPerSecond);
    bucket.atMs = nowMs;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Who downloads is not forgotten, or could begin as many again; each of these holds a connection, so they are few. */
  #makeRoom(): void {
    if (this.#buckets.size < VISITOR_LIMITS.remembered) return;
    for (const [key, { streams }] of this.#buckets) if (streams === 0) return void this.#buckets.delete(key);
  }
}

/** Of an IPv6 address its first 64 bits; any other as it is, also one of IPv4 that is written as IPv6. */
function networkOf(address: string): string {
  const [bare = ""] = address.split("%"); // the zone of a link-local one
  if (!isIPv6(bare) || bare.includes(".")) return address;
  const [head = "", tail] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const left = tail === undefined ? [] : tail.split(":").filter((group) => group !== "");
  const zeros = new Array<string>(8 - groups.length - left.length).fill("0");
  return [...groups, ...zeros, ...left].slice(0, 4).join(":");
}
