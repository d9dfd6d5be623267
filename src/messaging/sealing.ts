/**
 * Puts what lies in the outbox into parcels: content through the session of its conversation, everything else in a
 * hybrid envelope. Content for an accepted contact never goes in an envelope, which is not forward secret: it waits for
 * the session.
 *
 *   body of a session's parcel   MLS message | commit | pointer to a blob that holds one of these: mark 0xc2 | JSON
 */

import * as v from "valibot";
import { concatBytes, fromBase64Url, toHex, utf8Decode, utf8Encode } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { CELL_LIMITS } from "../core/cell-limits.ts";
import { sha256 } from "../crypto/key-derivation.ts";
import type { Identity } from "../vault/identity.ts";
import type { Address } from "./addresses.ts";
import { type BlobRef, type Blobs, blobRefSchema } from "./blobs.ts";
import type { SharedEpoch } from "./cell/cell-post.ts";
import type { Lanes } from "./cell/lanes.ts";
import type { Parcel } from "./cell/parcel.ts";
import { encodeLetter, isContent, type Letter } from "./letter.ts";
import type { Outbox, OutboxRow } from "./outbox.ts";
import type { Passes } from "./pass/passes.ts";
import { sealLetter } from "./sealed-letter.ts";
import type { Sessions } from "./session/sessions.ts";

/** What goes to one device, and the epoch whose lane it takes; null: it can only go as an intro. */
export interface Sealed {
  readonly parcel: Parcel;
  readonly shared: SharedEpoch | null;
}

export type Sealable = Exclude<OutboxRow["content"], { profile: "interop" }>;

export interface SealingOptions {
  readonly identity: Identity;
  readonly sessions: Sessions;
  readonly lanes: Lanes;
  readonly outbox: Outbox;
  readonly blobs: Blobs;
  /** There is something new for this device. */
  readonly wake: (device: string) => void;
  readonly passes: Passes;
}

const POINTER = 0xc2;
/** Large commits go to many devices; their blobs are published once while this runs. */
const REMEMBERED_BLOBS = 16;

export class Sealing {
  readonly #o: SealingOptions;
  readonly #published = new Map<string, Promise<BlobRef>>();

  constructor(options: SealingOptions) {
    this.#o = options;
  }

  /** False while it has to wait: for a session, a card or work, or because nothing of one's own is sent there. */
  isReady(content: OutboxRow["content"], to: Address): boolean {
    if (!to.placed) return false;
    if (content.profile === "commit") return true;
    if (content.profile === "hidden" && content.group !== undefined) {
      const session = this.#o.sessions.get(content.group);
      return session !== null && (to.open || session.kind === "group");
    }
    if (!to.open) return false;
    if (content.profile === "interop") return true;
    if (needsSession(content.letter, to)) return this.#o.sessions.of(to.account) !== null;
    return to.hybridPublicKey !== null && this.#o.passes.passOf(to.account, content.letter) !== "wait";
  }

  /** A parcel for a device. Null if it is of no use any more. */
  async seal(row: OutboxRow, content: Sealable, to: Address): Promise<Sealed | null> {
    const { sessions } = this.#o;
    if (content.profile === "commit") {
      return this.#message(content.session, content.epoch, fromBase64Url(content.message));
    }
    const { letter, group } = content;
    const session = group ?? (needsSession(letter, to) ? sessions.of(to.account)?.id : undefined);
    if (session === undefined) return this.sealControl(letter, to);
    if (!sessions.get(session)) return null;
    const sealed = await sessions.seal(session, letter.id, utf8Encode(encodeLetter(letter)), (devices) =>
      this.#spread(row, letter, session, devices),
    );
    // Who joined after it was sealed cannot open it, and who was removed before may not.
    return sealed.to.includes(to.publicKey) ? this.#message(session, sealed.epoch, sealed.message) : null;
  }

  /**
   * A letter between two devices, in an envelope. A receipt takes the lane of a conversation in which the other was heard.
   * All else goes as an intro: it is what sessions begin with, or come back to life.
   */
  sealControl(letter: Letter, to: Address): Sealed {
    const { identity, passes } = this.#o;
    const pass = passes.passOf(to.account, letter);
    const envelope = sealLetter(letter, identity, to, pass === "wait" ? null : pass);
    return { parcel: { kind: "letter", envelope }, shared: letter.kind === "receipt" ? this.#heardIn(to) : null };
  }

  /** A conversation of two; for a device of which no key is known, a group as well, because nothing else reaches it. */
  #heardIn({ account, publicKey, hybridPublicKey }: Address): SharedEpoch | null {
    const { sessions, lanes } = this.#o;
    const direct = sessions.of(account);
    const known = direct ? [direct] : [];
    const session = [...known, ...(hybridPublicKey === null ? sessions.list() : [])].find(({ id }) =>
      lanes.isHeard(id, publicKey),
    );
    return session ? { session: session.id, epoch: session.head } : null;
  }

  /** What a message's body stands for; null while it is being fetched. Throws CryptoError for a malformed pointer. */
  resolve(body: Uint8Array): Uint8Array | null {
    return body[0] === POINTER ? this.#o.blobs.get(readPointer(body)) : body;
  }

  /** One row for each device that can open it: who they are is only known once it is sealed. */
  #spread({ id, unsaved = false }: OutboxRow, letter: Letter, session: string, devices: readonly string[]): void {
    const { outbox, wake } = this.#o;
    // Handed-over cells and shares are for one device.
    if (isForDevice(letter)) return;
    const missing = devices.filter((device) => outbox.get(id, device) === null && !outbox.isFull(device));
    for (const to of missing) {
      outbox.add({ id, to, content: { profile: "hidden", letter, group: session }, unsaved });
      queueMicrotask(() => wake(to));
    }
  }

  async #message(session: string, epoch: string, message: Uint8Array): Promise<Sealed | null> {
    if (!this.#o.sessions.hasEpoch(session, epoch)) return null;
    const isLarge = message.length > CELL_LIMITS.messageBytes;
    const body = isLarge ? writePointer(await this.#publish(message)) : message;
    return { parcel: { kind: "session", session, epoch, body }, shared: { session, epoch } };
  }

  #publish(message: Uint8Array): Promise<BlobRef> {
    const name = toHex(sha256(message));
    const known = this.#published.get(name);
    if (known) return known;
    const published = this.#o.blobs.publish(message);
    this.#published.set(name, published);
    published.catch(() => this.#published.delete(name));
    const [oldest] = this.#published.keys();
    if (this.#published.size > REMEMBERED_BLOBS && oldest !== undefined) this.#published.delete(oldest);
    return published;
  }
}

function needsSession(letter: Letter, to: Address): boolean {
  return isForDevice(letter) || (isContent(letter) && to.accepted);
}

function isForDevice({ kind }: Letter): boolean {
  return kind === "courier" || kind === "share";
}

function writePointer(ref: BlobRef): Uint8Array {
  return concatBytes(Uint8Array.of(POINTER), utf8Encode(JSON.stringify(ref)));
}

function readPointer(body: Uint8Array): BlobRef {
  try {
    return v.parse(blobRefSchema, JSON.parse(utf8Decode(body.subarray(1))));
  } catch {
    throw new CryptoError();
  }
}
