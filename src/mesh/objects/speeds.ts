/** How fast nodes gave fragments lately, so that the fastest are asked first. */
import type { NodeId } from "../node-id.ts";

/** Weight of the newest in the moving average. */
const NEWEST = 0.3;
/** What nobody was measured at yet: as a middling home line, 1 MB/s. */
const UNKNOWN_MS_PER_KILOBYTE = 1;
/** Who failed counts as slow, until it gave something again. */
const FAILED = 8;
const SLOWEST_MS_PER_KILOBYTE = 10_000;

export class Speeds {
  readonly #milliseconds = new Map<NodeId, number>();

  /** A node gave so many bytes in so long. */
  gave(node: NodeId, bytes: number, tookMs: number): void {
    const now = tookMs / Math.max(1, bytes / 1_000);
    const before = this.#milliseconds.get(node) ?? now;
    this.#milliseconds.set(node, before * (1 - NEWEST) + now * NEWEST);
  }

  failed(node: NodeId): void {
    const before = this.#milliseconds.get(node) ?? UNKNOWN_MS_PER_KILOBYTE;
    this.#milliseconds.set(node, Math.min(SLOWEST_MS_PER_KILOBYTE, before * FAILED));
  }

  /** Expected, of a kilobyte. */
  millisecondsPerKilobyte(node: NodeId): number {
    return this.#milliseconds.get(node) ?? UNKNOWN_MS_PER_KILOBYTE;
  }
}
