/**
 * Keeps what nodes sign that they keep, beside everything else: no upload waits for it, or fails by it.
 *
 *   an object was stored, said anew, or repaired -> its record of places is another than that of its receipts
 *     -> its nodes are asked; who gave none, an hour or two later again -> what they signed, in the vault
 *
 * A receipt of before stays until its node gives another, it is over, or nothing lies there any more.
 */
import { toBase64Url } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { CryptoError, toNocturneError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { ObjectId } from "../manifest/locator.ts";
import { collectReceipts } from "../objects/receipts.ts";
import type { Exchange, Receipt } from "../rooms.ts";
import type { KeeperTables, ObjectRow, ReceiptRow } from "./keeper-tables.ts";
import { readRow } from "./kept-receipts.ts";
import { RetryLoop } from "./retry-loop.ts";

export interface ReceiptCollectorOptions {
  readonly tables: KeeperTables;
  readonly clock: Clock;
  readonly log: Logger;
  /** Other waits, for tests. */
  readonly limits?: { readonly retryMs: number; readonly retryMaxMs: number };
}

/** How the nodes of an object were asked last. */
interface Asked {
  readonly sequence: number;
  readonly atMs: number;
  /** All of them gave a receipt. */
  readonly isWhole: boolean;
}

export class ReceiptCollector {
  readonly #o: ReceiptCollectorOptions;
  readonly #loop: RetryLoop;
  #exchange: Pick<Exchange, "peer"> | null = null;
  #asked = new Map<ObjectId, Asked>();

  constructor(options: ReceiptCollectorOptions) {
    this.#o = options;
    const { log, limits } = options;
    this.#loop = new RetryLoop({
      round: (signal) => this.#round(signal),
      told: () => {},
      work: "the receipts of nodes",
      log,
      ...(limits ? { limits } : {}),
    });
  }

  start(exchange: Pick<Exchange, "peer">): void {
    this.#exchange = exchange;
    this.#loop.hurry();
  }

  /** There may be an object whose nodes are to be asked. Returns at once. */
  wake(): void {
    if (this.#exchange) this.#loop.wake();
  }

  async stop(): Promise<void> {
    await this.#loop.pause();
    this.#exchange = null;
    this.#asked = new Map();
  }

  async #round(signal: AbortSignal): Promise<void> {
    const exchange = this.#exchange;
    if (!exchange) return;
    const rows = this.#o.tables.objects.list().filter(({ leavingMs, parts }) => leavingMs === null && parts > 0);
    this.#forgetOthers(rows);
    for (const { object } of rows.filter((row) => this.#isDue(row))) {
      await this.#collect(exchange, object, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        this.#o.log.warn({ code: toNocturneError(error).code }, "what nodes signed of an object could not be kept");
      });
    }
  }

  #forgetOthers(rows: readonly ObjectRow[]): void {
    const objects = new Set(rows.map(({ object }) => object));
    for (const object of this.#asked.keys()) if (!objects.has(object)) this.#asked.delete(object);
  }

  #isDue({ object, sequence }: ObjectRow): boolean {
    const asked = this.#asked.get(object);
    if (asked?.sequence !== sequence) return true;
    return !asked.isWhole && this.#o.clock.nowMs() - asked.atMs >= MESH_LIMITS.careAgainMs;
  }

  async #collect(exchange: Pick<Exchange, "peer">, object: ObjectId, signal: AbortSignal): Promise<void> {
    const { tables, clock } = this.#o;
    const row = tables.objects.get(object); // it may be another by now
    const locator = row && tables.locator(row);
    if (!locator) return;
    const { sequence } = row;
    const kept = this.#kept(object);
    const signed = new Set(kept.filter((one) => one.sequence === sequence).map(({ node }) => node));
    const missing = locator.nodes.filter((node) => !signed.has(node));
    const asked = { sequence, atMs: clock.nowMs(), isWhole: missing.length === 0 };
    this.#asked.set(object, asked);
    const fresh = await collectReceipts(exchange, locator, signal, missing);
    signal.throwIfAborted();
    if (fresh.length === 0) return;
    const answered = new Set(fresh.map(({ node }) => node));
    this.#asked.set(object, { ...asked, isWhole: missing.every((node) => answered.has(node)) });
    const places = new Set(locator.nodes);
    const still = kept.filter((one) => places.has(one.node) && !answered.has(one.node) && this.#isLive(one));
    tables.putReceipts(object, [...still, ...fresh.map((receipt) => rowOf(receipt, sequence))]);
  }

  /** None of those that were altered on the disk: they are asked for anew. */
  #kept(object: ObjectId): ReceiptRow[] {
    try {
      return this.#o.tables.receipts.find("object", object);
    } catch (error) {
      if (error instanceof CryptoError) return [];
      throw error;
    }
  }

  #isLive(row: ReceiptRow): boolean {
    return (readRow(row)?.untilMs ?? 0) > this.#o.clock.nowMs();
  }
}

function rowOf({ node, bytes }: Receipt, sequence: number): Omit<ReceiptRow, "object" | "number"> {
  return { node, sequence, text: toBase64Url(bytes) };
}
