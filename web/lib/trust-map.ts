/**
 * Where the operators of a network stand in their picture. Pure, and the same for the same operators.
 *
 *        ( o   o   o )        rings: the genesis innermost, each further ring one step away from it
 *      (   ( g  g )   )       a dot: an operator, larger the more its votes weigh
 *        ( o   o   o )        a thread: who holds him up; he stands near those who do
 *
 * Lengths are units of the picture, whose middle is at 0, 0.
 */
import type { AgentPeer } from "../../src/api/contract.ts";
import { stepIn } from "./step-keys.ts";

export interface PeerDot {
  readonly peer: AgentPeer;
  readonly x: number;
  readonly y: number;
  readonly r: number;
}

export interface TrustRing {
  readonly depth: number;
  readonly r: number;
  readonly dots: readonly PeerDot[];
}

export interface TrustThread {
  readonly from: PeerDot;
  readonly to: PeerDot;
}

export interface TrustMap {
  /** Half the picture's width and height. */
  readonly reach: number;
  readonly rings: readonly TrustRing[];
  readonly threads: readonly TrustThread[];
  /** Operators who are in the table alone. */
  readonly left: number;
}

/** More dots than these cannot be told apart, least of all on a telephone. */
const DOTS = 120;
const INNERMOST = 40;
const RING_GAP = 48;
const PITCH = 30;
const EDGE = 34;
const DOT = 4.5;
const DOT_PER_WEIGHT = 1.3;
const TURN = 2 * Math.PI;

export function drawTrust(peers: readonly AgentPeer[]): TrustMap {
  const shown = peers.toSorted(byNearness).slice(0, DOTS);
  const rings: TrustRing[] = [];
  const angles = new Map<string, number>();
  for (const depth of new Set(shown.map((peer) => peer.depth))) {
    const ring = shown.filter((peer) => peer.depth === depth);
    const least = rings.length === 0 ? INNERMOST : (rings.at(-1)?.r ?? 0) + RING_GAP;
    rings.push(placed(ring, depth, Math.max(least, (ring.length * PITCH) / TURN), angles));
  }
  const reach = (rings.at(-1)?.r ?? INNERMOST) + EDGE;
  return { reach, rings, threads: threadsOf(rings), left: peers.length - shown.length };
}

/** Yourself in any case; then those who are nearest to the genesis, and of these the weightiest. */
function byNearness(a: AgentPeer, b: AgentPeer): number {
  return Number(b.isSelf) - Number(a.isSelf) || a.depth - b.depth || b.weight - a.weight || compare(a, b);
}

/** Evenly round the ring, in the order of the directions from which they are held up. Remembers where each stands. */
function placed(peers: readonly AgentPeer[], depth: number, r: number, angles: Map<string, number>): TrustRing {
  const wanted = new Map(peers.map((peer) => [peer, meanAngle(peer, angles)]));
  const want = (peer: AgentPeer): number => wanted.get(peer) ?? 0;
  const order = peers.toSorted((a, b) => want(a) - want(b) || compare(a, b));
  const slot = TURN / order.length;
  const turned = directionOf(order.map((peer, i) => want(peer) - i * slot));
  const dots = order.map((peer, i) => {
    const angle = turned + i * slot;
    angles.set(peer.operator, angle);
    return { peer, x: r * Math.cos(angle), y: r * Math.sin(angle), r: DOT + DOT_PER_WEIGHT * peer.weight };
  });
  return { depth, r, dots };
}

/** From -pi to pi: the middle of those who hold him up and stand further in; the top without any. */
function meanAngle({ endorsers }: AgentPeer, angles: ReadonlyMap<string, number>): number {
  const known = endorsers.flatMap((one) => angles.get(one) ?? []);
  return known.length === 0 ? -TURN / 4 : directionOf(known);
}

function directionOf(angles: readonly number[]): number {
  const sum = (of: (angle: number) => number): number => angles.reduce((total, angle) => total + of(angle), 0);
  return Math.atan2(sum(Math.sin), sum(Math.cos));
}

function threadsOf(rings: readonly TrustRing[]): TrustThread[] {
  const dots = rings.flatMap((ring) => ring.dots);
  const byOperator = new Map(dots.map((dot) => [dot.peer.operator, dot]));
  return dots.flatMap((to) =>
    to.peer.endorsers.flatMap((one) => {
      const from = byOperator.get(one);
      return from ? [{ from, to }] : [];
    }),
  );
}

function compare(a: AgentPeer, b: AgentPeer): number {
  return a.operator < b.operator ? -1 : a.operator > b.operator ? 1 : 0;
}

/** The operator that an arrow key leads to, from the genesis outwards; see `stepIn`. */
export function stepToPeer({ rings }: Pick<TrustMap, "rings">, from: string | null, key: string): string | null {
  return stepIn(
    rings.flatMap(({ dots }) => dots.map(({ peer }) => peer.operator)),
    from,
    key,
  );
}
