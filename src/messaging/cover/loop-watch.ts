/**
 * Our cells that are under way to one relay whose crowd we read: each should come back with it, dummies and others.
 *
 *   leaves -> left(id) ... came back -> takeReturn(id): its delay
 *                      ... or not    -> takeLost: how many are overdue
 */

import { COVER_LIMITS } from "../../core/cell-limits.ts";

export class LoopWatch {
  /** Event id -> when it left, in ms; the oldest first. */
  readonly #underWay = new Map<string, number>();

  /** A cell leaves. Of too many, the oldest are forgotten and count neither way. */
  left(id: string, nowMs: number): void {
    this.#underWay.set(id, nowMs);
    for (const oldest of this.#underWay.keys()) {
      if (this.#underWay.size <= COVER_LIMITS.loopsUnderWay) return;
      this.#underWay.delete(oldest);
    }
  }

  /** The delay in ms of a cell that came back; null if it is none of ours, came before, or was given up. */
  takeReturn(id: string, nowMs: number): number | null {
    const leftMs = this.#underWay.get(id);
    if (leftMs === undefined) return null;
    this.#underWay.delete(id);
    return nowMs - leftMs;
  }

  /** Gives up what left more than `loopMs` ago; returns how many that are. */
  takeLost(nowMs: number, loopMs: number = COVER_LIMITS.loopMs): number {
    let lost = 0;
    for (const [id, leftMs] of this.#underWay) {
      if (nowMs - leftMs <= loopMs) break;
      this.#underWay.delete(id);
      lost++;
    }
    return lost;
  }
}
