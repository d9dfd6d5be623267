/**
 * Sends parcels: cut into cells, each sealed for its place in a lane or as an intro, each to all relays of the recipient.
 *
 *   parcel -> pieces -> a slot of the lane for each, or an intro -> events -> relays; one that takes it is enough
 *
 * Sealed anew at every try: another one-use key, another address, another look.
 */

import type { Clock } from "../../core/clock.ts";
import { fromBase64Url, fromHex } from "../../core/bytes.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import { oneUseKey, sealCell } from "./cell.ts";
import { introKeys } from "./cell-keys.ts";
import type { Lanes } from "./lanes.ts";
import { cutParcel, encodeIntro, encodeParcel, type Parcel } from "./parcel.ts";

export interface PostRecipient {
  /** Of the device, hex. */
  readonly publicKey: string;
  /** base64url; null while unknown. */
  readonly hybridPublicKey: string | null;
}

/** An epoch that sender and recipient share. */
export interface SharedEpoch {
  readonly session: string;
  readonly epoch: string;
}

export interface CellPostOptions {
  /** Connections on which nobody is known. */
  readonly pool: RelayPool;
  readonly lanes: Lanes;
  readonly clock: Clock;
}

export class CellPost {
  readonly #o: CellPostOptions;

  constructor(options: CellPostOptions) {
    this.#o = options;
  }

  /** True once each cell was taken by one of the relays; the others are still being tried then. */
  async send(
    parcel: Parcel,
    to: PostRecipient,
    shared: SharedEpoch | null,
    relays: readonly string[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const cells = this.seal(parcel, to, shared);
    const taken = await Promise.all(cells.map((cell) => this.#publish(cell, relays, signal)));
    return taken.every(Boolean);
  }

  /** The cells of a parcel. Throws CodecError `parcel_too_large`, `bad_public_key`. */
  seal(parcel: Parcel, to: PostRecipient, shared: SharedEpoch | null): VerifiedEvent[] {
    const { lanes, clock } = this.#o;
    const pieces = cutParcel(encodeParcel(parcel));
    const slots = shared && lanes.take(shared.session, shared.epoch, to.publicKey, pieces.length);
    if (!slots) return introCells(parcel, to, clock.nowMs());
    return pieces.flatMap((piece, i) => {
      const slot = slots[i];
      return slot
        ? [sealCell(slot.seal, slot.address, { ...piece, heard: slot.heard }, oneUseKey(), clock.nowMs())]
        : [];
    });
  }

  async #publish(cell: VerifiedEvent, relays: readonly string[], signal: AbortSignal): Promise<boolean> {
    try {
      await Promise.any(relays.map((url) => this.#o.pool.publish(url, cell, signal)));
      return true;
    } catch {
      return false;
    }
  }
}

/** The cells of a parcel for a device of which only the public keys are known. Throws as `CellPost.seal`. */
export function introCells(parcel: Parcel, to: PostRecipient, nowMs: number): VerifiedEvent[] {
  return cutParcel(encodeIntro(parcel, envelopeKeys(to))).map((piece) => {
    const oneUse = oneUseKey();
    const { seal, address } = introKeys(oneUse, to.publicKey);
    return sealCell(seal, address, { ...piece, heard: 0 }, oneUse, nowMs);
  });
}

function envelopeKeys({ publicKey, hybridPublicKey }: PostRecipient) {
  return {
    nostrPublicKey: fromHex(publicKey),
    ...(hybridPublicKey === null ? {} : { hybridPublicKey: fromBase64Url(hybridPublicKey) }),
  };
}
