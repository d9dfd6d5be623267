/** Random greetings, alone and behind the beginnings of right ones, to a proxy of private browsing. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { LoopbackRoute, startProxy } from "../support/browse-world.ts";

const CLIENTS = 100;
const ATTEMPTS_EACH = 100;

test("ten thousand random greetings crash nothing and lead nowhere", async (t) => {
  const route = new LoopbackRoute(() => 1);
  const { port } = await startProxy(t, route, { isOwn: async () => true });
  const seed = { value: 42 };
  const random = (below: number) => {
    seed.value = (Math.imul(seed.value, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed.value / 2 ** 32) * below);
  };
  const starts = [
    "",
    "\x05",
    "\x05\x01\0",
    "\x05\x01\0\x05\x01\0",
    "CONNECT ",
    "GET http://",
    "GET / HTTP/1.1\r\n",
    "\x16\x03",
  ];
  const attempt = async () => {
    const start = Buffer.from(starts[random(starts.length)] ?? "", "latin1");
    const noise = Buffer.from(Array.from({ length: random(64) }, () => random(256)));
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.end(Buffer.concat([start, noise]));
    socket.resume();
    await new Promise((resolve) => socket.once("close", resolve));
  };
  const rounds = Array.from({ length: CLIENTS }, async () => {
    for (let i = 0; i < ATTEMPTS_EACH; i++) await attempt();
  });
  await Promise.all(rounds);
  // What happens to be a request for a name may be dialled; nothing else may.
  for (const { target } of route.dialled) assert.match(target.host, /^[a-z0-9._-]+\.[a-z0-9-]*[a-z][a-z0-9-]*$/);
  const last = connect(port, "127.0.0.1");
  last.write("CONNECT 127.0.0.1:80 HTTP/1.1\r\n\r\n");
  assert.match(Buffer.concat(await last.toArray()).toString(), /^HTTP\/1\.1 403 /, "it goes on serving");
});
