/** Routes over HTTP: every call reaches the service, and its answers have the shapes of the contract. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import * as v from "valibot";
import { WebSocket } from "ws";
import { startApiNode } from "../../test/support/api-node.ts";
import { NetworkDouble, WINDOW } from "../../test/support/sample-network.ts";
import { waitUntil } from "../../test/support/wait.ts";
import { PolicyError, ValidationError } from "../core/errors.ts";
import { socketPath } from "../node/socket-path.ts";
import type { ApiError, BrowseWindowView, NetworkView, PushEvent } from "./contract.ts";
import { browseWindowSchema, networkSchema } from "./schemas-network.ts";
import { doneSchema } from "./schemas.ts";

const double = new NetworkDouble();
const node = await startApiNode({}, { network: double.methods });
after(() => node.close());

test("the view says what leaves by which route", async () => {
  const { status, body } = await node.call<NetworkView>("GET", "/api/network");
  assert.equal(status, 200);
  v.assert(networkSchema, body);
  assert.deepEqual(body, double.shown);
});

test("each call asks the service for what it says, once", async () => {
  const patch = {
    usual: "direct",
    bridges: { kind: "custom", lines: ["192.0.2.1:443 0123"] },
    onionRelay: false,
    onionLinks: true,
    i2p: true,
  };
  const choice = { url: "wss://relay.example.org", way: null };
  const calls = [
    ["PATCH", "/api/network", patch, networkSchema, ["change", patch]],
    ["PATCH", "/api/network", {}, networkSchema, ["change", {}]],
    ["PUT", "/api/network/relays", choice, networkSchema, ["choose", choice]],
    ["POST", "/api/network/renew", undefined, doneSchema, ["renew"]],
    ["POST", "/api/network/windows", undefined, browseWindowSchema, ["openWindow"]],
    ["POST", "/api/network/windows/w%201/renew", undefined, browseWindowSchema, ["renewWindow", "w 1"]],
    ["DELETE", "/api/network/windows/w1", undefined, doneSchema, ["closeWindow", "w1"]],
  ] as const;
  for (const [method, path, body, schema, asked] of calls) {
    double.asked.length = 0;
    const answer = await node.call(method, path, body);
    assert.equal(answer.status, 200, `${method} ${path}`);
    v.assert(schema, answer.body);
    assert.deepEqual(double.asked, [asked]);
  }
  const { body } = await node.call<NetworkView>("GET", "/api/network");
  assert.deepEqual([body.usual, body.bridges.kind, body.services[1]?.on], ["direct", "custom", true]);
});

test("a choice that is misspelled is refused, and nothing is asked", async () => {
  double.asked.length = 0;
  const wrong: readonly (readonly [string, string, unknown])[] = [
    ["PATCH", "/api/network", { usual: "mix" }],
    ["PATCH", "/api/network", { usualWay: "tor" }],
    ["PATCH", "/api/network", { bridges: { kind: "meek" } }],
    ["PATCH", "/api/network", { bridges: { kind: "custom", lines: "one" } }],
    ["PATCH", "/api/network", { i2p: "on" }],
    ["PUT", "/api/network/relays", { url: "wss://relay.example.org" }],
    ["PUT", "/api/network/relays", { url: "wss://relay.example.org", way: "i2p" }],
  ];
  for (const [method, path, body] of wrong) {
    const answer = await node.call<ApiError>(method, path, body);
    assert.deepEqual([answer.status, answer.body.error.code], [400, "bad_request"], JSON.stringify(body));
  }
  assert.deepEqual(double.asked, []);
});

test("what the service refuses comes with its code and a fitting status", async () => {
  const refusals = [
    ["PATCH", "/api/network", { usual: "tor" }, new PolicyError("route_fixed", "No."), "403 route_fixed policy"],
    ["PATCH", "/api/network", {}, new ValidationError("bad_bridges", "No."), "400 bad_bridges input"],
    [
      "PUT",
      "/api/network/relays",
      { url: "ws://localhost", way: "tor" },
      new ValidationError("route_not_changeable", "No."),
      "409 route_not_changeable input",
    ],
    [
      "PUT",
      "/api/network/relays",
      { url: "wss://nobody.example", way: "tor" },
      new ValidationError("unknown_relay", "No."),
      "404 unknown_relay input",
    ],
    ["POST", "/api/network/windows", undefined, new PolicyError("no_browser", "No."), "403 no_browser policy"],
    [
      "DELETE",
      "/api/network/windows/none",
      undefined,
      new ValidationError("unknown_window", "No."),
      "404 unknown_window input",
    ],
  ] as const;
  for (const [method, path, body, error, told] of refusals) {
    double.fails = error;
    const { status, body: answer } = await node.call<ApiError>(method, path, body);
    assert.equal(`${status} ${answer.error.code} ${answer.error.fault}`, told);
  }
});

test("a persona has no routes of its own to choose, and no page without a session gets here", async () => {
  double.asked.length = 0;
  const asPersona = await node.call<ApiError>("GET", "/api/network", undefined, { "x-nocturne-persona": "shop" });
  assert.deepEqual([asPersona.status, asPersona.body.error.code], [403, "persona_not_here"]);
  const outside = await node.call("POST", "/api/network/windows", undefined, { "x-nocturne-session": "none" });
  assert.equal(outside.status, 401);
  assert.deepEqual(double.asked, []);
});

test("faces hear that something changed over the push socket", async (t) => {
  const heard: PushEvent[] = [];
  const socket = new WebSocket(`ws+unix://${socketPath(node.config.dataDir)}:/api/push`);
  t.after(() => socket.terminate());
  socket.on("message", (data) => heard.push(JSON.parse((data as Buffer).toString()) as PushEvent));
  await once(socket, "open");
  await waitUntil("welcome", () => heard.length > 0);
  node.services.bus.emit({ event: "network" });
  await waitUntil("the event", () => heard.some(({ event }) => event === "network"));
});

test("a window tells its sites with the path that each took", async () => {
  const before = { ...double.shown, browsing: { windows: [WINDOW], problem: null } };
  double.shown = before;
  const { body } = await node.call<NetworkView>("GET", "/api/network");
  assert.deepEqual(
    body.browsing.windows[0]?.sites[0]?.circuit?.hops.map(({ country }) => country),
    ["us", "se", "de"],
  );
  const renewed = await node.call<BrowseWindowView>("POST", `/api/network/windows/${WINDOW.id}/renew`);
  assert.deepEqual([renewed.body.id, renewed.body.sites], [WINDOW.id, []]);
});
