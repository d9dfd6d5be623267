/**
 * Locks of file managers and editors on paths of the library (RFC 4918 section 6): promises between programs that use
 * the mount, so that two of them do not write over each other. The app and the command line do not ask for them.
 *
 *   lock on /a, deep       covers /a and all below it
 *   lock on /a, shallow    covers /a; of a folder, its properties and which names are in it
 *
 * In memory: they end with the node, and by themselves after an hour, as RFC 4918 allows at any time.
 */
import type { Clock } from "../../core/clock.ts";
import { DAV_LIMITS } from "../../core/limits.ts";
import { DavError } from "./dav-error.ts";
import { hrefOf, isBelow, parentOf } from "./dav-path.ts";

export interface NewLock {
  readonly path: string;
  readonly scope: "exclusive" | "shared";
  readonly isDeep: boolean;
  /** XML that says who holds it, as its holder wrote it; "" for nothing. */
  readonly owner: string;
  readonly timeoutMs: number;
}

export interface Lock extends NewLock {
  /** A URI that nobody can guess. */
  readonly token: string;
  readonly expiresMs: number;
}

/** What a request is about to do to a path: write its content, make or take away its name, or do so with all below it. */
export type Intent = "content" | "name" | "tree";

export class LockTable {
  readonly #clock: Clock;
  readonly #locks = new Map<string, Lock>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws DavError 423 `locked` where another lock is in the way, 503 `too_many_locks`. */
  take(wanted: NewLock): Lock {
    const others = [...this.covering(wanted.path), ...(wanted.isDeep ? this.#below(wanted.path) : [])];
    const inTheWay = others.filter(({ scope }) => scope === "exclusive" || wanted.scope === "exclusive");
    if (inTheWay.length > 0) throw locked("no-conflicting-lock", inTheWay);
    if (this.#locks.size >= DAV_LIMITS.locks) throw tooManyLocks();
    return this.#keep(`opaquelocktoken:${crypto.randomUUID()}`, wanted);
  }

  /** null when no such lock covers this path. */
  refresh(token: string, path: string, timeoutMs: number): Lock | null {
    const lock = this.covering(path).find((held) => held.token === token);
    return lock ? this.#keep(token, { ...lock, timeoutMs }) : null;
  }

  /** False when no such lock covers this path. */
  release(token: string, path: string): boolean {
    return this.covering(path).some((held) => held.token === token) && this.#locks.delete(token);
  }

  /** The locks on a path and, where they are deep, on the folders around it. */
  covering(path: string): Lock[] {
    return this.#alive().filter((lock) => lock.path === path || (lock.isDeep && isBelow(path, lock.path)));
  }

  /**
   * Throws DavError 423 `locked` unless each lock that bears on this was shown. Of locks that are shared one is enough:
   * they allow each other.
   */
  check(path: string, intent: Intent, shown: ReadonlySet<string>): void {
    const parent = parentOf(path);
    const onParent = intent === "content" ? [] : this.#alive().filter((lock) => lock.path === parent);
    for (const group of [this.covering(path), onParent]) {
      if (group.length > 0 && !group.some(({ token }) => shown.has(token))) throw locked("lock-token-submitted", group);
    }
    const below = intent === "tree" ? this.#below(path).filter(({ token }) => !shown.has(token)) : [];
    if (below.length > 0) throw locked("lock-token-submitted", below);
  }

  /** Ends the locks on a path that is no more, and below it. */
  drop(path: string): void {
    for (const lock of this.#alive())
      if (lock.path === path || isBelow(lock.path, path)) this.#locks.delete(lock.token);
  }

  #below(path: string): Lock[] {
    return this.#alive().filter((lock) => isBelow(lock.path, path));
  }

  #alive(): Lock[] {
    const nowMs = this.#clock.nowMs();
    for (const lock of this.#locks.values()) if (lock.expiresMs <= nowMs) this.#locks.delete(lock.token);
    return [...this.#locks.values()];
  }

  #keep(token: string, wanted: NewLock): Lock {
    const timeoutMs = Math.min(wanted.timeoutMs, DAV_LIMITS.lockMs);
    const lock = { ...wanted, token, timeoutMs, expiresMs: this.#clock.nowMs() + timeoutMs };
    this.#locks.set(token, lock);
    return lock;
  }
}

function locked(name: "no-conflicting-lock" | "lock-token-submitted", locks: readonly Lock[]): DavError {
  const hrefs = [...new Set(locks.map(({ path }) => hrefOf(path, false)))];
  return new DavError(423, "locked", "Another program has locked this.", { name, hrefs });
}

function tooManyLocks(): DavError {
  return new DavError(503, "too_many_locks", `Programs hold ${DAV_LIMITS.locks} locks already.`);
}
