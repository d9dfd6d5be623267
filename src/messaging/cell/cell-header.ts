/** What a relay tells of a cell without its body (NEP-13). */

import { toHex } from "../../core/bytes.ts";
import { HEADER_BYTES } from "../../nostr/header-stream.ts";

/** All fields: hex, 32 bytes. Nothing in it is proven. */
export interface CellHeader {
  readonly ephemeral: string;
  readonly address: string;
  /** Of the event that carries the cell. */
  readonly id: string;
}

/** Headers as a frame has them: n * 96 bytes. */
export function readHeaders(bytes: Uint8Array): CellHeader[] {
  return Array.from({ length: bytes.length / HEADER_BYTES }, (_, i) => {
    const header = bytes.subarray(i * HEADER_BYTES, (i + 1) * HEADER_BYTES);
    const field = (start: number) => toHex(header.subarray(start, start + 32));
    return { ephemeral: field(0), address: field(32), id: field(64) };
  });
}
