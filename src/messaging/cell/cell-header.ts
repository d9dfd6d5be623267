/** What a relay tells of a cell without its body, and a cell put together from both. */

import { toHex } from "../../core/bytes.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { HEADER_BYTES } from "../../nostr/header-stream.ts";
import { KIND } from "../../nostr/kinds.ts";

/** All fields: hex, 32 bytes. Nothing in it is proven. */
export interface CellHeader {
  readonly oneUseKey: string;
  readonly address: string;
  /** Of the event that carries the cell. */
  readonly id: string;
}

/** What of an event a cell is opened from. */
export type CellEvent = Pick<NostrEvent, "id" | "pubkey" | "kind" | "tags" | "content">;

/** Headers as a frame of NEP-13 has them: n * 96 bytes. */
export function readHeaders(bytes: Uint8Array): CellHeader[] {
  return Array.from({ length: bytes.length / HEADER_BYTES }, (_, i) => {
    const header = bytes.subarray(i * HEADER_BYTES, (i + 1) * HEADER_BYTES);
    const field = (start: number) => toHex(header.subarray(start, start + 32));
    return { oneUseKey: field(0), address: field(32), id: field(64) };
  });
}

/** The cell of a header whose content (base64) came apart from it. */
export function cellOf({ id, oneUseKey, address }: CellHeader, content: string): CellEvent {
  return { id, pubkey: oneUseKey, kind: KIND.cell, tags: [["x", address]], content };
}
