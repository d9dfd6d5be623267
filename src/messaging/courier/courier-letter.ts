/** What a sender and a courier say to each other, in letters of the kind `courier` through their session. Specified in NEP-18. */

import * as v from "valibot";
import { COURIER_LIMITS } from "../../core/cell-limits.ts";
import { isRelayUrl } from "../card.ts";
import { CAPABILITY_BYTES } from "./capability.ts";
import { HANDED_BYTES } from "./handed-cell.ts";

/** Why a courier takes nothing more under a capability, or took not all of it. */
export type EndReason = "not_allowed" | "over_limit" | "bad_capability" | "expired" | "revoked";

export interface NumberedCell {
  readonly n: number;
  /** base64url of a handed-over cell. */
  readonly cell: string;
}

export interface CellsSaying {
  readonly what: "cells";
  /** base64url */
  readonly capability: string;
  readonly relay: string;
  readonly cells: readonly NumberedCell[];
}

export interface OfferSaying {
  readonly what: "offer";
  readonly cellsPerDay: number;
  /** Of the day (UTC) in which this is said. */
  readonly usedToday: number;
  /** Cells beside those, and until when (ms since 1970). */
  readonly credit: number;
  readonly creditUntil: number;
}

export interface ReportSaying {
  readonly what: "report";
  /** Id. */
  readonly capability: string;
  /** Numbers of cells: the relay took them; they left, and nothing more is known; they never left. */
  readonly taken: readonly number[];
  readonly lost: readonly number[];
  readonly returned: readonly number[];
  readonly ended: EndReason | null;
}

export type CourierSaying =
  | OfferSaying
  | { readonly what: "redeem"; readonly code: string }
  | { readonly what: "redeemed"; readonly ok: boolean }
  | CellsSaying
  | ReportSaying
  | { readonly what: "revoke"; readonly capabilities: readonly string[] };

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const id = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
const number = v.pipe(count, v.maxValue(0xffff_ffff));
const numbers = v.pipe(v.array(number), v.maxLength(COURIER_LIMITS.numbersPerReport));

export const courierSchema: v.GenericSchema<unknown, CourierSaying> = v.variant("what", [
  v.object({
    what: v.literal("offer"),
    cellsPerDay: v.pipe(count, v.maxValue(COURIER_LIMITS.cellsPerDay)),
    usedToday: count,
    credit: count,
    creditUntil: count,
  }),
  v.object({ what: v.literal("redeem"), code: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22}$/)) }),
  v.object({ what: v.literal("redeemed"), ok: v.boolean() }),
  v.object({
    what: v.literal("cells"),
    capability: base64Url(CAPABILITY_BYTES),
    relay: v.pipe(v.string(), v.check(isRelayUrl)),
    cells: v.pipe(
      v.array(v.object({ n: number, cell: base64Url(HANDED_BYTES) })),
      v.minLength(1),
      v.maxLength(COURIER_LIMITS.cellsPerLetter),
    ),
  }),
  v.object({
    what: v.literal("report"),
    capability: id,
    taken: numbers,
    lost: numbers,
    returned: numbers,
    ended: v.nullable(v.picklist(["not_allowed", "over_limit", "bad_capability", "expired", "revoked"])),
  }),
  v.object({
    what: v.literal("revoke"),
    capabilities: v.pipe(v.array(id), v.maxLength(COURIER_LIMITS.capabilitiesPerPerson)),
  }),
]);

/** The text of exactly so many bytes. */
function base64Url(bytes: number) {
  return v.pipe(v.string(), v.length(Math.ceil((bytes * 4) / 3)), v.regex(/^[A-Za-z0-9_-]+$/));
}
