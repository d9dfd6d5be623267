/**
 * Brings a welcome to the devices that a commit added: in a letter, or, if it is large, on our relays with a letter that
 * says where.
 */

import { toBase64Url, utf8Encode } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { GROUP_LIMITS } from "../core/limits.ts";
import type { Account } from "../vault/account.ts";
import type { BlobRef, Blobs } from "./blobs.ts";
import { letterHead, type Profile, type WelcomeLetter } from "./letter.ts";
import type { Outbox } from "./outbox.ts";
import type { Committed } from "./session/session.ts";

export interface WelcomesOptions {
  readonly vault: Account;
  readonly outbox: Outbox;
  readonly blobs: Blobs;
  readonly wake: (device: string) => void;
  readonly clock: Clock;
}

export class Welcomes {
  readonly #o: WelcomesOptions;

  constructor(options: WelcomesOptions) {
    this.#o = options;
  }

  /**
   * Posts what fits into letters; call inside the transaction that stores the commit, and what it returns afterwards. That
   * throws NetworkError `no_relay` when something large could be left nowhere.
   */
  post({ welcome }: Pick<Committed, "welcome">, roster: readonly Profile[]): () => Promise<void> {
    if (!welcome) return async () => {};
    const { bytes, to } = welcome;
    const encoded = utf8Encode(JSON.stringify(roster));
    const isLarge = encoded.length > GROUP_LIMITS.rosterBytes || bytes.length > GROUP_LIMITS.welcomeBytes;
    if (!isLarge) {
      this.#letters(to, toBase64Url(bytes), roster);
      return async () => {};
    }
    return async () => {
      const { blobs, vault, wake } = this.#o;
      const [ref, list] = await Promise.all([blobs.publish(bytes), blobs.publish(encoded)]);
      vault.transaction(() => this.#letters(to, ref, list));
      for (const { device } of to) wake(device);
    };
  }

  #letters(
    to: readonly { readonly device: string }[],
    welcome: WelcomeLetter["welcome"],
    roster: readonly Profile[] | BlobRef,
  ): void {
    for (const { device } of to) {
      const head = letterHead(this.#o.clock.nowMs());
      const letter = { ...head, kind: "welcome", welcome, roster } as const;
      this.#o.outbox.add({ id: head.id, to: device, content: { profile: "hidden", letter }, unsaved: true });
    }
  }
}
