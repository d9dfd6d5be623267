/**
 * Several announcements, each as its node signed it: what a neighbour or a tracker answers when it is asked who is there.
 *
 *   question   after 32: the node id after which the answer goes on, in the order of ids; zeros at the start
 *   page       count u16 | each: length u16 | announcement
 */
import { concatBytes, u16 } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";

export const QUESTION_BYTES = 32;
/** The longest page. */
export const PAGE_BYTES: number = 2 + MESH_LIMITS.rosterPage * (2 + MESH_LIMITS.announcementBytes);

/** The first MESH_LIMITS.rosterPage of them. */
export function encodePage(announcements: readonly Uint8Array[]): Uint8Array {
  const shown = announcements.slice(0, MESH_LIMITS.rosterPage);
  return concatBytes(u16(shown.length), ...shown.flatMap((bytes) => [u16(bytes.length), bytes]));
}

/** Nothing of what is in it was checked. Null for what is no page. */
export function readPage(page: Uint8Array): Uint8Array[] | null {
  if (page.length < 2 || page.length > PAGE_BYTES) return null;
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const count = view.getUint16(0);
  const announcements: Uint8Array[] = [];
  let at = 2;
  for (let i = 0; i < count; i++) {
    if (at + 2 > page.length) return null;
    const length = view.getUint16(at);
    const end = at + 2 + length;
    if (length > MESH_LIMITS.announcementBytes || end > page.length) return null;
    announcements.push(page.slice(at + 2, end));
    at = end;
  }
  return at === page.length && count <= MESH_LIMITS.rosterPage ? announcements : null;
}
