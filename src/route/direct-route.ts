/** Straight from this machine: the other side sees its address, and the line's provider sees the other side's. */
import { connect, type Socket } from "node:net";
import { DIAL_LIMITS } from "../core/route-limits.ts";
import { targetUnreachable } from "./errors.ts";
import { HealthRecord } from "./health-record.ts";
import type { DialOptions, Route, RouteHealth, Target } from "./route.ts";

export class DirectRoute implements Route {
  readonly name = "direct";
  readonly #record = new HealthRecord();
  readonly #listeners = new Set<() => void>();

  /** Throws NetworkError `target_unreachable`, or the signal's reason. */
  async dial(target: Target, { signal }: Pick<DialOptions, "signal">): Promise<Socket> {
    const startedAtMs = performance.now();
    try {
      const socket = await dialDirectly(target, signal);
      this.#note(performance.now() - startedAtMs);
      return socket;
    } catch (error) {
      if (!signal.aborted) this.#note(null);
      throw error;
    }
  }

  start(): void {}

  /** It is there as long as the machine is: what cannot be reached by it counts as loss. */
  health(): RouteHealth {
    const { loss, latencyMs } = this.#record;
    return { state: "up", progress: null, doing: null, loss, latencyMs, problem: null };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onEvent(): () => void {
    return () => {};
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  #note(ms: number | null): void {
    this.#record.note(ms);
    for (const listener of this.#listeners) listener();
  }
}

/** An open TCP connection without any detour. Throws as `DirectRoute.dial`. */
export function dialDirectly({ host, port }: Target, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host: host.replace(/^\[|\]$/g, ""), port, noDelay: true });
    const late = setTimeout(() => settle(() => reject(targetUnreachable())), DIAL_LIMITS.connectMs);
    const giveUp = (): void => settle(() => reject(signal.reason));
    const settle = (outcome: () => void): void => {
      clearTimeout(late);
      signal.removeEventListener("abort", giveUp);
      socket.removeAllListeners();
      if (socket.readyState !== "open") socket.on("error", () => {}).destroy();
      outcome();
    };
    signal.addEventListener("abort", giveUp, { once: true });
    socket.once("connect", () => settle(() => resolve(socket)));
    socket.once("error", (error) => settle(() => reject(targetUnreachable(error))));
  });
}
