/**
 * One person's stream to one relay, as the relay sees it: the product's emitter in virtual time.
 *
 *   habit -> cells to send, in bursts -> Emitter -> when each one reached the relay, and (for scoring) which were real
 *
 * Hours pass in a moment, but work takes its time: composing a message keeps the program busy, and a real cell takes
 * longer to make than a dummy. How long is assumed, on the large side, so that a leak through it would show.
 */

import { VirtualTime } from "../../test/support/virtual-time.ts";
import { randomUnit } from "../../src/core/random.ts";
import { CoverLaw, type CoverProfile } from "../../src/messaging/cover/cover-law.ts";
import { type Departure, Emitter, type EmitterOptions } from "../../src/messaging/cover/emitter.ts";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import { exponential, ExponentialSender } from "./exponential-sender.ts";

export const HOUR_MS = 3_600_000;
export const START_MS: number = 1_800_000_000_000;

const COMPOSE_MS = 20;
const MAKE_REAL_MS = 3;
const MAKE_DUMMY_MS = 1;

/** How much a person writes; null writes nothing. */
export interface Habit {
  readonly conversationsPerHour: number;
  readonly messagesPerConversation: number;
}

export interface SeenCell {
  readonly atMs: number;
  readonly real: boolean;
}

/**
 * What sends: the law; or one of two controls, a naive sender whose real cells leave at once beside its dummies, and
 * one with exponential gaps, at whose next cell the first of the queue leaves.
 */
export type Sender = "law" | "naive" | "exponential";

export interface Stream {
  readonly sender: Sender;
  readonly profile: CoverProfile;
  readonly habit: Habit | null;
  readonly hours: number;
}

/** All cells of a stream in the order in which the relay saw them. */
export async function watchStream({ sender, profile, habit, hours }: Stream): Promise<SeenCell[]> {
  const time = new VirtualTime(START_MS);
  const seen: SeenCell[] = [];
  const departure = (real: boolean): Departure => ({
    make: () => {
      time.stall(real ? MAKE_REAL_MS : MAKE_DUMMY_MS);
      return { real } as unknown as VerifiedEvent; // cells look alike (NEP-12): here only times are compared
    },
    settled: () => {},
  });
  const shared: Omit<EmitterOptions, "law"> = {
    clock: time,
    timers: time,
    random: randomUnit,
    dummy: () => departure(false),
    publish: async (cell) => void seen.push({ atMs: time.nowMs(), real: (cell as unknown as SeenCell).real }),
  };
  const law = new CoverLaw(profile);
  const stream = sender === "exponential" ? new ExponentialSender({ ...shared, law }) : new Emitter({ ...shared, law });
  const real = sender === "naive" ? new Emitter({ ...shared, law: new CoverLaw("fast") }) : stream;
  for (const message of writeMessages(habit, hours)) {
    time.schedule(() => {
      time.stall(COMPOSE_MS);
      for (let i = 0; i < message.cells; i++) real.post(departure(true));
    }, message.atMs);
  }
  await time.advance(hours * HOUR_MS);
  return seen;
}

/** Gaps in ms between neighbours. */
export function gapsOf(cells: readonly SeenCell[]): number[] {
  return cells.slice(1).map(({ atMs }, i) => atMs - (cells[i]?.atMs ?? 0));
}

interface Message {
  readonly atMs: number;
  readonly cells: number;
}

/** Conversations come at random; in each, messages and acknowledgements follow each other every 15 s on average. */
function writeMessages(habit: Habit | null, hours: number): Message[] {
  if (habit === null) return [];
  const messages: Message[] = [];
  const pauseMs = HOUR_MS / habit.conversationsPerHour;
  for (let start = wait(pauseMs); start < hours * HOUR_MS; start += wait(pauseMs)) {
    const count = 1 + Math.floor(wait(habit.messagesPerConversation - 0.5));
    for (let i = 0, atMs = start; i < count; i++, atMs += wait(15_000))
      messages.push({ atMs, cells: cellsOfMessage() });
  }
  return messages;
}

/** A line or an acknowledgement fills one cell, a renewal of keys three, a long text more. */
function cellsOfMessage(): number {
  const draw = Math.random();
  if (draw < 0.75) return 1;
  if (draw < 0.95) return 3;
  return 9;
}

function wait(meanMs: number): number {
  return exponential(meanMs, Math.random());
}
