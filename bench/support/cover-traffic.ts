/** What hidden mail costs and how long it takes, by the product's streams: volume at a real relay, latency of letters. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { VirtualTime } from "../../test/support/virtual-time.ts";
import { type Clock, systemClock, systemTimers } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { readCell } from "../../src/messaging/cell/cell.ts";
import { Crowd } from "../../src/messaging/fetch/crowd.ts";
import { CoverLaw, type CoverProfile } from "../../src/messaging/cover/cover-law.ts";
import { Streams } from "../../src/messaging/cover/streams.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { type RunningRelay, startRelay } from "../../src/relay/relay-server.ts";
import { type Carrier, directCarrier } from "../../src/route/carrier.ts";
import { RelayPool } from "../../src/route/relay-pool.ts";
import { MailPerson } from "../privacy/mail-person.ts";

const START_MS = 1_800_000_000_000;
const STEP_MS = 10_000;
const ANSWERED_EACH = 8;
const PATIENCE_MS = 10_000;
const log = createLogger("silent");

async function withRelay<T>(clock: Clock, work: (relay: RunningRelay) => Promise<T>): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
  const relay = await startRelay({ host: "127.0.0.1", port: 0, dataDir, log, clock, name: "bench" });
  try {
    return await work(relay);
  } finally {
    await relay.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Bytes in an hour between one silent device and one real relay, both ways: frames' contents, without TCP and TLS. */
export function measureVolume(profile: CoverProfile, hours: number): Promise<number> {
  const time = new VirtualTime(START_MS);
  return withRelay(time, async ({ url }) => {
    const seen = { bytes: 0, unanswered: 0 };
    const pool = new RelayPool({ carrier: countingCarrier(seen), log, clock: time });
    const streams = new Streams({ pool, law: new CoverLaw(profile), clock: time, timers: time });
    pool.keep([url]);
    await until(() => pool.states()[0]?.state === "connected");
    const before = seen.bytes;
    streams.follow([url], []);
    while (time.nowMs() < START_MS + hours * 3_600_000) {
      await time.advance(STEP_MS);
      await until(() => seen.unanswered === 0);
    }
    streams.close();
    await pool.close();
    return (seen.bytes - before) / hours;
  });
}

function countingCarrier(seen: { bytes: number; unanswered: number }): Carrier {
  const dial: Carrier["dial"] = async (url, options) => {
    const socket = await directCarrier.dial(url, options);
    const send = socket.send.bind(socket) as (data: unknown) => void;
    socket.send = (data: unknown) => {
      seen.bytes += String(data).length;
      if (String(data).startsWith('["EVENT"')) seen.unanswered++;
      send(data);
    };
    socket.on("message", (data) => {
      const frame = (data as Buffer).toString();
      seen.bytes += frame.length;
      if (frame.startsWith('["OK"')) seen.unanswered--;
    });
    return socket;
  };
  return { routeOf: () => "direct", dial };
}

/** Cells as strangers send them: what a silent device lets go. */
export async function collectCells(count: number): Promise<NostrEvent[]> {
  const time = new VirtualTime(START_MS);
  const cells: NostrEvent[] = [];
  const pool = { publish: async (_url: string, cell: NostrEvent) => void cells.push(cell) } as unknown as RelayPool;
  const streams = new Streams({ pool, law: new CoverLaw("balanced"), clock: time, timers: time });
  streams.follow([], ["ws://one"]);
  while (cells.length < count) await time.advance(STEP_MS);
  streams.close();
  return cells;
}

const RELAYS = ["ws://one", "ws://two"];

/**
 * Milliseconds until each of `count` letters of one cell is in the other's mailbox, in virtual time: two relays that take
 * no time, `pauseMs` between letters on average.
 */
export async function virtualLatencies(profile: CoverProfile, count: number, pauseMs: number): Promise<number[]> {
  const time = new VirtualTime(START_MS);
  const taken: number[] = [];
  const posted: number[] = [];
  const people: MailPerson[] = [];
  const publish = async (_url: string, event: NostrEvent): Promise<void> => {
    const [sender, reader] = people;
    const cell = readCell(event);
    const number = cell && reader ? reader.take(cell) : null;
    if (number !== null) taken.push(time.nowMs() - (posted[number] ?? 0));
    if (cell) sender?.take(cell);
  };
  const base = { pool: { publish } as unknown as RelayPool, time, relays: RELAYS, onReal: () => {} };
  const sender = await MailPerson.open({ ...base, law: new CoverLaw(profile) });
  const reader = await MailPerson.open({ ...base, law: new CoverLaw("fast") });
  people.push(sender, reader);
  sender.meet(reader);
  for (let number = 0; number < count; number++) {
    // Uneven, so that letters fall anywhere into periods.
    await time.advance(pauseMs * (0.5 + Math.random()));
    posted.push(time.nowMs());
    write(number, sender, reader);
  }
  await time.advance(10 * pauseMs);
  for (const one of people) one.close();
  return taken;
}

/** Often enough for the lane's window, the other says that he is there. */
function write(number: number, sender: MailPerson, reader: MailPerson): void {
  if (number % ANSWERED_EACH === 0) reader.send({ number, from: 1, to: 0, kind: "receipt", cells: 1 }, sender);
  sender.send({ number, from: 0, to: 1, kind: "text", cells: 1 }, reader);
}

/** The same under `fast`, in real time over one real relay on loopback. */
export function realLatencies(count: number): Promise<number[]> {
  return withRelay(systemClock, async ({ url }) => {
    const time = { ...systemClock, ...systemTimers };
    const pools = [0, 1].map(() => new RelayPool({ carrier: directCarrier, log, clock: systemClock }));
    const [one, two] = pools as [RelayPool, RelayPool];
    const base = { law: new CoverLaw("fast"), time, relays: [url], onReal: () => {} };
    const sender = await MailPerson.open({ ...base, pool: one });
    const reader = await MailPerson.open({ ...base, pool: two });
    sender.meet(reader);
    const taken: number[] = [];
    let postedMs = 0;
    const stored = Promise.withResolvers<void>();
    new Crowd(two, systemClock).follow(url, () => null, {
      onCell: (cell) => {
        if (reader.take(cell) !== null) taken.push(performance.now() - postedMs);
        sender.take(cell);
        return true;
      },
      onTold: () => {},
      onStored: () => stored.resolve(),
      onLost: () => {},
    });
    await stored.promise;
    for (let number = 0; number < count; number++) {
      postedMs = performance.now();
      write(number, sender, reader);
      await until(() => taken.length > number);
    }
    sender.close();
    reader.close();
    for (const pool of pools) await pool.close();
    return taken;
  });
}

async function until(condition: () => boolean): Promise<void> {
  for (const startMs = performance.now(); !condition(); await sleep(0)) {
    if (performance.now() - startMs > PATIENCE_MS) throw new Error("the relay does not answer");
  }
}
