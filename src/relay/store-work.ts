/** What the store thread does with a batch: check signatures, commit, then answer. */

import { toNocturneError } from "../core/errors.ts";
import { isEphemeral, type NostrEvent } from "../nostr/event.ts";
import { EventQuery } from "./event-query.ts";
import { EventStore, type Outcome } from "./event-store.ts";
import type { Batch, Job, JobResult, ThreadMessage, ThreadOptions } from "./store-messages.ts";

/** Passed on and never stored; newer than every snapshot. */
const EPHEMERAL: Outcome = { accepted: true, reason: "", lid: Number.POSITIVE_INFINITY };
const FORGED: Outcome = { accepted: false, reason: "invalid: the id or the signature is wrong", lid: null };

export class StoreWork {
  readonly #store: EventStore;
  readonly #query: EventQuery;
  readonly #isGenuine: (event: NostrEvent) => boolean;
  #failures: string[] = [];

  /** Opens the store. Throws InternalError `relay_store_unusable`. */
  constructor({ folder, maxBytes }: ThreadOptions, isGenuine: (event: NostrEvent) => boolean) {
    this.#store = new EventStore(folder, maxBytes);
    this.#query = new EventQuery(this.#store.database);
    this.#isGenuine = isGenuine;
  }

  /** One result for each job, in their order. A failing disk fails its jobs and nothing else. */
  run({ nowS, jobs }: Batch): ThreadMessage {
    this.#failures = [];
    const outcomes = this.#putGenuine(jobs);
    const results = jobs.map((job): JobResult => {
      if (job.type === "put") return outcomes.shift() as Outcome;
      if (job.type === "check") return this.#isGenuine(JSON.parse(job.json) as NostrEvent);
      return this.#answer(job, nowS);
    });
    return { type: "results", results, failures: this.#failures };
  }

  close(): void {
    this.#store.close();
  }

  #putGenuine(jobs: readonly Job[]): Outcome[] {
    const toStore: NostrEvent[] = [];
    const outcomes = jobs.flatMap((job): (Outcome | null)[] => {
      if (job.type !== "put") return [];
      const event = JSON.parse(job.json) as NostrEvent;
      if (!this.#isGenuine(event)) return [FORGED];
      if (isEphemeral(event.kind)) return [EPHEMERAL];
      toStore.push(event);
      return [null];
    });
    const stored = this.#save(toStore);
    return outcomes.map((outcome) => outcome ?? (stored.shift() as Outcome));
  }

  // After a failure each event is tried alone, so that none suffers for its neighbour.
  #save(events: readonly NostrEvent[]): Outcome[] {
    if (events.length === 0) return [];
    return this.#attempt(
      () => this.#store.putAll(events),
      (reason) =>
        events.length > 1 ? events.flatMap((event) => this.#save([event])) : [{ accepted: false, reason, lid: null }],
    );
  }

  #answer(job: Exclude<Job, { type: "put" | "check" }>, nowS: number): JobResult {
    const { headers, epochs } = this.#store;
    if (job.type === "page") return this.#orNull(() => this.#query.page(job.request, nowS));
    if (job.type === "headers") return this.#orNull(() => headers.page(job.request, nowS));
    if (job.type === "epoch") return this.#orNull(() => epochs.page(job.request));
    if (job.type === "records") return this.#orNull(() => epochs.records(job.ids));
    if (job.type === "missing") return this.#orNull(() => epochs.missing(job.ids));
    return this.#attempt(
      () => this.#store.sweep(nowS),
      () => 0,
    );
  }

  #orNull<T>(work: () => T): T | null {
    return this.#attempt<T | null>(work, () => null);
  }

  #attempt<T>(work: () => T, recover: (reason: string) => T): T {
    try {
      return work();
    } catch (error) {
      const { code, message } = toNocturneError(error);
      this.#failures.push(code);
      return recover(`error: ${message}`);
    }
  }
}
