/** For tests: locators of any kind, and shapes that are odd. */
import fc from "fast-check";
import { sha256 } from "../../crypto/key-derivation.ts";
import { toHex, utf8Encode } from "../../core/bytes.ts";
import type { NodeId } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import { segmentsOf } from "../pieces/segments.ts";
import { createLocator, type Locator, type ObjectShape, type PlacedFragment } from "./locator.ts";

const hashed = (text: string): string => toHex(sha256(utf8Encode(text)));

/** The node called `name`; the same at every call. */
export function namedNode(name: number | string): NodeId {
  return hashed(`node ${name}`) as NodeId;
}

/** An object of this shape whose fragment `i` of segment `s` is at `placed(s, i)`. */
export function objectAt(shape: ObjectShape, placed: (segment: number, fragment: number) => NodeId | null): Locator {
  const fragment = (s: number, i: number): PlacedFragment => ({
    id: hashed(`${shape.bytes} ${s} ${i}`) as FragmentId,
    node: placed(s, i),
  });
  const segments = segmentsOf(shape.bytes).map((_, s) =>
    Array.from({ length: shape.total }, (__, i) => fragment(s, i)),
  );
  return createLocator(shape, segments);
}

/** One segment a row, one fragment a letter, which is its node; "." has no place. */
export function drawn(needed: number, ...rows: readonly string[]): Locator {
  const shape = { bytes: (rows.length - 1) * 4_194_304 + 1_000, needed, total: rows[0]?.length ?? 0 };
  return objectAt(shape, (s, i) => (rows[s]?.[i] === "." ? null : namedNode(rows[s]?.[i] as string)));
}

/** Objects of up to four segments on up to nine nodes. */
export const locators: fc.Arbitrary<Locator> = fc
  .record({
    total: fc.integer({ min: 1, max: 6 }),
    bytes: fc.integer({ min: 1, max: 16_000_000 }),
    needed: fc.integer({ min: 1, max: 6 }),
    places: fc.array(fc.option(fc.integer({ min: 0, max: 8 })), { minLength: 30, maxLength: 30 }),
  })
  .map(({ total, bytes, needed, places }) =>
    objectAt({ bytes, needed: Math.min(needed, total), total }, (s, i) => {
      const node = places[s * total + i] ?? null;
      return node === null ? null : namedNode(node);
    }),
  );
