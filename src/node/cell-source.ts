/** Another relay as a mirror needs it (`src/relay/mirror.ts`), over a pool of connections on which nothing is proven. */

import { ROUTE_LIMITS } from "../core/limits.ts";
import type { CellSource } from "../relay/mirror.ts";
import type { RelayPool } from "../route/relay-pool.ts";

export function cellSource(pool: RelayPool, url: string): CellSource {
  return {
    headers: (start, handlers) => pool.headers(url, start, handlers),
    cells: (ids) => pool.fetch(url, [{ ids }], ROUTE_LIMITS.mirrorFetchMs),
  };
}
