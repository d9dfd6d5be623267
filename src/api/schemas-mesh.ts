/** The shapes of the storage mesh as values, for the OpenAPI document and for checking answers in tests; see `schemas.ts`. */
import * as v from "valibot";
import type * as contract from "./contract.ts";

/** A schema of answers of type T. */
type Shape<T> = v.GenericSchema<unknown, T>;

const text = v.string();
const count = v.pipe(v.number(), v.integer());
const time = v.pipe(v.string(), v.isoTimestamp());
const problem = v.nullable(v.object({ code: text, message: text, hint: v.nullable(text) }));

/** What is taken as well as told. */
export const shareSchema: Shape<contract.MeshShare> = v.strictObject({
  maxBytes: count,
  host: v.pipe(text, v.ip()),
  port: count,
  care: v.boolean(),
});

const node = v.object({
  id: text,
  domain: text,
  state: v.picklist(["up", "late", "suspect", "lost", "returning", "forked"]),
  uptime: v.number(),
  roomBytes: count,
  cares: v.boolean(),
  fragments: count,
});

const traffic = v.object({
  receivedBytes: count,
  sentBytes: count,
  storedFragments: count,
  sentFragments: count,
  connections: count,
});
const care = v.object({
  objects: count,
  auditsPassed: count,
  auditsFailed: count,
  repairedFragments: count,
  repairedBytes: count,
  unreadable: count,
});
const own = v.object({
  running: v.literal(true),
  peerId: text,
  nodeId: text,
  addresses: v.array(text),
  fragments: count,
  usedBytes: count,
  maxBytes: count,
  trashBytes: count,
  owners: count,
  uptimeS: count,
  peers: count,
  known: count,
  audits: v.object({ passed: count, failed: count }),
  traffic,
  refused: v.record(text, count),
  care: v.nullable(care),
  ledger: v.object({ entries: count, headSize: count, cosignatures: count, forksSeen: count }),
  leaving: v.boolean(),
  warnings: v.array(v.object({ code: text, text })),
});

export const voucherSchema: Shape<contract.MeshVoucherView> = v.object({ node: text, bytes: count, until: time });

const receipt = v.object({
  object: text,
  node: text,
  fragments: count,
  objectFragments: count,
  until: time,
  madeAt: time,
  receipt: text,
});
export const receiptPageSchema: Shape<contract.MeshReceiptPage> = v.object({
  receipts: v.array(receipt),
  next: v.nullable(count),
  objects: count,
});

export const meshSchema: Shape<contract.MeshView> = v.object({
  on: v.boolean(),
  bootstrap: v.array(text),
  lan: v.boolean(),
  share: v.nullable(shareSchema),
  state: v.picklist(["off", "starting", "up", "waiting"]),
  problem,
  isPrivate: v.boolean(),
  tracker: v.nullable(text),
  owner: text,
  nodes: v.array(node),
  coding: v.nullable(v.object({ needed: count, total: count, holds: v.boolean() })),
  kept: v.object({
    files: count,
    waiting: count,
    bytes: count,
    objects: count,
    due: count,
    unreadable: count,
    leaving: count,
    problem,
  }),
  account: v.object({ copiedAt: v.nullable(time), bytes: count, isCurrent: v.boolean(), problem }),
  vouchers: v.array(voucherSchema),
  own: v.nullable(own),
});
