/** `nocturne route` against a node that answers with a sample. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../../test/support/cleanup.ts";
import { runCli, startCommand } from "../../../test/support/nocturne-process.ts";
import { sampleNetwork } from "../../../test/support/sample-network.ts";
import { answerJson, readBody, startScriptedNode } from "../../../test/support/scripted-node.ts";
import type { NetworkView } from "../../api/contract.ts";
import { waitUntil } from "../../../test/support/wait.ts";
import { newsOf } from "./watch-routes.ts";

const RELAY = "wss://relay.example.org";

interface Node {
  readonly dataDir: string;
  readonly calls: string[];
}

async function start(t: TestContext, view: NetworkView = sampleNetwork()): Promise<Node> {
  const dataDir = temporaryFolder(t);
  const calls: string[] = [];
  await startScriptedNode(t, dataDir, async (request, response) => {
    calls.push(`${request.method} ${request.url} ${await readBody(request)}`.trim());
    const isConversation = request.url?.startsWith("/api/conversations") ?? false;
    answerJson(response, isConversation ? { name: "Grace", route: "tor" } : view);
  });
  return { dataDir, calls };
}

test("a table of what goes where, why, and who sees what; with --json the view itself", async (t) => {
  const { dataDir } = await start(t);
  const { code, stdout } = await runCli(["route"], { dataDir });
  assert.equal(code, 0);
  assert.match(stdout, /^By Tor, if nothing else is chosen\. Who watches your line sees that you use Tor/);
  assert.match(stdout, /^WHAT +ROUTE +STATE +WHY +WHO SEES WHAT$/m);
  assert.match(
    stdout,
    /^wss:\/\/fast\.example\.com +direct +connected +chosen: direct +An observer sees that you use/m,
  );
  assert.match(stdout, /^Tor: up, 320 ms, 5 % of the last attempts failed$/m);
  assert.match(stdout, /^ {2}2026-01-31T17:58:02.000Z {2}Tor {2}Tor is up\.$/m);
  const asJson = await runCli<NetworkView>(["route", "--json"], { dataDir });
  assert.deepEqual(asJson.json, sampleNetwork());
});

test("each command asks the node for what it says", async (t) => {
  const { dataDir, calls } = await start(t);
  const lines = "obfs4 192.0.2.1:443 0123 cert=x iat-mode=0\r\n\n  obfs4 192.0.2.2:443 4567 cert=y iat-mode=0\n";
  const bridges = (kind: string) => JSON.stringify({ bridges: { kind, lines: lines.trimEnd().split(/\r?\n/) } });
  const asked: readonly (readonly [readonly string[], string, string?])[] = [
    [["use", "tor"], 'PATCH /api/network {"usual":"tor"}'],
    [["use", "tor", "--relay", RELAY], `PUT /api/network/relays {"url":"${RELAY}","way":"tor"}`],
    [["use", "usual", "--relay", RELAY], `PUT /api/network/relays {"url":"${RELAY}","way":null}`],
    [["use", "tor", "--with", "G/race"], 'PATCH /api/conversations/G%2Frace {"route":"tor"}'],
    [["use", "usual", "--with", "Grace"], 'PATCH /api/conversations/Grace {"route":null}'],
    [["bridge", "none"], 'PATCH /api/network {"bridges":{"kind":"none"}}'],
    [["bridge", "snowflake"], `PATCH /api/network ${bridges("snowflake")}`, lines],
    [["bridge", "obfs4", "-"], `PATCH /api/network ${bridges("obfs4")}`, lines],
    [["bridge", "custom"], `PATCH /api/network ${bridges("custom")}`, lines],
    [["onion", "relay", "on"], 'PATCH /api/network {"onionRelay":true}'],
    [["onion", "links", "off"], 'PATCH /api/network {"onionLinks":false}'],
    [["i2p", "on"], 'PATCH /api/network {"i2p":true}'],
    [["renew"], "POST /api/network/renew"],
  ];
  for (const [args, call, stdin] of asked) {
    const { code, stderr } = await runCli(["route", ...args], { dataDir, ...(stdin === undefined ? {} : { stdin }) });
    assert.equal(code, 0, stderr);
    assert.equal(calls.at(-1), call);
  }
});

test("what makes no sense is refused with 2, and nothing is asked", async (t) => {
  const { dataDir, calls } = await start(t);
  for (const args of [
    ["use", "mix"],
    ["use", "usual"],
    ["use", "direct", "--with", "Grace"],
    ["use", "tor", "--with", "Grace", "--relay", RELAY],
    ["bridge", "obfs4", "192.0.2.1:443"],
    ["i2p", "maybe"],
  ]) {
    assert.equal((await runCli(["route", ...args], { dataDir })).code, 2, args.join(" "));
  }
  assert.deepEqual(calls, []);
});

test("what keeps a choice from working is told beside the result", async (t) => {
  const problem = { code: "tor_missing", message: "Tor is not installed.", hint: "Install it: sudo apt install tor" };
  const routes = sampleNetwork().routes.map((one) =>
    one.name === "tor" ? { ...one, state: "missing" as const, problem } : one,
  );
  const { dataDir } = await start(t, sampleNetwork({ routes }));
  const { stdout, stderr } = await runCli(["route", "use", "tor"], { dataDir });
  assert.match(stdout, /^Tor: not on this machine$/m);
  assert.match(stderr, /! Tor: Tor is not installed\. Install it: sudo apt install tor/);
});

test("without a kind, bridge says which to take", async (t) => {
  const { dataDir, calls } = await start(t);
  const { stdout } = await runCli(["route", "bridge"], { dataDir });
  for (const kind of ["none", "obfs4", "snowflake", "custom"]) assert.match(stdout, new RegExp(`^ {2}${kind} `, "m"));
  assert.match(stdout, /Lines come from https:\/\/bridges\.torproject\.org, .*@GetBridgesBot on Telegram/);
  assert.deepEqual(calls, ["GET /api/network"]);
});

test("watch tells each state once, and what happened since", () => {
  const first = sampleNetwork();
  assert.deepEqual(
    newsOf(null, first).map((news) => [news.event, news.event === "state" && news.name]),
    [
      ["state", "direct"],
      ["state", "tor"],
      ["state", "i2p"],
    ],
  );
  assert.deepEqual(newsOf(first, sampleNetwork()), []);
  const event = { at: "2026-01-31T18:01:00.000Z", route: "tor", text: "Tor ended." } as const;
  const routes = first.routes.map((one) => (one.name === "tor" ? { ...one, state: "down" as const } : one));
  const second = sampleNetwork({ routes, events: [...first.events, event] });
  assert.deepEqual(newsOf(first, second), [
    { event: "happened", ...event },
    { event: "state", name: "tor", state: "down", progress: null, doing: null, problem: null },
  ]);
  const restarted = sampleNetwork({ events: [event] });
  assert.deepEqual(newsOf(first, restarted), [{ event: "happened", ...event }], "after a restart all is new");
});

test("watch goes on until it is ended, over a node that comes back, one object a line", async (t) => {
  const dataDir = temporaryFolder(t);
  let view = sampleNetwork();
  const answer = (_: unknown, response: Parameters<typeof answerJson>[0]) => answerJson(response, view);
  const node = await startScriptedNode(t, dataDir, answer);
  const watch = startCommand(t, ["route", "watch", "--json"], { dataDir });
  const seen = () =>
    watch
      .stdout()
      .split("\n")
      .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as object]));
  await waitUntil("each state is told", () => seen().length === 3);
  node.end();
  const event = { at: "2026-01-31T18:01:00.000Z", route: "tor", text: "Tor is back." } as const;
  view = sampleNetwork({ events: [...view.events, event] });
  await startScriptedNode(t, dataDir, answer);
  await waitUntil("what happened is told", () => seen().length === 4);
  assert.deepEqual(seen().at(-1), { event: "happened", ...event });
  assert.ok(watch.isRunning());
});
