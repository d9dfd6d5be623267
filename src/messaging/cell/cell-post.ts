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
import type { VerifiedEvent } from "../../nostr/event.ts";
import type { Streams } from "../cover/streams.ts";
import { ephemeralKey, sealCell } from "./cell.ts";
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

/** Makes a cell at the moment it leaves. */
type MakeCell = () => VerifiedEvent;

export class CellPost {
  readonly #o: CellPostOptions;

  constructor(options: CellPostOptions) {
    this.#o = options;
  }

  /**
   * Resolves once each piece was taken by one of the chosen relays, or refused by all of them; nothing is sent to whom no
   * lane leads and whose key is not known. Throws as `introCells`.
   */
  async send(parcel: Parcel, to: PostRecipient, shared: SharedEpoch | null, relays: readonly string[]): Promise<Sent> {
    const { streams, clock } = this.#o;
    const chosen = streams.choose(relays);
    const { publicKey, hybridPublicKey } = to;
    const copies =
      this.#onLane(parcel, publicKey, shared, chosen.length) ??
      (hybridPublicKey === null ? [] : asIntros(parcel, { publicKey, hybridPublicKey }, clock, chosen.length));
    const sent = chosen.map((url, copy) => (copies[copy] ?? []).map((make) => streams.send(url, make)));
    const pieces = (copies[0] ?? []).map((_, piece) => anyOf(sent.map((tries) => tries[piece])));
    return { relays: chosen, taken: pieces.length > 0 && (await Promise.all(pieces)).every(Boolean) };
  }

  /** Null if there is no lane, or not so much room in its window. */
  #onLane(parcel: Parcel, device: string, shared: SharedEpoch | null, copies: number): MakeCell[][] | null {
    const { lanes, clock } = this.#o;
    if (!shared) return null;
    const pieces = cutParcel(encodeParcel(parcel));
    const slots = lanes.take(shared.session, shared.epoch, device, copies * pieces.length);
    if (!slots) return null;
    return Array.from({ length: copies }, (_, copy) =>
      slots.slice(copy * pieces.length, (copy + 1) * pieces.length).map(({ seal, address, heard }, i) => {
        const piece = { ...(pieces[i] as (typeof pieces)[number]), heard };
        return () => sealCell(seal, address, piece, ephemeralKey().publicKey, clock.nowMs());
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
  return asIntros(parcel, to, { nowMs: () => nowMs }, 1).flatMap((cells) => cells.map((make) => make()));
}

/** A cell can be made again and again: each time it is another one that carries the same piece. */
function asIntros(parcel: Parcel, to: KnownRecipient, clock: Clock, copies: number): MakeCell[][] {
  const hybridPublicKey = fromBase64Url(to.hybridPublicKey);
  const whole = encodeIntro(parcel, { nostrPublicKey: fromHex(to.publicKey), hybridPublicKey });
  const cells = cutParcel(whole).map((piece) => () => {
    const ephemeral = ephemeralKey();
    const { seal, address } = introKeys(ephemeral, hybridPublicKey);
    return sealCell(seal, address, { ...piece, heard: 0 }, ephemeral.publicKey, clock.nowMs());
  });
  return Array.from({ length: copies }, () => cells);
}
