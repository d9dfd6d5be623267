/**
 * The one way out of a window of private browsing.
 *
 *   host, port -> judge -> routeOf(kind) -> dial, isolated by `browse|<window>|<epoch>|<site>` -> stream
 *
 * Each site of each window has circuits of its own, and a new epoch has none in common with the one before. A route that
 * fails is an error for who asked; nothing else is tried, and no name is ever resolved on this machine.
 */
import type { Duplex } from "node:stream";
import { PolicyError } from "../../core/errors.ts";
import { BROWSE_LIMITS } from "../../core/route-limits.ts";
import { targetUnreachable } from "../errors.ts";
import type { Route } from "../route.ts";
import { judge, refused } from "./port-policy.ts";
import type { DialledKind } from "./site.ts";

export interface BrowseDialerOptions {
  readonly window: string;
  /** Another one for each identity of the window. */
  readonly epoch: string;
  /** The route to places of that kind; null where none leads. The resolver of `.nocturne` names will be asked here. */
  readonly routeOf: (kind: DialledKind) => Route | null;
  /** Called after another site was reached. */
  readonly reached?: () => void;
  /** Until the page's side is open. */
  readonly connectMs?: number;
}

/** A site that was reached, and the label under which its circuits are isolated. */
export interface ReachedSite {
  readonly site: string;
  readonly label: string;
}

export class BrowseDialer {
  readonly #options: BrowseDialerOptions;
  readonly #closing = new AbortController();
  /** By site, the newest last. */
  readonly #reached = new Map<string, ReachedSite>();

  constructor(options: BrowseDialerOptions) {
    this.#options = options;
  }

  /**
   * An open stream. Throws PolicyError (`address_refused` and the like) without any attempt, what `Route.dial` throws, or
   * NetworkError `target_unreachable` after `connectMs`.
   */
  async dial(host: string, port: number, given: AbortSignal): Promise<Duplex> {
    const verdict = judge(host, port);
    if (verdict.refusal !== null) throw refused(verdict.refusal);
    const { target, site, kind } = verdict;
    const route = this.#options.routeOf(kind);
    if (route === null) throw refused("no_route_there");
    if (route.name === "direct") throw notPrivate();
    const { window, epoch, connectMs = BROWSE_LIMITS.connectMs } = this.#options;
    const label = `browse|${window}|${epoch}|${site}`;
    const late = AbortSignal.timeout(connectMs);
    const signal = AbortSignal.any([given, late, this.#closing.signal]);
    try {
      const stream = await route.dial(target, { isolation: label, signal });
      if (signal.aborted) stream.destroy();
      signal.throwIfAborted();
      this.#note({ site, label });
      return stream;
    } catch (error) {
      throw late.aborted ? targetUnreachable(error) : error;
    }
  }

  /** Sites that were reached, the newest first. */
  sites(): ReachedSite[] {
    return [...this.#reached.values()].reverse();
  }

  /** Gives up what is being dialled. */
  close(): void {
    this.#closing.abort();
  }

  #note(reached: ReachedSite): void {
    const isNew = !this.#reached.delete(reached.site);
    this.#reached.set(reached.site, reached);
    const [oldest] = this.#reached.keys();
    if (oldest !== undefined && this.#reached.size > BROWSE_LIMITS.sites) this.#reached.delete(oldest);
    if (isNew) this.#options.reached?.();
  }
}

/** A mistake of ours, caught before it shows anybody's address. */
function notPrivate(): PolicyError {
  return new PolicyError("not_private", "Private browsing does not go straight to sites.", {
    hint: "Use the route tor.",
  });
}
