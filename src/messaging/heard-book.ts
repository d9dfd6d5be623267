/**
 * How far each device was heard in each conversation: the number of the last text of its that was shown. Every device
 * numbers its own texts, so that nothing is missed when somebody writes with two.
 *
 *   place   of the main device of a contact: the conversation; of any other: conversation / device (hex)
 *           in groups always:               conversation / device
 */

import type { SealedTable } from "../vault/sealed-table.ts";
import type { Account } from "../vault/account.ts";

interface HeardRow {
  readonly place: string;
  readonly n: number;
}

const FORGOTTEN = -1;

export class HeardBook {
  readonly #table: SealedTable<HeardRow>;

  constructor(vault: Account) {
    this.#table = vault.table<HeardRow>({ name: "heard", key: (row) => row.place });
  }

  get isEmpty(): boolean {
    return this.#table.count() === 0;
  }

  /** Null for who was never heard there, or is counted anew. */
  last(place: string): number | null {
    const n = this.#table.get(place)?.n ?? null;
    return n === FORGOTTEN ? null : n;
  }

  /** True for who was heard before, nobody knows how far: his next text is the first that is counted. */
  isForgotten(place: string): boolean {
    return this.#table.get(place)?.n === FORGOTTEN;
  }

  /** How far he was heard was lost with another machine. */
  forget(place: string): void {
    this.note(place, FORGOTTEN);
  }

  note(place: string, n: number): void {
    this.#table.put({ place, n });
  }

  /** A device that came when we were there has said nothing yet that we could miss. */
  greet(place: string): void {
    if (!this.#table.has(place)) this.note(place, 0);
  }
}

/** Where texts of a device are numbered and held. */
export function placeOf(conversation: string, device: string): string {
  return conversation === device ? conversation : `${conversation}/${device}`;
}

/** Conversation and device of a place. */
export function readPlace(place: string): { conversation: string; device: string } {
  const [conversation = place, device = conversation] = place.split("/");
  return { conversation, device };
}

interface OldRows {
  /** Of contacts: hex key and the last number shown. */
  readonly contacts: readonly { readonly publicKey: string; readonly lastShown?: number }[];
  readonly people: readonly { readonly group: string; readonly account: string; readonly lastShown?: number | null }[];
}

/** Vaults of the version before there were several devices kept the numbers with the people. */
export function adoptOldNumbers(heard: HeardBook, { contacts, people }: OldRows): void {
  for (const { publicKey, lastShown = 0 } of contacts) if (lastShown > 0) heard.note(publicKey, lastShown);
  for (const { group, account, lastShown } of people) {
    if (typeof lastShown === "number") heard.note(placeOf(group, account), lastShown);
  }
}
