/** Ledgers for tests: signers made of a number, histories without a disk, and a topic that needs no network. */
import type { Clock } from "../../core/clock.ts";
import { utf8Encode } from "../../core/bytes.ts";
import type { Logger } from "../../core/log.ts";
import { consistencyProof, merkleRoot } from "../../crypto/merkle-tree.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { bodyOf, type LedgerEntry, NO_ENTRY, signEntry } from "./entry.ts";
import type { Beginning } from "./fork-proof.ts";
import type { LedgerTopic, MessageVerdict } from "./gossip.ts";
import { signHead, type SignedHead } from "./head.ts";

export const NOW: number = Date.UTC(2026, 10, 27);

export function signer(number: number): SignatureKeyPair {
  return ed25519.createKeyPair(new Uint8Array(32).fill(number));
}

/** What a signer may tell somebody of its ledger, honest or not. */
export interface History {
  readonly by: SignatureKeyPair;
  readonly entries: readonly LedgerEntry[];
  head(size?: number): SignedHead;
  beginning(from: number, to: number): Beginning;
}

/** One entry for each word. Histories with the same first words begin with the same entries. */
export function history(by: SignatureKeyPair, words: readonly string[]): History {
  const entries: LedgerEntry[] = [];
  for (const word of words) {
    const previous = entries.at(-1)?.hash ?? NO_ENTRY;
    const about = { sequence: entries.length + 1, previous, madeAtMs: NOW + entries.length };
    entries.push(signEntry({ ...about, kind: "receipt", body: bodyOf(utf8Encode(word)) }, by));
  }
  const leaves = entries.map(({ hash }) => hash);
  const root = (size: number): Uint8Array => merkleRoot(leaves.slice(0, size));
  return {
    by,
    entries,
    head: (size = entries.length) => signHead({ size, root: root(size), madeAtMs: NOW }, by),
    beginning: (from, to) => ({ root: root(from), path: consistencyProof(leaves.slice(0, to), from) }),
  };
}

export const quietLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => quietLogger,
};

/** A clock that is set by hand. */
export class TestClock implements Clock {
  ms: number = NOW;

  nowMs(): number {
    return this.ms;
  }
}

/** A room in which everybody hears everybody at once; what a member's judge does not take is not passed on by him. */
export class Room {
  readonly verdicts: MessageVerdict[] = [];
  readonly messages: Uint8Array[] = [];
  readonly #members = new Set<(bytes: Uint8Array) => void>();

  join = (judge: (bytes: Uint8Array) => MessageVerdict): LedgerTopic => {
    const listeners = new Set<(bytes: Uint8Array) => void>();
    const member = (bytes: Uint8Array): void => {
      const verdict = judge(bytes);
      this.verdicts.push(verdict);
      if (verdict === "take") for (const listener of listeners) listener(bytes);
    };
    this.#members.add(member);
    return {
      publish: async (bytes) => this.say(bytes, member),
      onMessage: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  };

  say(bytes: Uint8Array, by?: (bytes: Uint8Array) => void): void {
    this.messages.push(bytes);
    for (const member of this.#members) if (member !== by) member(bytes);
  }
}
