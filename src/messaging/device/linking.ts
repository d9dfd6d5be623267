/**
 * How a device comes to an account: the two meet on a relay by a device link.
 *
 *   main      link on the screen -> waits for a request -> enters the device, answers with a grant
 *   newcomer  request, repeated until the grant comes -> is a device of the account
 *
 * A link admits the first device that comes with it, and none after it; a repeated request is answered again, because the
 * first answer may have been lost. Links are kept in memory: a restart ends them.
 */

import { fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { LockedError, NetworkError, NocturneError, ValidationError } from "../../core/errors.ts";
import { DEVICE_LIMITS, MESSAGE_LIMITS } from "../../core/limits.ts";
import type { NostrEvent, VerifiedEvent } from "../../nostr/event.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import type { Identity } from "../../vault/identity.ts";
import { cleanName } from "../contact-book.ts";
import { DROP_KIND } from "../invite.ts";
import { certifyDevice, type OwnDevice } from "../session/device.ts";
import type { DeviceLinkView } from "../views.ts";
import {
  createDeviceLink,
  type DeviceLink,
  deviceLinkWords,
  encodeDeviceLink,
  linkKeys,
  parseDeviceLink,
} from "./device-link.ts";
import {
  authorsOf,
  type LinkGrant,
  type LinkRequest,
  makeGrant,
  makeRequest,
  openGrant,
  openRequest,
} from "./pairing.ts";

export interface LinkingOptions {
  readonly identity: Identity;
  /** This device as a leaf of sessions. */
  readonly own: OwnDevice;
  readonly pool: RelayPool;
  readonly ownRelays: () => readonly string[];
  readonly card: () => NostrEvent;
  /** A device was let in: enters it. Returns false if there are too many. */
  readonly admit: (request: LinkRequest) => boolean;
  readonly clock: Clock;
}

interface OpenLink {
  readonly link: DeviceLink;
  /** Who was let in with it. */
  grantedTo: string | null;
  readonly subscriptions: { close(): void }[];
}

export class Linking {
  readonly #o: LinkingOptions;
  readonly #links: OpenLink[] = [];
  readonly #stop = new AbortController();

  constructor(options: LinkingOptions) {
    this.#o = options;
  }

  /** A link for one device, and the same in words. Throws NetworkError `no_relay` without a relay to meet on. */
  offer(): DeviceLinkView {
    const { clock, ownRelays } = this.#o;
    const relays = ownRelays();
    if (relays.length === 0) {
      throw new NetworkError("no_relay", "There is no relay on which the two devices could meet.", {
        hint: "Choose a relay in the settings.",
      });
    }
    this.#endOld();
    const link = createDeviceLink(relays, clock.nowMs());
    const open: OpenLink = { link, grantedTo: null, subscriptions: [] };
    const { newcomer } = authorsOf(linkKeys(link));
    for (const url of link.relays) {
      const filters = () => [{ kinds: [DROP_KIND], authors: [newcomer] }];
      const onEvent = (event: VerifiedEvent) => this.#answer(open, event);
      open.subscriptions.push(this.#o.pool.subscribe(url, filters, { onEvent, onStored: () => {} }));
    }
    this.#links.push(open);
    return {
      link: encodeDeviceLink(link),
      words: deviceLinkWords(link),
      expiresAt: new Date(link.expiresAtMs).toISOString(),
    };
  }

  /**
   * Asks to become a device of the account that made the link. Throws CodecError `bad_device_link`; ValidationError
   * `device_link_expired`; NetworkError `device_link_unanswered`; LockedError when the vault is locked meanwhile.
   */
  async ask(text: string, name: string, relay: string | null, signal: AbortSignal): Promise<LinkGrant> {
    const { clock, identity, own, ownRelays } = this.#o;
    const meeting = relay === null ? ownRelays() : [relay, ...ownRelays()];
    const link = parseDeviceLink(text, meeting.slice(0, MESSAGE_LIMITS.inviteRelays), clock.nowMs());
    if (link.expiresAtMs < clock.nowMs()) throw expired();
    const request: LinkRequest = {
      device: identity.device,
      signatureKey: toBase64Url(own.signature.publicKey),
      hybridPublicKey: toBase64Url(identity.hybrid.publicKey),
      name: cleanName(name),
      relays: ownRelays().slice(0, MESSAGE_LIMITS.inviteRelays),
    };
    return this.#awaitGrant(link, request, AbortSignal.any([signal, this.#stop.signal]));
  }

  /** Call it before the vault is locked: whoever still asks would sign with keys that are gone. */
  close(): void {
    this.#stop.abort(new LockedError());
    for (const open of this.#links.splice(0)) end(open);
  }

  #awaitGrant(link: DeviceLink, request: LinkRequest, signal: AbortSignal): Promise<LinkGrant> {
    const { clock, identity, pool } = this.#o;
    const keys = linkKeys(link);
    const { main } = authorsOf(keys);
    const { promise, resolve, reject } = Promise.withResolvers<LinkGrant>();
    const take = (event: VerifiedEvent): void => {
      try {
        resolve(openGrant(keys, event, request));
      } catch {
        // Not for us: whoever else holds the link cannot end our waiting with it.
      }
    };
    const filters = () => [{ kinds: [DROP_KIND], authors: [main] }];
    const heard = link.relays.map((url) => pool.subscribe(url, filters, { onEvent: take, onStored: () => {} }));
    const say = (): void => {
      const event = makeRequest(keys, request, identity.nostrSecretKey, link, clock.nowMs());
      for (const url of link.relays) pool.publish(url, event).catch(() => {});
    };
    const repeating = setInterval(say, DEVICE_LIMITS.askAgainMs);
    const over = setTimeout(() => reject(unanswered()), DEVICE_LIMITS.answerMs);
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort);
    say();
    return promise.finally(() => {
      clearInterval(repeating);
      clearTimeout(over);
      signal.removeEventListener("abort", onAbort);
      for (const subscription of heard) subscription.close();
    });
  }

  #answer(open: OpenLink, event: VerifiedEvent): void {
    const { admit, card, clock, identity, ownRelays, pool } = this.#o;
    const { link } = open;
    const keys = linkKeys(link);
    const request = requestIn(keys, event);
    if (!request || link.expiresAtMs < clock.nowMs()) return;
    if (open.grantedTo !== null && open.grantedTo !== request.device) return;
    if (open.grantedTo === null && !admit(request)) return;
    open.grantedTo = request.device;
    const certificate = certifyDevice(identity.nostrSecretKey, request.device, fromBase64Url(request.signatureKey));
    const grant = {
      card: card(),
      certificate: toBase64Url(certificate),
      name: request.name,
      hybridPublicKey: toBase64Url(identity.hybrid.publicKey),
      relays: ownRelays().slice(0, MESSAGE_LIMITS.inviteRelays),
    };
    const answer = makeGrant(keys, grant, link, clock.nowMs());
    for (const url of link.relays) pool.publish(url, answer).catch(() => {});
  }

  #endOld(): void {
    const nowMs = this.#o.clock.nowMs();
    const over = this.#links.filter(({ link }) => link.expiresAtMs < nowMs);
    const excess = this.#links.length - over.length - DEVICE_LIMITS.links + 1;
    for (const open of [...over, ...this.#links.slice(0, Math.max(0, excess))]) {
      end(open);
      this.#links.splice(this.#links.indexOf(open), 1);
    }
  }
}

function end({ subscriptions }: OpenLink): void {
  for (const subscription of subscriptions) subscription.close();
}

function requestIn(keys: ReturnType<typeof linkKeys>, event: NostrEvent): LinkRequest | null {
  try {
    return openRequest(keys, event);
  } catch (error) {
    if (error instanceof NocturneError) return null;
    throw error;
  }
}

function expired(): ValidationError {
  return new ValidationError("device_link_expired", "This link has expired.", {
    hint: "Make a new one on your main device.",
  });
}

function unanswered(): NetworkError {
  return new NetworkError("device_link_unanswered", "The main device did not answer.", {
    hint: "It must be on, both must reach a relay of the link, and a link lets in one device only: make a new one.",
  });
}
