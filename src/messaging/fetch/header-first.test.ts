/** A relay in virtual time that tells more of our cells than may wait. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { atEnd, temporaryFolder } from "../../../test/support/cleanup.ts";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { CELL_LIMITS, FETCH_LIMITS } from "../../core/cell-limits.ts";
import { createLogger } from "../../core/log.ts";
import { headerOf, type HeaderRequest } from "../../nostr/header-stream.ts";
import { type HashedEvent, type NostrEvent, verifyId } from "../../nostr/event.ts";
import { createFullCell } from "../../relay/testing.ts";
import type { HeaderHandlers } from "../../route/header-streams.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import { openVault } from "../../vault/vault.ts";
import { FetchStore } from "./fetch-store.ts";
import { HeaderFirst } from "./header-first.ts";

const URL = "ws://relay";
const FRAME = 20;
const LIMITS = { ...FETCH_LIMITS, noted: 30 };

/** One connection that never breaks, as `HeaderStreams` treats it: what could not be taken comes again at the next alone. */
class Relay {
  readonly started: HeaderRequest[] = [];
  readonly frames: NostrEvent[][] = [];
  readonly #time: VirtualTime;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  readonly headers = (_url: string, start: HeaderRequest, handlers: HeaderHandlers): { close(): void } => {
    this.started.push(start);
    let next = start.after === null ? 0 : Number(start.after);
    let cancel = (): void => {};
    const tell = (): void => {
      cancel = this.#time.schedule(tell, 1_000);
      const frame = this.frames[next];
      if (!frame) return handlers.onStored?.();
      next++;
      try {
        handlers.onHeaders(Buffer.concat(frame.map((cell) => headerOf(cell) as Uint8Array)), `${next}`);
      } catch {
        // The listener's own failure.
      }
    };
    cancel = this.#time.schedule(tell, 1_000);
    return { close: () => cancel() };
  };

  readonly subscribe: RelayPool["subscribe"] = (_url, filters, { claim, onStored }) => {
    const ids = filters()[0]?.ids ?? [];
    for (const cell of this.frames.flat()) if (ids.includes(cell.id)) claim?.(verifyId(cell) as HashedEvent);
    onStored?.();
    return { close: () => {} };
  };
}

test("more cells of ours than may wait stop the headers, and nothing is passed over", async (t) => {
  const time = new VirtualTime(Date.UTC(2026, 0, 1));
  const vault = await openVault({ dataDir: temporaryFolder(t), clock: time, log: createLogger("silent") });
  atEnd(t, () => vault.close());
  const store = new FetchStore(vault, time.nowMs());
  const relay = new Relay(time);
  const pool = relay as unknown as RelayPool;
  const seen = { cells: new Set<string>(), lost: 0, stored: 0 };
  const mail = Array.from({ length: 4 * FRAME }, () => createFullCell());
  const others = Array.from({ length: 10 }, () => createFullCell());
  const ours = new Set(mail.map(({ id }) => id));
  for (let at = 0; at < mail.length; at += FRAME) relay.frames.push(mail.slice(at, at + FRAME));
  for (const other of others) relay.frames.push([other]);
  const reading = new HeaderFirst({ pool, store, clock: time, timers: time, limits: LIMITS }).follow(URL, null, {
    onCell: ({ id }) => {
      seen.cells.add(id);
      store.forget([id]);
      return true;
    },
    sort: ({ id }) => (ours.has(id) ? "ours" : "other"),
    isExpected: () => false,
    onStored: () => void seen.stored++,
    onLost: () => void seen.lost++,
    onTold: () => {},
    onBytes: () => {},
    onUnable: () => assert.fail("it knows headers"),
  });
  await time.advance(11_000);
  assert.deepEqual([seen.lost, seen.stored], [1, 0], "the cursor of the relay stands");
  const waiting = mail.filter(({ id }) => store.isNoted(id)).length;
  assert.ok(waiting <= LIMITS.noted + FRAME, `${waiting} wait`);
  await time.advance(60 * CELL_LIMITS.cursorMs);
  assert.deepEqual(
    mail.filter(({ id }) => !seen.cells.has(id)).map(({ id }) => id),
    [],
  );
  assert.deepEqual(relay.started.map(({ after }) => after).slice(0, 2), [null, "2"]);
  assert.ok(seen.stored > 0);
  reading.close();
});
