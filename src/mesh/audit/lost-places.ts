/** Fragments that nodes should have, by where they were stored, and have not any more as far as audits say. */
import type { NodeId } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";

export class LostPlaces {
  readonly #places = new Map<NodeId, Set<FragmentId>>();

  add(node: NodeId, fragments: Iterable<FragmentId>): void {
    const known = this.#places.get(node) ?? new Set();
    for (const id of fragments) known.add(id);
    if (known.size > 0) this.#places.set(node, known);
  }

  has(node: NodeId, fragment: FragmentId): boolean {
    return this.#places.get(node)?.has(fragment) ?? false;
  }

  /** Nodes that have lost something. */
  nodes(): ReadonlySet<NodeId> {
    return new Set(this.#places.keys());
  }

  /** Fragments that are lost, each as often as nodes have lost it. */
  get size(): number {
    return [...this.#places.values()].reduce((sum, { size }) => sum + size, 0);
  }
}
