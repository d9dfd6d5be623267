/**
 * The people one knows, and what is known of each: name, state, card, where to write to them.
 *
 *   pending   we said hello and wait for the answer
 *   request   they said hello; shown with fingerprint, nothing is answered before we accept
 *   accepted  both agreed
 *   blocked   what they send is dropped unread
 */

import { utf8Encode } from "../core/bytes.ts";
import { ValidationError } from "../core/errors.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { encodeNpub, fingerprint, parsePublicKey } from "../nostr/keys.ts";
import type { Account } from "../vault/account.ts";
import { cardKeysOf } from "../vault/identity.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import type { Card } from "./card.ts";
import { type CardKeys, safetyNumber } from "./safety-number.ts";
import type { Contact, ContactState, Profile } from "./views.ts";

export interface ContactRow {
  /** Hex. */
  readonly publicKey: string;
  readonly name: string;
  readonly state: ContactState;
  readonly verified: boolean;
  readonly invited: boolean;
  readonly profile: Profile;
  readonly card: Card | null;
  /** A card that differs from the one we trust; it waits for the person's decision. */
  readonly changedCard: Card | null;
  /** Where to write while the card is unknown. */
  readonly relays: readonly string[];
  /** base64url: what they sent with their last hello, to begin a session with; null once that is done. */
  readonly keyPackage: string | null;
  /** The one that the present session was founded with, should their hello come again. */
  readonly foundedWith: string | null;
  /** Digest of the card of ours that they held when they said hello; absent in rows that were stored before. */
  readonly knows?: string | null;
  /** Proof of holding their invite, sent along in our hello. */
  readonly proof: string | null;
  /** Number of the last text that this device wrote to them. */
  readonly lastSent: number;
  readonly addedAtMs: number;
}

/** Hears of each change of a contact: it came (`before` is null), changed, or went (`after` is null). */
export type ContactWatcher = (before: ContactRow | null, after: ContactRow | null) => void;

export class ContactBook {
  /** Hex keys of people for whom work is being computed now (`pass/passes.ts`). */
  readonly working: Set<string> = new Set();
  readonly #watchers: ContactWatcher[] = [];
  readonly #table: SealedTable<ContactRow>;
  readonly #ownKeys: () => CardKeys;

