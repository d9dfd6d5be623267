/** What the main thread and the sealing threads (`seal-threads.ts`, `seal-thread.ts`) say to each other. */

import type { PayloadKeys } from "../crypto/payload.ts";

/** How one file is sealed, said to a thread once. */
export type SealWork =
  | {
      readonly type: "payload";
      readonly keys: PayloadKeys;
      /** The descriptor that is written to, and where in it chunk 0 begins. */
      readonly target: number;
      readonly at: number;
    }
  | { readonly type: "noctis"; readonly innerKey: Uint8Array; readonly prefix: Uint8Array };

/** Some chunks. All are whole but, with `isLast`, the one that ends the stream. */
export interface SealJob {
  /** The number of the first one. */
  readonly first: number;
  readonly plainBytes: number;
  readonly isLast: boolean;
  /** Handed over; comes back with the reply. */
  readonly plain: ArrayBuffer;
}

export type ToSealThread =
  | { readonly type: "begin"; readonly id: number; readonly work: SealWork }
  | { readonly type: "seal"; readonly id: number; readonly job: SealJob }
  | { readonly type: "end"; readonly id: number };

/** To each job one, in their order. */
export interface SealReply {
  readonly plain: ArrayBuffer;
  /** The sealed chunks; null when they were written. */
  readonly sealed: Uint8Array | null;
  readonly failure: { readonly code: string; readonly message: string; readonly hint: string | undefined } | null;
}
