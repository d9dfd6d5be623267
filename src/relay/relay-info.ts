/** What the relay says about itself (NIP-11), generated from the limits that it enforces. */

import { PIR_LIMITS } from "../core/cell-limits.ts";
import { type RELAY_LIMITS } from "../core/limits.ts";
import { HEADER_STREAM_VERSION } from "../nostr/header-stream.ts";
import { KIND } from "../nostr/kinds.ts";
import { RETRIEVAL_VERSION } from "../nostr/retrieval.ts";

export type RelayLimits = { readonly [Name in keyof typeof RELAY_LIMITS]: number };

// 17 and 59 for the relay's part of them: wraps go to their recipient alone, who may also delete them.
const SUPPORTED_NIPS = [1, 9, 11, 17, 40, 42, 59];

/** The NIP-11 document as JSON. `mirror` is the URL of the relay that this one mirrors. */
export function describeRelay(name: string, limits: RelayLimits, mirror?: string): string {
  return JSON.stringify({
    name,
    description: "Stores and forwards what it cannot read.",
    software: "nocturne",
    supported_nips: SUPPORTED_NIPS,
    // Versions of what it does for hidden mail beyond the NIPs.
    cells: { headers: HEADER_STREAM_VERSION, pir: describeRetrieval(limits, mirror) },
    limitation: {
      max_message_length: limits.frameBytes,
      max_content_length: limits.eventBytes,
      max_event_tags: limits.tagsPerEvent,
      max_subscriptions: limits.subscriptionsPerConnection,
      max_subid_length: limits.subscriptionIdBytes,
      max_filters: limits.filtersPerRequest,
      max_limit: limits.eventsPerFilter,
      default_limit: limits.eventsPerFilter,
      created_at_upper_limit: Math.floor(limits.futureMs / 1000),
      auth_required: false,
      payment_required: false,
      restricted_writes: false,
    },
  });
}

function describeRetrieval(limits: RelayLimits, mirror?: string): object {
  return {
    version: RETRIEVAL_VERSION,
    kind: KIND.cell,
    epoch_seconds: PIR_LIMITS.epochS,
    epochs: PIR_LIMITS.epochs,
    record_bytes: PIR_LIMITS.recordBytes,
    max_records: PIR_LIMITS.records,
    max_questions: limits.questionsPerConnection,
    mirrors: mirror === undefined ? [] : [withoutPassword(mirror)],
  };
}

function withoutPassword(url: string): string {
  return Object.assign(new URL(url), { username: "", password: "" }).href;
}
