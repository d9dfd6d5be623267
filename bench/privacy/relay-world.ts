/**
 * A crowd on two real relays for some simulated hours; all that the relays see is kept.
 *
 *   SocialWorld -> MailPerson: lanes, CellPost, Streams -> RelayPool -> WebSocket on loopback -> wiretap -> relay, its store
 *               <- MailPerson: Mailbox                 <- Crowd     <- one reader for each relay <-----------+
 *
 * Real: every cell, dummies too, with its keys and signature; the law and its emitters; connections (one for each person
 * and relay); both relays with their checks and stores; lanes, windows, reassembly, vaults. Virtual: the clock, the
 * relays' included, and the timers of the streams. Left out, because it is the same for everybody and so says nothing:
 * that each of the 64 downloads the crowd himself; one connection reads it for all, by the product's code, and each
 * mailbox is asked for the cells that its lanes expect. Trials for intros are left out too: there are none.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as breath } from "node:timers/promises";
import { VirtualTime } from "../../test/support/virtual-time.ts";
import { createLogger } from "../../src/core/log.ts";
import { Crowd } from "../../src/messaging/fetch/crowd.ts";
import type { Cell } from "../../src/messaging/cell/cell.ts";
import { CoverLaw, type CoverProfile } from "../../src/messaging/cover/cover-law.ts";
import { type RunningRelay, startRelay } from "../../src/relay/relay-server.ts";
import { directCarrier } from "../../src/route/carrier.ts";
import { RelayPool } from "../../src/route/relay-pool.ts";
import { meetPartners } from "./cell-world.ts";
import { MailPerson } from "./mail-person.ts";
import { type Carriage, DAY_MS, type Letter, SocialWorld } from "./social-world.ts";
import type { Delivery, Trace } from "./trace.ts";
import { Wiretap } from "./wiretap.ts";

export interface RelayWorldOptions {
  readonly profile: CoverProfile;
  readonly people: number;
  readonly hours: number;
  readonly notified: number;
  /** How many times the usual number of visits. */
  readonly busy: number;
}

const RELAYS = 2;
/** Noon, so that short runs see people awake. */
const START_MS: number = 20_000 * DAY_MS + DAY_MS / 2;
/** So much virtual time passes before the relays' answers are waited for: letters arrive so much later at most. */
const STEP_MS: Readonly<Record<CoverProfile, number>> = { stealth: 5_000, balanced: 5_000, fast: 200 };
const log = createLogger("silent");

export async function watchRelays(options: RelayWorldOptions): Promise<Trace> {
  const { profile, people, hours, notified, busy } = options;
  await using stack = new AsyncDisposableStack();
  const time = new VirtualTime(START_MS);
  const relays = await openRelays(stack, time);
  const urls = relays.map(({ url }) => url);
  const tap = new Wiretap(time, urls);
  const letterOf = new Map<string, Letter>();
  const deliveries: Delivery[] = [];
  const mail: MailPerson[] = [];
  for (let person = 0; person < people; person++) {
    const law = new CoverLaw(profile);
    const pool = new RelayPool({ carrier: tap.carrier(person), log, clock: time });
    stack.defer(() => pool.close());
    pool.keep(urls);
    const onReal = (id: string, letter: Letter) => void letterOf.set(id, letter);
    mail.push(await MailPerson.open({ law, pool, time, relays: urls, onReal }));
  }
  const carriage: Carriage = {
    post: (letter) => mail[letter.from]?.send(letter, mail[letter.to] as MailPerson),
    setAppOpen: () => {}, // nothing follows the app
  };
  const world = new SocialWorld({ people, time, carriage, random: Math.random, notified, busy });
  meetPartners(world, mail);
  const deliver = (cell: Cell): void => {
    const letter = letterOf.get(cell.id);
    const number = letter && mail[letter.to]?.take(cell);
    if (!letter || number !== letter.number) return;
    deliveries.push({ from: letter.from, to: letter.to, atMs: time.nowMs() });
    world.arrived(letter);
  };
  const reader = new RelayPool({ carrier: directCarrier, log, clock: time });
  stack.defer(() => reader.close());
  const read = await readCrowd(reader, urls, time, deliver);
  for (const endMs = START_MS + hours * 3_600_000; time.nowMs() < endMs; ) {
    await time.advance(STEP_MS[profile]);
    await until(() => tap.unanswered === 0 && read.cells >= tap.taken);
  }
  for (const one of mail) one.close();
  await until(() => tap.unanswered === 0);
  if (tap.refused > 0) throw new Error(`the relays refused ${tap.refused} cells`);
  return { ...tap.trace(people, letterOf), startMs: START_MS, endMs: time.nowMs(), deliveries };
}

async function openRelays(stack: AsyncDisposableStack, clock: VirtualTime): Promise<RunningRelay[]> {
  const relays: RunningRelay[] = [];
  for (let i = 0; i < RELAYS; i++) {
    const dataDir = mkdtempSync(join(tmpdir(), "nocturne-privacy-"));
    stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
    const relay = await startRelay({ host: "127.0.0.1", port: 0, dataDir, log, clock, name: "watched" });
    stack.defer(() => relay.close());
    relays.push(relay);
  }
  return relays;
}

/** Resolves when both relays are read live. */
async function readCrowd(
  pool: RelayPool,
  urls: readonly string[],
  clock: VirtualTime,
  onCell: (cell: Cell) => void,
): Promise<{ cells: number }> {
  const read = { cells: 0 };
  const crowd = new Crowd(pool, clock);
  const live = urls.map((url) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const take = (cell: Cell) => {
      read.cells++;
      onCell(cell);
      return true;
    };
    crowd.follow(url, () => clock.nowMs() - DAY_MS, {
      onCell: take,
      onTold: () => {},
      onStored: () => resolve(),
      onLost: () => {},
    });
    return promise;
  });
  await Promise.all(live);
  return read;
}

const PATIENCE_MS = 30_000;

async function until(condition: () => boolean): Promise<void> {
  for (const startMs = performance.now(); !condition(); await breath()) {
    if (performance.now() - startMs > PATIENCE_MS) throw new Error("a relay does not answer");
  }
}