  constructor(vault: Account) {
    this.#table = vault.table<ContactRow>({
      name: "contacts",
      key: (row) => row.publicKey,
      indexes: { name: (row) => foldName(row.name), state: (row) => row.state },
    });
    this.#ownKeys = () => cardKeysOf(vault.identity());
  }

  watch(watcher: ContactWatcher): void {
    this.#watchers.push(watcher);
  }

  get(publicKey: string): ContactRow | null {
    const row = this.#table.get(publicKey);
    return row && modernize(row);
  }

  list(): ContactRow[] {
    return this.#table.list({}).map(modernize);
  }

  /** Relays where accepted contacts are written to, each once. */
  relays(): string[] {
    const accepted = this.list().filter(({ state, profile }) => state === "accepted" && profile === "hidden");
    return [...new Set(accepted.flatMap(({ card, relays }) => card?.relays ?? relays))];
  }

  /** Whom we asked by his key alone: nothing reaches him before his card is found. */
  withoutCard(): ContactRow[] {
    return this.unanswered().filter(({ card }) => card === null);
  }

  /** Whom we said hello to, or will, and who has not answered. */
  unanswered(): ContactRow[] {
    const pending = this.#table.find("state", "pending", {}).map(modernize);
    return pending.filter(({ profile }) => profile === "hidden");
  }

  count(state: ContactState): number {
    return this.#table.count("state", state);
  }

  /** Requests that came by this profile. */
  countRequests(profile: Profile): number {
    return this.#table.find("state", "request").filter((row) => row.profile === profile).length;
  }

  /** There is a contact with this name, npub or hex key. */
  has(who: string): boolean {
    return this.#table.find("name", foldName(who), { limit: 1 }).length > 0 || this.#findByKey(who) !== null;
  }

  /** The contact with this name (any case), npub or hex key. Throws ValidationError `unknown_contact`. */
  find(who: string): ContactRow {
    const named = this.#table.find("name", foldName(who), { limit: 1 })[0];
    const row = named ? modernize(named) : this.#findByKey(who);
    if (row) return row;
    throw new ValidationError("unknown_contact", "There is no contact with this name or key.", {
      hint: "See who there is with: nocturne contact list",
    });
  }

  #findByKey(who: string): ContactRow | null {
    try {
      return this.get(parsePublicKey(who).publicKey);
    } catch {
      return null;
    }
  }

  /** A new row with defaults; its name is made unique. Throws ValidationError `too_many_contacts`. */
  create(publicKey: string, state: ContactState, nowMs: number, known: Partial<ContactRow> = {}): ContactRow {
    if (this.#table.count() >= MESSAGE_LIMITS.contacts) {
      throw new ValidationError("too_many_contacts", `There are already ${MESSAGE_LIMITS.contacts} contacts.`, {
        hint: "Remove some you no longer need.",
      });
    }
    const row: ContactRow = {
      publicKey,
      state,
      verified: false,
      invited: false,
      profile: "hidden",
      card: null,
      changedCard: null,
      relays: [],
      proof: null,
      keyPackage: null,
      foundedWith: null,
      lastSent: 0,
      addedAtMs: nowMs,
      ...known,
      name: this.#freeName(cleanName(known.name ?? ""), publicKey),
    };
    this.#table.put(row);
    this.#tell(null, row);
    return row;
  }

  update(row: ContactRow, change: Partial<ContactRow>): ContactRow {
    const next = { ...row, ...change };
    this.#table.put(next);
    this.#tell(row, next);
    return next;
  }

  /** Throws ValidationError `bad_name` or `name_taken`. */
  rename(row: ContactRow, name: string): ContactRow {
    const clean = cleanName(name);
    if (clean === "") throw new ValidationError("bad_name", "A name needs at least one visible character.");
    const holder = this.#table.find("name", foldName(clean), { limit: 1 })[0];
    if (holder && holder.publicKey !== row.publicKey) {
      throw new ValidationError("name_taken", "Another contact already has this name.", { hint: "Choose another." });
    }
    return this.update(row, { name: clean });
  }

  /** Another name, with a number behind it if somebody else has it. */
  renameFreely(row: ContactRow, name: string): ContactRow {
    const clean = cleanName(name);
    return clean === "" || clean === row.name ? row : this.update(row, { name: this.#freeName(clean, row.publicKey) });
  }

  /** Takes the name that a person gives himself, unless we already call him otherwise. */
  adoptName(row: ContactRow, name: string): ContactRow {
    const clean = cleanName(name);
    const unnamed = row.name === encodeNpub(row.publicKey).slice(0, UNNAMED_CHARACTERS);
    return unnamed && clean !== "" ? this.update(row, { name: this.#freeName(clean, row.publicKey) }) : row;
  }

  remove(publicKey: string): void {
    const row = this.get(publicKey);
    this.#table.delete(publicKey);
    if (row) this.#tell(row, null);
  }

  view(row: ContactRow): Contact {
    const safetyOf = (card: Card | null) => card && safetyNumber(this.#ownKeys(), card);
    return {
      name: row.name,
      npub: encodeNpub(row.publicKey),
      state: row.state,
      // What was compared does not vouch for who writes now with other keys.
      verified: row.verified && row.changedCard === null,
      safety: safetyOf(row.card),
      fingerprint: fingerprint(row.publicKey),
      encryption: row.profile === "interop" ? "interop" : row.card ? "hybrid" : "card-unknown",
      cardChanged: row.changedCard !== null,
      changedSafety: row.state === "accepted" ? safetyOf(row.changedCard) : null,
      invited: row.invited,
      working: this.working.has(row.publicKey),
      addedAt: new Date(row.addedAtMs).toISOString(),
    };
  }

  #tell(before: ContactRow | null, after: ContactRow | null): void {
    for (const watcher of this.#watchers) watcher(before, after);
  }

  #freeName(wanted: string, publicKey: string): string {
    const base = wanted === "" ? encodeNpub(publicKey).slice(0, UNNAMED_CHARACTERS) : wanted;
    let name = base;
    for (let i = 2; this.#table.find("name", foldName(name), { limit: 1 }).length > 0; i++) name = `${base} ${i}`;
    return name;
  }
}

const UNNAMED_CHARACTERS = 12;

/** A name as it is kept: no control or direction characters (they can forge the look of a list), bounded. */
export function cleanName(name: string): string {
  let clean = name
    .normalize("NFC")
    .replace(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "")
    .trim();
  while (utf8Encode(clean).length > MESSAGE_LIMITS.nameBytes) clean = [...clean].slice(0, -1).join("");
  return clean;
}

/** Cards that were stored before they had a signature key do not name one. */
function modernize<Row extends ContactRow>(row: Row): Row {
  return { ...row, card: withSignatureKey(row.card), changedCard: withSignatureKey(row.changedCard) };
}

function withSignatureKey(card: Card | null): Card | null {
  return card && { ...card, signatureKey: card.signatureKey ?? null };
}

function foldName(name: string): string {
  return name.normalize("NFC").trim().toLowerCase();
}
