/**
 * Sends parcels: cut into cells, each sealed for its place in a lane or as an intro, to two of the recipient's relays.
 *
 *   parcel -> pieces -> for each copy: a slot of the lane, or an intro -> the relay's stream; one copy that is taken is enough
 *
 * Every copy and every try is another cell: another key, another address, another look. So two relays that
 * compare notes find nothing that both have.
 */

import type { Clock } from "../../core/clock.ts";
import { fromBase64Url, fromHex } from "../../core/bytes.ts";
import { CELL_LIMITS } from "../../core/cell-limits.ts";
import { NetworkError } from "../../core/errors.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import type { Streams } from "../cover/streams.ts";
import { cellEvent, ephemeralKey, type SealedCell, sealPiece } from "./cell.ts";
import { introKeys } from "./cell-keys.ts";
import type { Lanes } from "./lanes.ts";
import { cutParcel, encodeIntro, encodeParcel, type Parcel } from "./parcel.ts";

export interface PostRecipient {
  /** Of the device, hex. */
  readonly publicKey: string;
  /** base64url; null while unknown: then nothing reaches it but by a lane. */
  readonly hybridPublicKey: string | null;
}

/** An epoch that sender and recipient share. */
export interface SharedEpoch {
  readonly session: string;
  readonly epoch: string;
}

export interface CellPostOptions {
  readonly streams: Streams;
  readonly lanes: Lanes;
  readonly clock: Clock;
}

/** What was sent, by which relays, and whether each cell was taken by one of them. */
export interface Sent {
  readonly relays: readonly string[];
  readonly taken: boolean;
}

/** Seals a cell; called at the moment it leaves, or is handed to a courier. */
type MakeCell = () => SealedCell;

/** A cell for somebody else to upload. */
export interface PreparedCell extends SealedCell {
  readonly relay: string;
  /** Which piece of its parcel it carries; several relays get each. */
  readonly piece: number;
}

export class CellPost {
  readonly #o: CellPostOptions;

  constructor(options: CellPostOptions) {
    this.#o = options;
  }

  /**
   * Resolves once each piece was taken by one of the chosen relays, or refused by all of them; nothing is sent to whom no
   * lane leads and whose key is not known, nor to relays whose streams are full: half a parcel is of no use to anybody, and
   * would use up places of the lane at each try. Cells of which `isWanted` is false when their turn comes do not leave.
   * Throws as `introCells`.
   */
  async send(
    parcel: Parcel,
    to: PostRecipient,
    shared: SharedEpoch | null,
    relays: readonly string[],
    isWanted: () => boolean = () => true,
  ): Promise<Sent> {
    const { streams, clock } = this.#o;
    const chosen = streams.choose(relays.filter((url) => streams.hasRoom(url, CELL_LIMITS.pieces)));
    if (chosen.length === 0) return { relays: [], taken: false };
    const copies = this.#copies(parcel, to, shared, chosen.length);
    const leave = (make: MakeCell): VerifiedEvent => {
      if (!isWanted()) throw new NetworkError("relay_unreachable", "This cell is not wanted any more.");
      return cellEvent(make(), clock.nowMs());
    };
    const sent = chosen.map((url, copy) => (copies[copy] ?? []).map((make) => streams.send(url, () => leave(make))));
    const pieces = (copies[0] ?? []).map((_, piece) => anyOf(sent.map((tries) => tries[piece])));
    return { relays: chosen, taken: pieces.length > 0 && (await Promise.all(pieces)).every(Boolean) };
  }

  /** The same cells for a courier, sealed now; none to whom nothing could be sent. Throws as `introCells`. */
  prepare(parcel: Parcel, to: PostRecipient, shared: SharedEpoch | null, relays: readonly string[]): PreparedCell[] {
    const chosen = this.#o.streams.choose(relays);
    const copies = this.#copies(parcel, to, shared, chosen.length);
    return chosen.flatMap((relay, copy) => (copies[copy] ?? []).map((make, piece) => ({ ...make(), relay, piece })));
  }

  #copies(parcel: Parcel, to: PostRecipient, shared: SharedEpoch | null, count: number): MakeCell[][] {
    const { publicKey, hybridPublicKey } = to;
    const onLane = this.#onLane(parcel, publicKey, shared, count);
    if (onLane) return onLane;
    return hybridPublicKey === null ? [] : asIntros(parcel, { publicKey, hybridPublicKey }, count);
  }

  /** Null if there is no lane, or not so much room in its window. */
  #onLane(parcel: Parcel, device: string, shared: SharedEpoch | null, copies: number): MakeCell[][] | null {
    const { lanes } = this.#o;
    if (!shared) return null;
    const pieces = cutParcel(encodeParcel(parcel));
    const slots = lanes.take(shared.session, shared.epoch, device, copies * pieces.length);
    if (!slots) return null;
    return Array.from({ length: copies }, (_, copy) =>
      slots.slice(copy * pieces.length, (copy + 1) * pieces.length).map(({ seal, address, heard }, i) => {
        const piece = { ...(pieces[i] as (typeof pieces)[number]), heard };
        return () => sealPiece(seal, address, piece, ephemeralKey().publicKey);
      }),
    );
  }
}

/** True as soon as one of them is; false once all are not. */
async function anyOf(tries: readonly (Promise<boolean> | undefined)[]): Promise<boolean> {
  const taken = tries.map(async (one) => ((await one) ? true : Promise.reject(new Error("not taken"))));
  return Promise.any(taken).catch(() => false);
}

type KnownRecipient = PostRecipient & { readonly hybridPublicKey: string };

/** The cells of a parcel for a device of which only the public keys are known. Throws CodecError `parcel_too_large`, `bad_public_key`. */
export function introCells(parcel: Parcel, to: KnownRecipient, nowMs: number): VerifiedEvent[] {
  return asIntros(parcel, to, 1).flatMap((cells) => cells.map((make) => cellEvent(make(), nowMs)));
}

/** A cell can be made again and again: each time it is another one that carries the same piece. */
function asIntros(parcel: Parcel, to: KnownRecipient, copies: number): MakeCell[][] {
  const hybridPublicKey = fromBase64Url(to.hybridPublicKey);
  const whole = encodeIntro(parcel, { nostrPublicKey: fromHex(to.publicKey), hybridPublicKey });
  const cells = cutParcel(whole).map((piece) => () => {
    const ephemeral = ephemeralKey();
    const { seal, address } = introKeys(ephemeral, hybridPublicKey);
    return sealPiece(seal, address, { ...piece, heard: 0 }, ephemeral.publicKey);
  });
  return Array.from({ length: copies }, () => cells);
}
