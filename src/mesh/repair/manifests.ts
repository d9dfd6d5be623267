/** Where objects lie, by their care keys, as whoever cares for them finds it and says it anew. */
import type { Locator } from "../manifest/locator.ts";

export interface FoundManifest {
  readonly locator: Locator;
  /** Counts up. */
  readonly sequence: number;
  /** The owner's word for whoever has the care key (`manifest/care-certificate.ts`). */
  readonly certificate: Uint8Array;
}

export interface Manifests {
  /**
   * The newest that a quorum has; null where there is none. Throws NetworkError when nobody can be asked, or what is there
   * cannot be read.
   */
  find(careKey: Uint8Array, signal?: AbortSignal): Promise<FoundManifest | null>;
  /** How many nodes keep it now. Throws NetworkError when none does. */
  publish(
    careKey: Uint8Array,
    locator: Locator,
    sequence: number,
    certificate: Uint8Array,
    signal?: AbortSignal,
  ): Promise<number>;
}
