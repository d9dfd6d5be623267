/**
 * What the vault keeps of a person's things in the mesh.
 *
 *   mesh_blobs      {blob, object, offset, bytes, head}    object: null while it waits; several small ones share one
 *   mesh_objects    {object, kind, manifest key, k, n, sequence, leavingMs}
 *   mesh_locators   {object, part, text}                   the encoded locator in parts, because a row of the vault has a bound
 *   mesh_receipts   {object, number, node, sequence, text} what nodes signed that they keep of it; stays out of backups: they sign again
 *
 *   blob   waits --stored--> in an object --dropped--> no row; the last one of an object: the object leaves
 */
import { concatBytes, fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import { InternalError } from "../../core/errors.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";
import type { Account } from "../../vault/account.ts";
import { decodeLocator, encodeLocator, type Locator, type ObjectId } from "../manifest/locator.ts";
import type { NodeId } from "../node-id.ts";

export interface BlobRow {
  readonly blob: string;
  readonly object: ObjectId | null;
  /** Where it begins in the object. */
  readonly offset: number;
  /** 0 while it waits. */
  readonly bytes: number;
  /** base64url; what its first bytes are by now; null: what lies in the object. */
  readonly head: string | null;
}

export interface ObjectRow {
  readonly object: ObjectId;
  readonly kind: "files" | "backup" | "catalogue";
  /** base64url, 32 bytes; catalogues of one period have the same. */
  readonly manifestKey: string;
  readonly bytes: number;
  readonly needed: number;
  readonly total: number;
  /** Of its record of places. */
  readonly sequence: number;
  /** Rows of its locator; 0: only the mesh knows it by now. */
  readonly parts: number;
  readonly madeAtMs: number;
  /** Until then others may look after it; 0: nobody was asked. */
  readonly caredUntilMs: number;
  /** Since when it is not needed any more, which nodes are still to be told; null while it is. */
  readonly leavingMs: number | null;
}

interface LocatorRow {
  readonly object: ObjectId;
  readonly part: number;
  /** base64url. */
  readonly text: string;
}

/** A receipt; one of MESH_LIMITS.batch fragments takes 49 KB, which a row of the vault has room for. */
export interface ReceiptRow {
  readonly object: ObjectId;
  /** From 0 on. */
  readonly number: number;
  readonly node: NodeId;
  /** Of the record of places by which the node was asked. */
  readonly sequence: number;
  /** base64url, as it was signed. */
  readonly text: string;
}

/** Of a locator in one row; the row takes a third more. */
const PART_BYTES = 524_288; // 512 KiB

export class KeeperTables {
  readonly #account: Pick<Account, "transaction">;
  readonly blobs: SealedTable<BlobRow>;
  readonly objects: SealedTable<ObjectRow>;
  readonly receipts: SealedTable<ReceiptRow>;
  readonly #locators: SealedTable<LocatorRow>;

  constructor(account: Pick<Account, "table" | "transaction">) {
    this.#account = account;
    this.blobs = account.table<BlobRow>({
      name: "mesh_blobs",
      key: ({ blob }) => blob,
      indexes: { object: ({ object }) => object, waiting: ({ object }) => (object === null ? "yes" : null) },
    });
    this.objects = account.table<ObjectRow>({
      name: "mesh_objects",
      key: ({ object }) => object,
      indexes: { kind: ({ kind }) => kind, leaving: ({ leavingMs }) => (leavingMs === null ? null : "yes") },
    });
    this.#locators = account.table<LocatorRow>({
      name: "mesh_locators",
      key: ({ object, part }) => `${object}/${part}`,
    });
    this.receipts = account.table<ReceiptRow>({
      name: "mesh_receipts",
      key: ({ object, number }) => `${object}/${number}`,
      indexes: { object: ({ object }) => object, unsaved: () => "yes" },
    });
  }

  transaction<T>(work: () => T): T {
    return this.#account.transaction(work);
  }

  /** An object as it lies now, in the place of what was said of it before. */
  putObject(row: Omit<ObjectRow, "parts">, locator: Locator): void {
    this.transaction(() => {
      this.#deleteLocator(row.object);
      const encoded = encodeLocator(locator);
      const parts = Math.ceil(encoded.length / PART_BYTES);
      for (let part = 0; part < parts; part++) {
        const bytes = encoded.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
        this.#locators.put({ object: row.object, part, text: toBase64Url(bytes) });
      }
      this.objects.put({ ...row, parts });
    });
  }

  deleteObject(object: ObjectId): void {
    this.transaction(() => {
      this.#deleteLocator(object);
      this.#deleteReceipts(object);
      this.objects.delete(object);
    });
  }

  /** In the place of those that were kept, unless the object was deleted or given up meanwhile. */
  putReceipts(object: ObjectId, receipts: readonly Omit<ReceiptRow, "object" | "number">[]): void {
    this.transaction(() => {
      if (this.objects.get(object)?.leavingMs !== null) return;
      this.#deleteReceipts(object);
      for (const [number, { node, sequence, text }] of receipts.entries())
        this.receipts.put({ object, number, node, sequence, text });
    });
  }

  /** Null for one that is known to the mesh alone. Throws InternalError `mesh_locator` for rows that are no locator. */
  locator({ object, parts }: ObjectRow): Locator | null {
    if (parts === 0) return null;
    const texts = Array.from({ length: parts }, (_, part) => this.#locators.get(`${object}/${part}`)?.text ?? "");
    const locator = decodeLocator(concatBytes(...texts.map(fromBase64Url)));
    if (locator) return locator;
    throw new InternalError("mesh_locator", "Where this lies in the mesh was noted wrongly in the vault.", {
      hint: "Restore a backup of the vault, or get the account from the mesh in a new folder.",
    });
  }

  /** No blob of it is needed any more: then neither is the object. */
  leaveIfEmpty(object: ObjectId, nowMs: number): void {
    const row = this.objects.get(object);
    if (row && this.blobs.count("object", object) === 0) this.objects.put({ ...row, leavingMs: nowMs });
  }

  #deleteLocator(object: ObjectId): void {
    const parts = this.objects.get(object)?.parts ?? 0;
    for (let part = 0; part < parts; part++) this.#locators.delete(`${object}/${part}`);
  }

  /** Without opening any: one that was altered must not stay for that. */
  #deleteReceipts(object: ObjectId): void {
    for (let number = 0; this.receipts.has(`${object}/${number}`); number++)
      this.receipts.delete(`${object}/${number}`);
  }
}
