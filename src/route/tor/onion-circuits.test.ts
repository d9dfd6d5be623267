/** Circuits of onion services that come to no end, and those that must be let. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemTimers } from "../../core/clock.ts";
import { type Circuit, readCircuits } from "./circuits.ts";
import { OnionCircuits, StuckCircuits } from "./onion-circuits.ts";

const LIMITS = { onionStepMs: 100, onionStepMaxMs: 200, onionLookMs: 5 };
const NAME = "a".repeat(56);

/** As Tor tells it, with so many hops. */
function circuit(id: string, state: string, purpose: string, hops = 1): Circuit {
  const path = Array.from({ length: hops }, () => `$${"A".repeat(40)}~relay`).join(",");
  const [status = "", onion] = state.split(" ");
  const named = onion === undefined ? "" : ` HS_STATE=${onion} REND_QUERY=${NAME}`;
  const [read] = readCircuits(`${id} ${status} ${path} PURPOSE=${purpose}${named}`);
  assert.ok(read);
  return read;
}

const ids = (circuits: readonly Circuit[]): string[] => circuits.map(({ id }) => id);
const intro = (id: string, hops?: number): Circuit => circuit(id, "EXTENDED HSSI_CONNECTING", "HS_SERVICE_INTRO", hops);

test("without a step in time a circuit is stuck; each is counted from its last step", () => {
  const stuck = new StuckCircuits(LIMITS);
  assert.deepEqual(stuck.look(0, [intro("1"), intro("2")]), []);
  assert.deepEqual(stuck.look(99, [intro("1"), intro("2", 2), intro("3")]), []);
  assert.deepEqual(ids(stuck.look(100, [intro("1"), intro("2", 2), intro("3")])), ["1"]);
});

test("what is built waits only for an answer; what strangers choose, and what is prepared, is left alone", () => {
  const stuck = new StuckCircuits(LIMITS);
  const circuits = [
    circuit("1", "BUILT HSCI_INTRO_SENT", "HS_CLIENT_INTRO", 3),
    circuit("2", "BUILT HSSI_CONNECTING", "HS_SERVICE_INTRO", 3),
    circuit("3", "EXTENDED HSCI_CONNECTING", "HS_CLIENT_HSDIR"),
    circuit("4", "BUILT HSSI_ESTABLISHED", "HS_SERVICE_INTRO", 3),
    circuit("5", "BUILT HSCR_ESTABLISHED_WAITING", "HS_CLIENT_REND", 3),
    circuit("6", "BUILT HSCR_JOINED", "HS_CLIENT_REND", 3),
    circuit("7", "EXTENDED HSSR_CONNECTING", "HS_SERVICE_REND"),
    circuit("8", "EXTENDED", "HS_VANGUARDS"),
    circuit("9", "EXTENDED", "GENERAL"),
    circuit("10", "BUILT HSCI_CONNECTING", "HS_CLIENT_HSDIR", 3),
  ];
  stuck.look(0, circuits);
  assert.deepEqual(ids(stuck.look(100, circuits)), ["1", "2", "3"]);
});

test("where all are slow the next get more time, up to a limit; after a while of peace all is as at first", () => {
  const stuck = new StuckCircuits(LIMITS);
  stuck.look(0, [intro("1")]);
  assert.deepEqual(ids(stuck.look(100, [intro("1"), intro("2")])), ["1"]);
  assert.deepEqual(ids(stuck.look(299, [intro("2"), intro("3")])), []);
  assert.deepEqual(ids(stuck.look(300, [intro("2"), intro("3")])), ["2"]);
  assert.deepEqual(ids(stuck.look(499, [intro("3")])), ["3"], "200 is the limit");
  stuck.look(900, [intro("4")]);
  assert.deepEqual(ids(stuck.look(1_000, [intro("4")])), ["4"]);
});

test("the stuck ones are closed, and of whom we visit the ways in are asked for anew", async (t) => {
  const waiting = [
    "7 EXTENDED $AB PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_CONNECTING",
    `8 BUILT $AB PURPOSE=HS_CLIENT_INTRO HS_STATE=HSCI_INTRO_SENT REND_QUERY=${NAME}`,
    `9 EXTENDED $AB PURPOSE=HS_CLIENT_INTRO HS_STATE=HSCI_CONNECTING REND_QUERY=${NAME}`,
  ];
  const said: string[] = [];
  let isUp = false;
  const control = {
    getInfo: async () => new Map([["circuit-status", waiting.join("\n")]]),
    command: async (...words: string[]) => {
      said.push(words.join(" "));
      if (words[1] === "7") throw new Error("it is gone already");
      waiting.length = 0;
      return { code: 250, lines: [] };
    },
  } as unknown as NonNullable<ReturnType<ConstructorParameters<typeof OnionCircuits>[0]["control"]>>;
  const circuits = new OnionCircuits({
    control: () => (isUp ? control : null),
    limits: { ...LIMITS, onionStepMs: 20 },
    timers: systemTimers,
  });
  t.after(() => circuits.stop());
  circuits.start();
  circuits.start();
  await sleep(40);
  assert.deepEqual(said, []);
  isUp = true;
  await sleep(150);
  assert.deepEqual(said, ["CLOSECIRCUIT 7", "CLOSECIRCUIT 8", "CLOSECIRCUIT 9", `HSFETCH ${NAME}`]);
});
