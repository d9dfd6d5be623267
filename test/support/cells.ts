/** Cells as tests need them: letters of people who are no node, and what the vault of a device opens. */
import { toBase64Url, utf8Decode } from "../../src/core/bytes.ts";
import { systemClock } from "../../src/core/clock.ts";
import { introCells } from "../../src/messaging/cell/cell-post.ts";
import { Lanes } from "../../src/messaging/cell/lanes.ts";
import { type Arrival, Mailbox } from "../../src/messaging/cell/mailbox.ts";
import type { Letter } from "../../src/messaging/letter.ts";
import { openLetter, sealLetter } from "../../src/messaging/sealed-letter.ts";
import { Sessions } from "../../src/messaging/session/sessions.ts";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import type { RelayPool } from "../../src/route/relay-pool.ts";
import type { Account } from "../../src/vault/account.ts";
import type { Identity } from "../../src/vault/identity.ts";
import { RELAY } from "./messenger-world.ts";

/** A device that a stranger can write to. */
interface KnownDevice {
  /** Hex. */
  readonly publicKey: string;
  /** base64url */
  readonly hybridPublicKey: string;
}

/** How somebody's main device is written to. */
export function deviceOf({ publicKey, hybrid }: Pick<Identity, "publicKey" | "hybrid">): KnownDevice {
  return { publicKey, hybridPublicKey: toBase64Url(hybrid.publicKey) };
}

/** A letter for a device, as a stranger sends it. */
export function letterCells(letter: Letter, sender: Identity, to: KnownDevice, nowMs: number): VerifiedEvent[] {
  return introCells({ kind: "letter", envelope: sealLetter(letter, sender, to) }, to, nowMs);
}

export async function publishLetter(
  pool: RelayPool,
  letter: Letter,
  sender: Identity,
  to: KnownDevice,
  nowMs: number,
): Promise<void> {
  for (const cell of letterCells(letter, sender, to, nowMs)) await pool.publish(RELAY, cell);
}

/** Sessions and mailbox over a device's vault. */
export function openVaultsMail(vault: Account, clock: { nowMs(): number }): { sessions: Sessions; mailbox: Mailbox } {
  const identity = vault.identity();
  const lanes = new Lanes(vault, identity.device);
  return {
    sessions: new Sessions({ vault, identity, clock, epochs: lanes }),
    mailbox: new Mailbox(lanes, identity),
  };
}

/** What the vault of a device opens of stored events: contents of sessions as texts, letters in envelopes. */
export async function readStored(
  vault: Account,
  clock: { nowMs(): number },
  events: readonly VerifiedEvent[],
): Promise<(string | Letter)[]> {
  const { sessions, mailbox } = openVaultsMail(vault, clock);
  const found: (string | Letter)[] = [];
  const open = async ({ parcel }: Arrival) => {
    if (parcel.kind === "letter") found.push(openLetter(parcel.envelope, vault.identity()).letter);
    else
      await sessions.receive(parcel, (received) => {
        if (received.kind === "content") found.push(utf8Decode(received.content));
      });
  };
  let arrivals = events.flatMap((event) => mailbox.take(event) ?? []);
  // Again and again: a commit may come after what it opens.
  for (let round = 0; round < ROUNDS; round++) {
    for (const arrival of arrivals) await open(arrival).catch(() => {});
    arrivals = [...arrivals, ...mailbox.retry()];
  }
  return found;
}

const ROUNDS = 3;

/** The letters in envelopes that the vault of a device opens. */
export function lettersIn(vault: Account, events: readonly VerifiedEvent[]): Letter[] {
  const { mailbox } = openVaultsMail(vault, systemClock);
  return events.flatMap((event) => {
    const parcel = mailbox.take(event)?.parcel;
    return parcel?.kind === "letter" ? [openLetter(parcel.envelope, vault.identity()).letter] : [];
  });
}
