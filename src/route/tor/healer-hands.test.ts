/** The healer's hands against a scripted control port: paths of several circuits, probes of one hop, exclusions. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { atEnd } from "../../../test/support/cleanup.ts";
import { type ControlServer, startControlServer } from "../../../test/support/control-server.ts";
import { waitUntil } from "../../../test/support/wait.ts";
import { connectControl } from "./control-client.ts";
import type { Watched } from "./healer.ts";
import { ControlHands, type OpenBeside } from "./healer-hands.ts";
import { StreamTable } from "./streams.ts";

const fingerprint = (letter: string): string => letter.repeat(40);
const [G, H, M, N] = [fingerprint("A"), fingerprint("B"), fingerprint("C"), fingerprint("D")];
const [X, Y] = [fingerprint("E"), fingerprint("F")];
const OURS = 'SOCKS_USERNAME="u" SOCKS_PASSWORD="0"';
const CIRCUITS = [
  `1 BUILT $${G}~g,$${M}~m,$${X}~x PURPOSE=CONFLUX_LINKED CONFLUX_ID=P1 ${OURS}`,
  `2 BUILT $${H}~h,$${N}~n,$${X}~x PURPOSE=CONFLUX_LINKED CONFLUX_ID=P1`,
  `3 BUILT $${G}~g,$${N}~n,$${Y}~y PURPOSE=GENERAL`,
  `4 BUILT $${G}~g,$${H}~h,$${Y}~y PURPOSE=GENERAL`,
  `5 BUILT $${G}~g,$${M}~m,$${Y}~y PURPOSE=GENERAL SOCKS_USERNAME="other" SOCKS_PASSWORD="0"`,
  "6 LAUNCHED PURPOSE=GENERAL TIME_CREATED=2026-11-26T19:28:00.500000",
  `7 EXTENDED $${N}~n PURPOSE=GENERAL TIME_CREATED=2026-11-26T19:28:03.100000`,
  `8 EXTENDED $${N}~n PURPOSE=GENERAL TIME_CREATED=2026-11-26T19:28:00.500000`,
];
const PROBE_MS = 60;
const clock = { nowMs: () => Date.UTC(2026, 10, 26, 19, 28, 4) };

const watched: Watched = {
  target: { host: "example.org", port: 443 },
  credentials: { user: "u", password: "0" },
  open: true,
  sample: () => ({ sent: 1, received: 0, reads: true }),
  destroy: () => {},
};

interface Script {
  readonly extend?: readonly string[];
  readonly excluded?: string;
  readonly openBeside?: (streams: StreamTable, signal: AbortSignal) => Promise<void>;
}

async function createHands(t: TestContext, { extend, excluded = "", openBeside }: Script = {}) {
  const streams = new StreamTable();
  const answer = (line: string): readonly string[] => {
    if (line === "GETINFO circuit-status") return ["250+circuit-status=", ...CIRCUITS, ".", "250 OK"];
    if (line === "GETINFO entry-guards") return [`250+entry-guards=`, ...GUARDS, ".", "250 OK"];
    if (line.startsWith("EXTENDCIRCUIT")) return extend ?? ["250 EXTENDED 9"];
    if (line.startsWith("GETCONF")) return [excluded === "" ? "250 ExcludeNodes" : `250 ExcludeNodes=${excluded}`];
    return ["250 OK"];
  };
  const server = await startControlServer(t, { answer });
  const control = await connectControl(server.place, server.cookie);
  atEnd(t, () => control.close());
  const beside: OpenBeside = async (_, signal) => openBeside?.(streams, signal);
  const hands = new ControlHands({ control: () => control, streams, openBeside: beside, probeMs: PROBE_MS, clock });
  await hands.prepare(control);
  streams.note(`STREAM 20 NEW 0 example.org:443 ${OURS}`);
  streams.note(`STREAM 20 SENTCONNECT 1 example.org:443 ${OURS}`);
  return { hands, server, streams };
}

const GUARDS = [`$${G}~g up`, `$${H}~h unusable`, `$${M}~m never-connected`, `$${N}~n up`, `$${X} down`];

const said = (server: ControlServer, keyword: string): string[] =>
  server.commands.filter((line) => line.startsWith(keyword)).map((line) => line.slice(keyword.length + 1));

test("a stream's path is its circuit and those that carry it together, with all their guards", async (t) => {
  const { hands, streams } = await createHands(t);
  assert.deepEqual(await hands.pathOf(watched), { circuits: ["1", "2"], guards: [G, H], certain: true });
  streams.note(`STREAM 21 SENTCONNECT 3 example.org:443 ${OURS}`);
  assert.equal((await hands.pathOf(watched)).certain, false, "two streams that look alike are on two ways");
});

test("guards in use by how much, and which would be next", async (t) => {
  const { hands } = await createHands(t);
  assert.deepEqual(await hands.guardsInUse(), [G, H, N]);
  assert.deepEqual(await hands.otherGuards([G]), [N, M]);
});

test("a probe is a circuit of one hop, closed afterwards whatever came of it", async (t) => {
  for (const [extend, wanted] of [
    [["250 EXTENDED 9", `650 CIRC 9 BUILT $${G}~g`], true],
    [["250 EXTENDED 9", "650 CIRC 9 FAILED REASON=DESTROYED"], false],
    [["250 EXTENDED 9", "650 CIRC 8 BUILT"], false],
  ] as const) {
    const { hands, server } = await createHands(t, { extend });
    assert.equal(await hands.probeGuard(G), wanted);
    assert.deepEqual(said(server, "EXTENDCIRCUIT"), [`0 ${G}`]);
    assert.deepEqual(said(server, "CLOSECIRCUIT"), ["9"]);
  }
  const { hands, server } = await createHands(t);
  const late = hands.probeGuard(G);
  await waitUntil("the probe", () => said(server, "EXTENDCIRCUIT").length === 1);
  server.say(`650 CIRC 9 BUILT $${G}~g`);
  assert.equal(await late, true);
  const unknown = await createHands(t, { extend: ["552 No descriptor"] });
  assert.equal(await unknown.hands.probeGuard(G), false);
});

test("what rests is excluded beside what the person excludes, and nothing else afterwards", async (t) => {
  const { hands, server } = await createHands(t, { excluded: "{xx},$1234" });
  await hands.exclude([G]);
  await hands.exclude([]);
  assert.deepEqual(said(server, "SETCONF"), [`ExcludeNodes="{xx},$1234,$${G}"`, 'ExcludeNodes="{xx},$1234"']);
  const plain = await createHands(t);
  await plain.hands.exclude([]);
  assert.deepEqual(said(plain.server, "SETCONF"), ["ExcludeNodes"]);
});

test("all circuits through a guard are closed, and no others", async (t) => {
  const { hands, server } = await createHands(t);
  await hands.closeThrough(G);
  assert.deepEqual(said(server, "CLOSECIRCUIT"), ["1", "3", "4", "5"]);
});

test("circuits that have been building for long are given up", async (t) => {
  const { hands, server } = await createHands(t);
  await hands.closeUnbuilt(3_000);
  assert.deepEqual(said(server, "CLOSECIRCUIT"), ["8"], "6 is as old, and its guard would be blamed");
});

test("a path is closed with unused circuits through its relays; those of others stay", async (t) => {
  const { hands, server } = await createHands(t);
  await hands.closePath(await hands.pathOf(watched));
  assert.deepEqual(said(server, "CLOSECIRCUIT"), ["1", "2", "3"], "3 shares a middle, 4 nothing; 5 is somebody's");
});

test("a path is alive or dead only when the second stream was on it", async (t) => {
  const path = { circuits: ["1", "2"], guards: [], certain: true };
  const on = (circuit: string) => (streams: StreamTable) => {
    streams.note(`STREAM 30 SENTCONNECT ${circuit} example.org:443 ${OURS}`);
  };
  const answers = async (circuit: string, fails: boolean) => {
    const openBeside = async (streams: StreamTable, signal: AbortSignal) => {
      on(circuit)(streams);
      if (!fails) return;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw new Error("late");
    };
    const { hands } = await createHands(t, { openBeside });
    return hands.probePath(watched, path);
  };
  assert.deepEqual(
    [await answers("2", false), await answers("2", true), await answers("3", false), await answers("3", true)],
    ["alive", "dead", "unknown", "unknown"],
  );
});
