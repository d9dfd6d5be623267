/**
 * Where objects lie, for whoever looks after those of many owners: read as nobody, said anew in the name of the one who
 * asked for it, at whose account the lists above a long locator are stored.
 */
import type { Locator } from "./manifest/locator.ts";
import { ObjectManifests, type ObjectManifestsOptions } from "./objects/object-manifests.ts";
import { ObjectWriter } from "./objects/object-writer.ts";
import type { FoundManifest, Manifests } from "./repair/manifests.ts";
import type { Exchange, Roster } from "./rooms.ts";

export interface CarerManifestsOptions extends ObjectManifestsOptions {
  readonly roster: Roster;
  readonly exchangeFor: (careKey: Uint8Array, certificate: Uint8Array) => Exchange;
}

export class CarerManifests implements Manifests {
  readonly #o: CarerManifestsOptions;
  readonly #reading: ObjectManifests;

  constructor(options: CarerManifestsOptions) {
    this.#o = options;
    this.#reading = new ObjectManifests(options);
  }

  find(careKey: Uint8Array, signal?: AbortSignal): Promise<FoundManifest | null> {
    return this.#reading.find(careKey, signal);
  }

  async publish(
    careKey: Uint8Array,
    locator: Locator,
    sequence: number,
    certificate: Uint8Array,
    signal?: AbortSignal,
  ): Promise<number> {
    const { exchangeFor, roster, clock } = this.#o;
    await using exchange = exchangeFor(careKey, certificate);
    const writer = new ObjectWriter({ exchange, roster, clock });
    return await new ObjectManifests({ ...this.#o, writer }).publish(careKey, locator, sequence, certificate, signal);
  }
}
