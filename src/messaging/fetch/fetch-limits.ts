import type { FETCH_LIMITS } from "../../core/cell-limits.ts";

/** FETCH_LIMITS, or other numbers where a test cannot wait for those. */
export type FetchLimits = { readonly [Name in keyof typeof FETCH_LIMITS]: number };
