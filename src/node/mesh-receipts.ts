/** What nodes signed that they keep, page by page, for the faces. */
import { MESH_LIMITS } from "../core/mesh-limits.ts";
import type { KeeperTables } from "../mesh/keeper/keeper-tables.ts";
import { PromisedObject, readRow, timeOf } from "../mesh/keeper/kept-receipts.ts";
import type { ObjectId } from "../mesh/manifest/locator.ts";
import type { MeshReceiptPage, MeshReceiptView } from "./mesh-views.ts";

export interface ReceiptQuery {
  readonly after?: number;
  readonly limit?: number;
}

/** Without what was altered, which `nocturne verify` tells, and without objects that were given up. Throws LockedError. */
export function describeReceipts(tables: KeeperTables, query: ReceiptQuery): MeshReceiptPage {
  const limit = Math.max(1, Math.min(query.limit ?? MESH_LIMITS.receiptPage, MESH_LIMITS.receiptPage));
  const rows = tables.receipts.list({ after: query.after ?? 0, limit: limit + 1 });
  const shown = rows.slice(0, limit);
  const known = new Map<ObjectId, PromisedObject | null>();
  const receipts = shown.flatMap((row): MeshReceiptView[] => {
    const object = known.get(row.object) ?? promisedObject(tables, row.object);
    known.set(row.object, object);
    const receipt = readRow(row);
    if (!object || !receipt) return [];
    const { node, untilMs, madeAtMs } = receipt;
    return [
      {
        object: row.object,
        node,
        fragments: object.placed(receipt).length,
        objectFragments: object.fragments,
        until: timeOf(untilMs),
        madeAt: timeOf(madeAtMs),
        receipt: row.text,
      },
    ];
  });
  const next = rows.length > limit ? (shown.at(-1)?.seq ?? null) : null;
  return { receipts, next, objects: tables.objects.count() - tables.objects.count("leaving", "yes") };
}

function promisedObject(tables: KeeperTables, object: ObjectId): PromisedObject | null {
  const row = tables.objects.get(object);
  const locator = row?.leavingMs === null ? tables.locator(row) : null;
  return locator && new PromisedObject(locator);
}
