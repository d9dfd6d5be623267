/**
 * Some people whose cells go to two relays by the product's code, bytes and all, in virtual time; nothing is listened to
 * but what the relays see. A relay answers half of the cells late, in a pattern of its own.
 *
 *   SocialWorld -> MailPerson -> CellPost, Streams -> relay: time, socket, event, its own answer
 *
 * There is no night: so the hour, which everybody knows, says nothing of how many cells are real.
 */

import { VirtualTime } from "../../test/support/virtual-time.ts";
import { randomBytes } from "../../src/core/random.ts";
import { readCell } from "../../src/messaging/cell/cell.ts";
import { CoverLaw, type CoverProfile } from "../../src/messaging/cover/cover-law.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { RelayPool } from "../../src/route/relay-pool.ts";
import { describeForm } from "./cell-form.ts";
import { HOUR_MS, START_MS } from "./cover-world.ts";
import { MailPerson } from "./mail-person.ts";
import { type Carriage, SocialWorld } from "./social-world.ts";

const RELAYS = ["ws://one", "ws://two"] as const;

/**
 * What sends: the product; beside its dummies at once; or the product, with real cells left unsealed, or dummies with random
 * bytes in the place of a key.
 */
export type CellSender = "law" | "naive" | "unsealed" | "keyless";

export interface CellStreamOptions {
  readonly sender: CellSender;
  readonly profile: CoverProfile;
  readonly people: number;
  readonly hours: number;
}

/** What both relays together know of a cell, and (for scoring) whether it is real. */
export interface LoggedCell {
  readonly person: number;
  readonly relay: number;
  readonly atMs: number;
  readonly late: boolean;
  /** Of `describeForm`. */
  readonly form: readonly number[];
  readonly real: boolean;
}

const LATE_MS = 5_000;
/** Until conversations are under way. */
const WARM_UP_MS = 900_000;
/** So that the stream is about as full as it can be without a growing queue. */
const BUSY: Readonly<Record<CoverProfile, { readonly busy: number; readonly answerMs: number }>> = {
  stealth: { busy: 4, answerMs: 60_000 },
  balanced: { busy: 24, answerMs: 20_000 },
  fast: { busy: 24, answerMs: 20_000 },
};

/** All cells, in the order in which they left. */
export async function watchCells(options: CellStreamOptions): Promise<LoggedCell[]> {
  const [seen = []] = await watchSenders(options, [options.sender]);
  return seen;
}

/** The cells of one stream, as they would look by each of these senders, who differ in the bytes alone. */
export async function watchSenders(
  { sender, profile, people, hours }: CellStreamOptions,
  senders: readonly CellSender[],
): Promise<LoggedCell[][]> {
  const time = new VirtualTime(START_MS);
  const seen = senders.map((): LoggedCell[] => []);
  const real = new Set<string>();
  const mail: MailPerson[] = [];
  const publish = async (person: number, url: string, cell: NostrEvent): Promise<void> => {
    const late = Math.random() < 0.5;
    const isReal = real.delete(cell.id);
    const relay = url === RELAYS[0] ? 0 : 1;
    const atMs = time.nowMs();
    for (const [i, log] of seen.entries()) {
      if (atMs < START_MS + WARM_UP_MS) break;
      const form = describeForm(disguise(cell, isReal, senders[i] as CellSender), atMs);
      log.push({ person, relay, atMs, late, form, real: isReal });
    }
    if (isReal) deliver(cell);
    if (late) await new Promise<void>((resolve) => void time.schedule(resolve, LATE_MS));
  };
  const deliver = (event: NostrEvent): void => {
    const cell = readCell(event);
    if (!cell) return;
    for (const one of mail) {
      const number = one.take(cell);
      const letter = number === null ? undefined : world.letters[number];
      if (letter) queueMicrotask(() => world.arrived(letter));
    }
  };
  for (let person = 0; person < people; person++) {
    const pool = { publish: (url: string, cell: NostrEvent) => publish(person, url, cell) } as unknown as RelayPool;
    const law = new CoverLaw(profile);
    const naive = sender === "naive" ? { naive: new CoverLaw("fast") } : {};
    const onReal = (id: string) => void real.add(id);
    mail.push(await MailPerson.open({ law, pool, time, relays: RELAYS, onReal, ...naive }));
  }
  const carriage: Carriage = {
    post: (letter) => mail[letter.from]?.send(letter, mail[letter.to] as MailPerson),
    setAppOpen: () => {}, // nothing follows the app
  };
  const world = new SocialWorld({
    people,
    time,
    carriage,
    random: Math.random,
    notified: 0.9,
    nights: false,
    ...BUSY[profile],
  });
  meetPartners(world, mail);
  await time.advance(WARM_UP_MS + hours * HOUR_MS);
  for (const one of mail) one.close();
  return seen;
}

/** Everybody gets a session with each of his partners. */
export function meetPartners(world: SocialWorld, mail: readonly MailPerson[]): void {
  for (const [person, partners] of world.partners.entries()) {
    for (const other of partners.keys()) {
      if (person < other) (mail[person] as MailPerson).meet(mail[other] as MailPerson);
    }
  }
}

/** As it is; or as if somebody had forgotten to seal it: what is padded with zeros shows; or to give a dummy a key. */
function disguise(cell: NostrEvent, isReal: boolean, sender: CellSender): NostrEvent {
  const bytes = Buffer.from(cell.content, "base64");
  if (isReal && sender === "unsealed") bytes.fill(0, 400);
  else if (!isReal && sender === "keyless") bytes.set(randomBytes(32), 1);
  return { ...cell, content: bytes.toString("base64") };
}
