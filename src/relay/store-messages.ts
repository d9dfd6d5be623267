/**
 * What the relay and its store thread say to each other. Types only.
 *
 *   relay  --Batch-->  thread        all events of a batch are committed together, before its
 *   relay <--Results-- thread        questions are answered; one result for each job
 */

import type { EpochPage, EpochPageRequest } from "./cell-epochs.ts";
import type { HeaderPage, HeaderPageRequest } from "./cell-headers.ts";
import type { Page, PageRequest } from "./event-query.ts";
import type { Outcome } from "./event-store.ts";

export interface ThreadOptions {
  readonly folder: string;
  readonly maxBytes: number;
}

/** Each job with what it gives. `json` is an event as `parseEvent` orders it. */
export interface Jobs {
  /** Verify and store. */
  put: { readonly input: { readonly json: string }; readonly result: Outcome };
  /** Verify only. */
  check: { readonly input: { readonly json: string }; readonly result: boolean };
  page: { readonly input: { readonly request: PageRequest }; readonly result: Page | null };
  headers: { readonly input: { readonly request: HeaderPageRequest }; readonly result: HeaderPage | null };
  /** Cells of one epoch. */
  epoch: { readonly input: { readonly request: EpochPageRequest }; readonly result: EpochPage | null };
  /** Records of the cells with these ids, n * 32 bytes; null when one is not there. */
  records: { readonly input: { readonly ids: Uint8Array }; readonly result: Uint8Array | null };
  /** Those ids (hex) that are not in the store. */
  missing: { readonly input: { readonly ids: readonly string[] }; readonly result: string[] | null };
  sweep: { readonly input: object; readonly result: number };
}

export type Job = { [Type in keyof Jobs]: { readonly type: Type } & Jobs[Type]["input"] }[keyof Jobs];
export type JobResult = Jobs[keyof Jobs]["result"];

export interface Batch {
  readonly nowS: number;
  readonly jobs: readonly Job[];
}

export type ThreadMessage =
  | { readonly type: "ready" }
  | { readonly type: "unusable"; readonly code: string; readonly message: string; readonly hint: string | undefined }
  | {
      readonly type: "results";
      readonly results: readonly JobResult[];
      /** Codes of what the disk refused, for the log. */
      readonly failures: readonly string[];
    };
