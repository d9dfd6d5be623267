/**
 * Couriers, both sides: nodes that upload cells for other people (NEP-18).
 *
 *   Sending    what this node hands to a courier          Carrying, Uploader    what it carries for others
 *
 * Letters between the two come here from the session; nothing of the kind is taken from an envelope.
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import type { Account } from "../../vault/account.ts";
import type { Identity } from "../../vault/identity.ts";
import type { CellPost } from "../cell/cell-post.ts";
import type { ContactBook } from "../contact-book.ts";
import type { Streams } from "../cover/streams.ts";
import type { DeviceBook } from "../device/device-book.ts";
import type { Outbox, OutboxRow } from "../outbox.ts";
import { Carrying } from "./carrying.ts";
import type { CourierLetter } from "../letter.ts";
import { Sending } from "./sending.ts";
import { Uploader } from "./uploader.ts";
import { CourierVoice } from "./voice.ts";

export interface CouriersOptions {
  readonly vault: Account;
  readonly identity: Identity;
  readonly contacts: ContactBook;
  readonly devices: DeviceBook;
  readonly outbox: Outbox;
  readonly post: CellPost;
  readonly streams: Streams;
  /** Connections on which nobody is known. */
  readonly pool: RelayPool;
  readonly hasSession: (account: string) => boolean;
  readonly sent: (row: OutboxRow) => void;
  /** There may be something for this device; without one, for anybody. */
  readonly wake: (device?: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

const TIDY_MS = 30_000;

export class Couriers {
  readonly carrying: Carrying;
  readonly sending: Sending;
  readonly voice: CourierVoice;
  readonly #o: CouriersOptions;
  readonly #uploader: Uploader;
  readonly #timer: NodeJS.Timeout;
  /** What fails now (a full disk) is tried again at a later turn. */
  readonly #attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      this.#o.log.error({ error: error instanceof Error ? error.name : "" }, "a courier's work failed");
    }
  };

  constructor(options: CouriersOptions) {
    this.#o = options;
    const { contacts, devices, identity } = options;
    const attempt = this.#attempt;
    this.voice = new CourierVoice(options);
    this.carrying = new Carrying({
      ...options,
      voice: this.voice,
      device: identity.device,
      devicesOf: (account) => devices.devicesOf(account),
      attempt,
      pump: (relay) => attempt(() => this.#uploader.fill(relay)),
    });
    const { book } = this.carrying;
    this.#uploader = new Uploader({ ...options, book, attempt, settled: () => this.carrying.noteSettled() });
    this.sending = new Sending({ ...options, contacts, voice: this.voice });
    this.#timer = setInterval(() => attempt(() => this.#tidy()), TIDY_MS).unref();
  }

  /** Goes on with what was taken on before. */
  start(): void {
    this.#uploader.recover();
    this.carrying.noteSettled();
    this.#uploader.pump();
  }

  /** Takes in what a device of a contact said at that time, by its clock, inside the transaction that acknowledges it. */
  receive(account: string, device: string, { say, at }: CourierLetter): void {
    const { carrying, sending } = this;
    if (say.what === "offer") sending.offered(account, device, say, at);
    else if (say.what === "redeemed") sending.redeemed(account, device, say.ok);
    else if (say.what === "report") sending.reported(device, say, at);
    else if (say.what === "redeem") carrying.redeem(account, device, say.code);
    else if (say.what === "revoke") carrying.revoke(account, device, say.capabilities);
    else carrying.take(account, device, say);
  }

  /** Relays to which cells of ours, or of those we carry for, go. */
  relaysWritten(): string[] {
    const { contacts } = this.#o;
    const { use } = this.sending;
    const courier = use && contacts.get(use.account);
    const own = use ? (courier?.card?.relays ?? courier?.relays ?? []) : contacts.relays();
    return [...own, ...this.carrying.book.relays()];
  }

  #tidy(): void {
    this.carrying.expire();
    this.carrying.noteSettled();
    this.sending.forgetOld();
  }

  close(): void {
    clearInterval(this.#timer);
    this.carrying.close();
    this.#uploader.close();
  }
}
