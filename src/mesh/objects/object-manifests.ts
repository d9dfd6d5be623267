/**
 * Where objects lie, as the mesh itself remembers it: one signed record for each object, under its care keys.
 *
 *   publish   locator -> too long for a record? the list becomes an object, and so on -> root -> sealed, signed -> record
 *   find      record -> root -> lists, each opened -> locator
 *
 * NEP-25. Whoever has the care key does both: the owner, and those who were given care.
 */
import type { Clock } from "../../core/clock.ts";
import { NetworkError } from "../../core/errors.ts";
import { concatBytes } from "../../core/bytes.ts";
import type { Note } from "../ledger/entry.ts";
import { openPlaces, sealPlaces } from "../manifest/sealed-value.ts";
import type { Locator } from "../manifest/locator.ts";
import { openList, type RootLocator, rootStep } from "../manifest/root.ts";
import { deriveCareKeys, type RecordKeys, wipeRecordKeys } from "../mesh-keys.ts";
import { signRecord } from "../records/record.ts";
import type { FoundManifest, Manifests } from "../repair/manifests.ts";
import type { Records } from "../rooms.ts";
import type { ObjectReader } from "./object-reader.ts";
import type { ObjectWriter } from "./object-writer.ts";

export interface ObjectManifestsOptions {
  readonly records: Records;
  /** Lists are objects like others. */
  readonly writer: ObjectWriter;
  readonly reader: ObjectReader;
  /** Into the ledger of whoever says where objects lie. */
  readonly note: Note;
  readonly clock: Clock;
}

export class ObjectManifests implements Manifests {
  readonly #o: ObjectManifestsOptions;

  constructor(options: ObjectManifestsOptions) {
    this.#o = options;
  }

  /**
   * The newest that a quorum has, or null where there is none. Throws NetworkError `manifest_unreadable` when a record is there and what it leads to
   * cannot be read, `too_few_nodes`, and what `Records.get` throws.
   */
  async find(careKey: Uint8Array, signal?: AbortSignal): Promise<FoundManifest | null> {
    const keys = deriveCareKeys(careKey);
    try {
      const record = await this.#o.records.get("places", keys.signing.publicKey, signal);
      if (record === null) return null;
      const places = openPlaces(record, keys);
      if (places === null) throw unreadable();
      const locator = await this.locatorOf(places.root, keys.sealing, signal);
      return { locator, sequence: record.sequence, certificate: places.certificate };
    } finally {
      wipeRecordKeys(keys);
    }
  }

  /** Returns how many nodes keep the record. Throws what `ObjectWriter.write` and `Records.put` throw. */
  async publish(
    careKey: Uint8Array,
    locator: Locator,
    sequence: number,
    certificate: Uint8Array,
    signal?: AbortSignal,
  ): Promise<number> {
    const keys = deriveCareKeys(careKey);
    try {
      const root = await this.rootOf(locator, keys, signal);
      const value = sealPlaces({ root, certificate }, keys);
      // See `nextVersion`: readers refuse a sequence that is ahead of its time.
      const madeAtMs = Math.max(this.#o.clock.nowMs(), sequence);
      const record = signRecord({ kind: "places", sequence, madeAtMs, value }, keys.signing);
      await this.#o.note("manifest", record);
      return await this.#o.records.put(record, signal);
    } finally {
      wipeRecordKeys(keys);
    }
  }

  /** What fits into a record; stores the lists that it needs for that. */
  async rootOf(locator: Locator, { sealing }: RecordKeys, signal?: AbortSignal): Promise<RootLocator> {
    let step = rootStep(locator, 0, sealing);
    while ("list" in step) {
      const { list, depth } = step;
      const written = await this.#o.writer.write(once(list), list.length, signal ? { signal } : {});
      step = rootStep(written.locator, depth, sealing);
    }
    return step.root;
  }

  /** The object's own locator. Throws as `find`. */
  async locatorOf(root: RootLocator, sealingKey: Uint8Array, signal?: AbortSignal): Promise<Locator> {
    let at = root;
    while (at.depth > 0) {
      const pieces = await Array.fromAsync(this.#o.reader.read(at.locator, 0, at.locator.bytes, signal));
      const next = openList(concatBytes(...pieces), at.depth, sealingKey);
      if (next === null) throw unreadable();
      at = next;
    }
    return at.locator;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function unreadable(): NetworkError {
  return new NetworkError("manifest_unreadable", "Where this file lies in the mesh cannot be read.", {
    hint: "Whoever signed it used another version, or was not the owner. Try again later.",
  });
}
