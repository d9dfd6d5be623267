import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { startScriptedRelay } from "../../test/support/scripted-relay.ts";
import { directCarrier } from "./carrier.ts";

const dial = (url: string, signal: AbortSignal = AbortSignal.timeout(5_000)) =>
  directCarrier.dial(url, { isolation: "test", signal });

test("what a relay says together with its handshake is not lost", async (t) => {
  const relay = await startScriptedRelay(t, { onConnect: (client) => client.say("AUTH", "first words") });
  const socket = await dial(relay.url);
  await new Promise((resolve) => setTimeout(resolve, 50)); // it would be lost by now
  const heard = once(socket, "message");
  socket.resume();
  assert.equal(String((await heard)[0]), '["AUTH","first words"]');
  socket.terminate();
});

test("a closed port is unreachable, and the error does not name the address", async (t) => {
  const relay = await startScriptedRelay(t);
  await relay.close();
  await assert.rejects(dial(`ws://user:pass-word@127.0.0.1:${relay.port}`), (error: Error & { code: string }) => {
    assert.equal(error.code, "relay_unreachable");
    assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /pass-word/);
    return true;
  });
});

test("a server that takes the connection and says nothing is given up", async (t) => {
  const mute = createServer(() => {}).listen(0, "127.0.0.1");
  await once(mute, "listening");
  t.after(() => mute.close());
  const { port } = mute.address() as AddressInfo;
  await assert.rejects(dial(`ws://127.0.0.1:${port}`, AbortSignal.timeout(50)), { code: "relay_unreachable" });
  await assert.rejects(dial(`ws://127.0.0.1:${port}`, AbortSignal.abort()), { code: "relay_unreachable" });
});

test("a server that is no WebSocket server is unreachable", async (t) => {
  const web = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  }).listen(0, "127.0.0.1");
  await once(web, "listening");
  t.after(() => web.close());
  await assert.rejects(dial(`ws://127.0.0.1:${(web.address() as AddressInfo).port}`), { code: "relay_unreachable" });
});

test("what is no address of a relay is refused", async () => {
  for (const url of ["relay", "ftp://relay.example", "ws://relay.example/#part"]) {
    await assert.rejects(dial(url), { code: "bad_relay_url" });
  }
});
