/**
 * What nodes signed that they keep, out of the vault: each is read and verified anew, whenever it is shown or checked.
 *
 *   rows of an object -> receipts, and how many are none          against its locator: what of it is promised, by whom, until when
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { fromBase64Url } from "../../core/bytes.ts";
import { CodecError, CryptoError } from "../../core/errors.ts";
import { readReceipt } from "../exchange/receipt.ts";
import type { Locator, ObjectId } from "../manifest/locator.ts";
import type { NodeId, OwnerId } from "../node-id.ts";
import { fragmentsOf, placesOf } from "../objects/receipts.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import type { FragmentRef, Receipt } from "../rooms.ts";
import type { KeeperTables, ReceiptRow } from "./keeper-tables.ts";

export interface KeptReceipts {
  readonly receipts: readonly Receipt[];
  /** That are not what a node signed. */
  readonly altered: number;
}

/** What all receipts of a person say together, of the objects whose places are known. */
export interface ReceiptFindings {
  readonly objects: number;
  /** That lie at nodes; of these, promised for later than now. */
  readonly fragments: number;
  readonly promised: number;
  /** That promised something; that have something and did not. */
  readonly nodes: number;
  readonly mum: number;
  /** When the first promise ends; null if there is none. */
  readonly endMs: number | null;
  readonly receipts: number;
  /** Of the receipts: what no node signed; for another owner; of something that is none of the object's fragments. */
  readonly altered: number;
  readonly foreign: number;
  readonly astray: number;
}

/** The last moment that a time in four digits can say: a node may promise more. */
const LAST_MS = Date.UTC(9999, 11, 31);

/** Rows that were altered on the disk are all counted as one. */
export function readKept({ receipts: table }: KeeperTables, object: ObjectId): KeptReceipts {
  try {
    const read = table.find("object", object).map(readRow);
    const receipts = read.filter((receipt) => receipt !== null);
    return { receipts, altered: read.length - receipts.length };
  } catch (error) {
    if (error instanceof CryptoError) return { receipts: [], altered: 1 };
    throw error;
  }
}

/** Null for what no node signed. */
export function readRow({ text }: ReceiptRow): Receipt | null {
  try {
    return readReceipt(fromBase64Url(text));
  } catch (error) {
    if (error instanceof CodecError) return null;
    throw error;
  }
}

/** When a receipt was made, or ends. */
export function timeOf(ms: number): string {
  return new Date(Math.min(ms, LAST_MS)).toISOString();
}

/** What is where, as one looks at an object's receipts. */
export class PromisedObject {
  readonly #places: ReadonlyMap<NodeId, ReadonlyMap<FragmentId, FragmentRef>>;
  readonly #sizes = new Map<FragmentId, number>();
  /** That lie at nodes; of whole copies one at each. */
  readonly fragments: number;

  constructor(locator: Locator) {
    this.#places = placesOf(locator);
    // Also what has no place now: a node may have signed for it before.
    for (const { id, bytes } of fragmentsOf(locator)) this.#sizes.set(id, bytes);
    this.fragments = [...this.#places.values()].reduce((sum, { size }) => sum + size, 0);
  }

  get nodes(): NodeId[] {
    return [...this.#places.keys()];
  }

  /** Of what a receipt names, what lies at its node. */
  placed({ node, fragments }: Receipt): FragmentId[] {
    return fragments.map(({ id }) => id).filter((id) => this.#places.get(node)?.has(id));
  }

  /** Whether all that it names is of this object. */
  owns({ fragments }: Receipt): boolean {
    return fragments.every(({ id, bytes }) => this.#sizes.get(id) === bytes);
  }
}

/** Null while nothing lies in the mesh. Throws LockedError. */
export async function examineReceipts(
  tables: KeeperTables,
  owner: OwnerId,
  nowMs: number,
): Promise<ReceiptFindings | null> {
  const tally = new Tally(owner, nowMs);
  for (const { object } of tables.objects.list()) {
    await nextTurn(); // a large library must not hold up everything else
    const row = tables.objects.get(object); // it may have gone meanwhile
    const locator = row?.leavingMs === null ? tables.locator(row) : null;
    if (locator) tally.add(new PromisedObject(locator), readKept(tables, object));
  }
  return tally.findings();
}

class Tally {
  readonly #owner: OwnerId;
  readonly #nowMs: number;
  readonly #sums = { objects: 0, fragments: 0, promised: 0, receipts: 0, altered: 0, foreign: 0, astray: 0 };
  readonly #promising = new Set<NodeId>();
  readonly #having = new Set<NodeId>();
  #endMs: number | null = null;

  constructor(owner: OwnerId, nowMs: number) {
    this.#owner = owner;
    this.#nowMs = nowMs;
  }

  add(object: PromisedObject, { receipts, altered }: KeptReceipts): void {
    const own = receipts.filter(({ owner }) => owner === this.#owner);
    const good = own.filter((receipt) => object.owns(receipt));
    this.#sums.objects++;
    this.#sums.fragments += object.fragments;
    this.#sums.promised += this.#promised(
      object,
      good.filter(({ untilMs }) => untilMs > this.#nowMs),
    );
    this.#sums.receipts += receipts.length + altered;
    this.#sums.altered += altered;
    this.#sums.foreign += receipts.length - own.length;
    this.#sums.astray += own.length - good.length;
    for (const node of object.nodes) this.#having.add(node);
  }

  findings(): ReceiptFindings | null {
    if (this.#sums.objects === 0) return null;
    const mum = this.#having.difference(this.#promising).size;
    return { ...this.#sums, nodes: this.#promising.size, mum, endMs: this.#endMs };
  }

  /** How many fragments, each counted once at its node. */
  #promised(object: PromisedObject, live: readonly Receipt[]): number {
    const promised = new Set<string>();
    for (const receipt of live) {
      const { node, untilMs } = receipt;
      this.#promising.add(node);
      this.#endMs = Math.min(this.#endMs ?? untilMs, untilMs);
      for (const id of object.placed(receipt)) promised.add(`${node}/${id}`);
    }
    return promised.size;
  }
}
