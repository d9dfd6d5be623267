/** A pool of connections for tests: short waits, no output, closed with the test; and events to publish. */
import type { TestContext } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger, type Logger } from "../../src/core/log.ts";
import { signEvent, type VerifiedEvent } from "../../src/nostr/event.ts";
import { directCarrier } from "../../src/route/carrier.ts";
import { RelayPool, type RelayPoolOptions } from "../../src/route/relay-pool.ts";

/** Short enough for a test, long enough for two busy cores. */
const TEST_LIMITS = { retryMs: 20, retryMaxMs: 200, publishMs: 1_000, connectMs: 2_000, closeMs: 100 };

export function createPool(t: TestContext, options: Partial<RelayPoolOptions> = {}): RelayPool {
  const pool = new RelayPool({
    carrier: directCarrier,
    log: silentLogger,
    clock: systemClock,
    ...options,
    limits: { ...TEST_LIMITS, ...options.limits },
  });
  t.after(() => pool.close());
  return pool;
}

const silentLogger: Logger = createLogger("silent");

const SECRET_KEY = new Uint8Array(32).fill(7);
let count = 0;

/** A signed event that no test has seen before. */
export function createEvent(kind = 1, content = `event ${++count}`): VerifiedEvent {
  return signEvent({ kind, created_at: 1_700_000_000, tags: [], content }, SECRET_KEY);
}
