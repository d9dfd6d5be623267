/** Tells the faces what changed. A listener that fails keeps no other from hearing. */
import type { Logger } from "../core/log.ts";
import type { NodeEvent } from "./views.ts";

export class EventBus {
  readonly #log: Logger;
  readonly #listeners: Set<(event: NodeEvent) => void> = new Set();

  constructor(log: Logger) {
    this.#log = log;
  }

  emit(event: NodeEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#log.error({ event: event.event, error: error instanceof Error ? error.name : "" }, "a listener failed");
      }
    }
  }

  /** Returns how to stop listening. */
  listen(listener: (event: NodeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
