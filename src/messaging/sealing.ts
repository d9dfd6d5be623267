/**
 * Puts what lies in the outbox into events: content through the session of its conversation, everything else in a
 * hybrid envelope. Content for an accepted contact never goes in an envelope, which is not forward secret: it waits for
 * the session.
 *
 *   frame body   MLS message | commit | pointer to a blob that holds one of these: mark 0xc2 | JSON
 */

import * as v from "valibot";
import { concatBytes, fromBase64Url, toHex, utf8Decode, utf8Encode } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { CryptoError } from "../core/errors.ts";
import { SESSION_LIMITS } from "../core/limits.ts";
import { sha256 } from "../crypto/key-derivation.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import { wrapSealed } from "../nostr/gift-wrap.ts";
import type { Identity } from "../vault/identity.ts";
import type { Address } from "./addresses.ts";
import { type BlobRef, type Blobs, blobRefSchema } from "./blobs.ts";
import { encodeLetter, isContent, type Letter } from "./letter.ts";
import type { Outbox, OutboxRow } from "./outbox.ts";
import { sealLetter } from "./sealed-letter.ts";
import { sealFrame } from "./session/frame.ts";
import type { Sessions } from "./session/sessions.ts";

export type Sealable = Exclude<OutboxRow["content"], { profile: "interop" }>;

export interface SealingOptions {
  readonly identity: Identity;
  readonly sessions: Sessions;
  readonly outbox: Outbox;
  readonly blobs: Blobs;
  /** There is something new for this device. */
  readonly wake: (device: string) => void;
  readonly clock: Clock;
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

  /** False while it has to wait: for a session, or because nothing of one's own is sent there. */
  isReady(content: OutboxRow["content"], to: Address): boolean {
    if (!to.placed) return false;
    if (content.profile === "commit") return true;
    if (content.profile === "hidden" && content.group !== undefined) {
      const session = this.#o.sessions.get(content.group);
      return session !== null && (to.open || session.kind === "group");
    }
    if (!to.open) return false;
    if (content.profile === "interop" || !needsSession(content.letter, to)) return true;
    return this.#o.sessions.of(to.account) !== null;
  }

  /** An event for a device, another one at every try. Null if it is of no use any more. */
  async seal(row: OutboxRow, content: Sealable, to: Address): Promise<VerifiedEvent | null> {
    const { sessions } = this.#o;
    if (content.profile === "commit") {
      return this.#frame(content.session, content.epoch, to, fromBase64Url(content.message));
    }
    const { letter, group } = content;
    const session = group ?? (needsSession(letter, to) ? sessions.of(to.account)?.id : undefined);
    if (session === undefined) return this.sealControl(letter, to);
    if (!sessions.get(session)) return null;
    const sealed = await sessions.seal(session, letter.id, utf8Encode(encodeLetter(letter)), (devices) =>
      this.#spread(row, letter, session, devices),
    );
    // Who joined after it was sealed cannot open it, and who was removed before may not.
    return sealed.to.includes(to.publicKey) ? this.#frame(session, sealed.epoch, to, sealed.message) : null;
  }

  /** A letter between two devices, in an envelope. */
  sealControl(letter: Letter, { publicKey, hybridPublicKey }: Address): VerifiedEvent {
    return sealLetter(letter, this.#o.identity, { publicKey, hybridPublicKey }, this.#o.clock.nowMs());
  }

  /** What a frame's body stands for; null while it is being fetched. Throws CryptoError for a malformed pointer. */
  resolve(body: Uint8Array): Uint8Array | null {
    return body[0] === POINTER ? this.#o.blobs.get(readPointer(body)) : body;
  }

  /** One row for each device that can open it: who they are is only known once it is sealed. */
  #spread({ id, unsaved = false }: OutboxRow, letter: Letter, session: string, devices: readonly string[]): void {
    const { outbox, wake } = this.#o;
    const missing = devices.filter((device) => outbox.get(id, device) === null && !outbox.isFull(device));
    for (const to of missing) {
      outbox.add({ id, to, content: { profile: "hidden", letter, group: session }, unsaved });
      queueMicrotask(() => wake(to));
    }
  }

  async #frame(session: string, epoch: string, to: Address, message: Uint8Array): Promise<VerifiedEvent | null> {
    const keys = this.#o.sessions.frameKeys(session, epoch);
    if (!keys) return null;
    const isLarge = message.length > SESSION_LIMITS.frameBytes;
    const body = isLarge ? writePointer(await this.#publish(message)) : message;
    const content = sealFrame(keys, to.publicKey, body);
    return wrapSealed(content, to.publicKey, Math.floor(this.#o.clock.nowMs() / 1000));
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
  return isContent(letter) && to.accepted;
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
