/** What journals are tested with: a clock that stands, devices with journals of their own, neighbours without a network. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { NetworkError } from "../../core/errors.ts";
import { utf8Encode } from "../../core/bytes.ts";
import { createLogger } from "../../core/log.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { VirtualTimers } from "../../mesh/exchange/testing.ts";
import type { NodeId } from "../../mesh/node-id.ts";
import type { NetworkId } from "../agent-ids.ts";
import type { Statement } from "../statement.ts";
import { Journal } from "./journal.ts";
import { type Gate, LogSync, type Neighbourhood } from "./log-sync.ts";
import { answerSync } from "./sync-protocol.ts";

export const NETWORK = "11".repeat(32) as NetworkId;
export const START_MS = 1_760_000_000_000;

export interface TestClock {
  atMs: number;
  nowMs(): number;
}

export function newClock(): TestClock {
  return {
    atMs: START_MS,
    nowMs() {
      return this.atMs;
    },
  };
}

export function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "nocturne-agents-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

interface JournalParts {
  readonly key?: SignatureKeyPair;
  readonly folder?: string;
  readonly clock?: TestClock;
}

/** Of a device of its own, until the test ends. */
export function newJournal(t: TestContext, parts: JournalParts = {}): Journal {
  const { key = ed25519.createKeyPair(), folder = newFolder(t), clock = newClock() } = parts;
  const journal = new Journal({ folder, key, network: NETWORK, clock });
  t.after(() => journal[Symbol.dispose]());
  return journal;
}

/** Something to say; what it is does not matter to a journal. */
export function words(text: string): Pick<Statement, "kind" | "body"> {
  return { kind: "entry", body: utf8Encode(text) };
}

const EVERYBODY: Gate = { admits: () => true, admitsNew: () => true };

export interface Follower {
  readonly sync: LogSync;
  readonly timers: VirtualTimers;
  /** One round. */
  round(): Promise<void>;
}

/** Brings what `others` have into a journal. */
export function follow(
  t: TestContext,
  journal: Journal,
  others: readonly Pick<Journal, "ends" | "after" | "fork">[],
  gate: Gate = EVERYBODY,
  clock: TestClock = newClock(),
): Follower {
  const timers = new VirtualTimers();
  let asked = 0;
  const neighbourhood: Neighbourhood = {
    // One after the other, so that a round is a round with each of them.
    neighbours: () => [`${asked++ % Math.max(1, others.length)}` as NodeId].slice(0, others.length),
    ask: async (id, _protocol, question, most) => {
      const answer = answerSync(question, NETWORK, others[Number(id)] as Journal);
      if (answer.length > most) throw new NetworkError("node_failed", "too long");
      return answer;
    },
  };
  const log = createLogger("silent");
  const sync = new LogSync({ neighbourhood, network: NETWORK, journal, gate, clock, timers, log });
  t.after(() => sync[Symbol.asyncDispose]());
  return {
    sync,
    timers,
    round: async () => {
      timers.advance(10_000);
      await sync.idle();
    },
  };
}
