/**
 * A client's connections to one node: up to MESH_LIMITS.connectionsPerNode, made when they are needed.
 *
 *   take   one that nobody uses, else another one, else the one with the fewest requests
 */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { Connection } from "./connection.ts";

/** Makes a connection; `onClosed` is called once when it has ended. */
export type Opening = (onClosed: (connection: Connection) => void, signal?: AbortSignal) => Promise<Connection>;

export class NodePool {
  readonly #open: Opening;
  readonly #connections = new Set<Connection>();
  #opening = 0;

  constructor(open: Opening) {
    this.#open = open;
  }

  /** Whether nothing is lost without it. */
  get isEmpty(): boolean {
    return this.#connections.size + this.#opening === 0;
  }

  get connections(): readonly Connection[] {
    return [...this.#connections].filter(({ isClosed }) => !isClosed);
  }

  /** For a single request, claimed. Throws what making a connection throws, unless there is one. */
  async take(signal?: AbortSignal): Promise<Connection> {
    const best = this.#leastWanted();
    const isLast = this.connections.length + this.#opening >= MESH_LIMITS.connectionsPerNode;
    const connection = best && (best.wanted === 0 || isLast) ? best : await this.#another(signal);
    connection.claim();
    return connection;
  }

  /** Makes a connection if there is none. */
  async reach(signal?: AbortSignal): Promise<void> {
    if (this.connections.length === 0) await this.#another(signal);
  }

  async #another(signal?: AbortSignal): Promise<Connection> {
    this.#opening++;
    try {
      const connection = await this.#open((ended) => this.#connections.delete(ended), signal);
      if (!connection.isClosed) this.#connections.add(connection);
      return connection;
    } catch (error) {
      const other = signal?.aborted ? null : this.#leastWanted();
      if (!other) throw error;
      return other;
    } finally {
      this.#opening--;
    }
  }

  #leastWanted(): Connection | null {
    let best: Connection | null = null;
    for (const one of this.connections) if (!best || one.wanted < best.wanted) best = one;
    return best;
  }
}
