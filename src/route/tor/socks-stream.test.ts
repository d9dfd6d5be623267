/** One stream through a scripted SOCKS port: what it is told, and that nothing which comes at once is lost. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { atEnd, temporaryFolder } from "../../../test/support/cleanup.ts";
import { openSocksStream } from "./socks-stream.ts";

const USER = { user: "ab".repeat(32), password: "0" };
const never = new AbortController().signal;

/** RFC 1928 and 1929, the server's side; `reply` is sent in one piece with what follows it. */
async function startSocks(t: TestContext, reply: number | null, behind = "", isEnd = false) {
  const path = join(temporaryFolder(t), "socks");
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      heard.push(bytes);
      if (heard.length === 1) socket.write(Buffer.from([5, 2]));
      else if (heard.length === 2) socket.write(Buffer.from([1, 0]));
      else if (heard.length === 3 && reply !== null) {
        socket.write(Buffer.concat([Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.from(behind)]));
        if (isEnd) socket.end();
      } else if (heard.length > 3) socket.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  atEnd(t, () => server.close());
  return { place: { path }, heard };
}

test("the name goes to Tor, with user and password; what comes with the answer is not lost", async (t) => {
  const { place, heard } = await startSocks(t, 0, "welcome ");
  const socket = await openSocksStream(place, { host: "example.org", port: 443 }, USER, never);
  atEnd(t, () => socket.destroy());
  assert.equal(String(heard[1]), `\x01${String.fromCharCode(64)}${USER.user}\x01${USER.password}`);
  assert.equal(heard[2]?.toString("latin1"), "\x05\x01\x00\x03\x0bexample.org\x01\xbb");
  assert.equal(socket.readableFlowing, null, "as if nobody had ever read from it");
  await sleep(20); // who called takes his time
  socket.write("and more");
  let received = "";
  socket.on("data", (bytes) => {
    received += String(bytes);
  });
  for (let i = 0; received.length < 16 && i < 200; i++) await sleep(5);
  assert.equal(received, "welcome and more");
});

test("who speaks first and says goodbye at once is heard", async (t) => {
  for (const text of ["welcome, and farewell", "x".repeat(300_000), ""]) {
    const { place } = await startSocks(t, 0, text, true);
    const socket = await openSocksStream(place, { host: "example.org", port: 80 }, USER, never);
    await sleep(20);
    assert.equal(Buffer.concat(await socket.toArray()).toString(), text);
  }
});

test("addresses are told as addresses", async (t) => {
  const { place, heard } = await startSocks(t, 0);
  (await openSocksStream(place, { host: "[2001:db8::1]", port: 80 }, USER, never)).destroy();
  assert.deepEqual(heard[2]?.subarray(0, 6), Buffer.from([5, 1, 0, 4, 0x20, 0x01]));
});

test("a refusal is told by its name, and no error holds the target or the user", async (t) => {
  const { place } = await startSocks(t, 5);
  const error = await openSocksStream(place, { host: "secret.org", port: 443 }, USER, never).catch((e: unknown) => e);
  assert.ok(error instanceof Error);
  assert.equal((error as Error & { reply?: string }).reply, "ConnectionRefused");
  assert.ok(!JSON.stringify([error, error.message, error.stack, error.cause]).includes("secret.org"));
  assert.deepEqual(Object.keys(error).toSorted(), ["name", "reply"]);
});

test("nobody listens, or nobody answers until the caller gives up", async (t) => {
  await assert.rejects(openSocksStream({ path: "/nowhere/socks" }, { host: "a.org", port: 1 }, USER, never));
  const { place } = await startSocks(t, null);
  const signal = AbortSignal.timeout(50);
  await assert.rejects(openSocksStream(place, { host: "a.org", port: 1 }, USER, signal), { name: "TimeoutError" });
});
