import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createSocket, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { exchange } from "../../test/support/api-node.ts";
import { InternalError, ValidationError } from "../core/errors.ts";
import { API_LIMITS } from "../core/limits.ts";
import { closeServer, createHttpServer, listenOnLoopback, listenOnSocket } from "./listeners.ts";

const folder = mkdtempSync(join(tmpdir(), "nocturne-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const make = (): Server => createHttpServer((_request, response) => response.end("hello"));
const closeAll = (servers: readonly Server[]) => Promise.all(servers.map(closeServer));

test("both loopback addresses answer on one port, and no other address does", async () => {
  const { servers, port } = await listenOnLoopback(make, 0);
  for (const host of ["127.0.0.1", "::1"]) {
    const request = `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    assert.match(await exchange(port, request, host), /hello$/);
  }
  const addresses = servers.map((server) => (server.address() as AddressInfo).address);
  assert.deepEqual(addresses, ["127.0.0.1", "::1"]);
  await closeAll(servers);
});

test("a port that is taken, even on ::1 alone, is refused by its number and the flag", async () => {
  for (const host of ["127.0.0.1", "::1"]) {
    const other = createServer().listen({ host, port: 0 });
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    await assert.rejects(listenOnLoopback(make, port), (error: unknown) => {
      assert.ok(error instanceof InternalError);
      assert.equal(error.code, "port_in_use");
      assert.ok(error.message.includes(String(port)) && error.hint?.includes("--port"));
      return true;
    });
    // The half that was free has been let go again.
    const free = createServer().listen({ host: host === "::1" ? "127.0.0.1" : "::1", port });
    await once(free, "listening");
    await closeAll([other, free]);
  }
});

test("the socket belongs to its owner alone, whatever the umask", async () => {
  const path = join(folder, "open.sock");
  const mask = process.umask(0);
  try {
    const opening = listenOnSocket(make, path);
    let seen = 0;
    const watch = setInterval(() => (seen |= process.umask()), 0);
    const server = await opening;
    clearInterval(watch);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(seen | process.umask(), 0, "nobody else saw another mask");
    await closeServer(server);
  } finally {
    process.umask(mask);
  }
});

test("what a killed node left behind is taken over; what answers is not", async () => {
  const path = join(folder, "stale.sock");
  const stale = createSocket().listen(path);
  await once(stale, "listening");
  await assert.rejects(listenOnSocket(make, path), ValidationError);
  assert.ok(statSync(path).isSocket(), "it was left in place");
  await new Promise((resolve) => stale.close(resolve));
  writeFileSync(path, "");
  await closeServer(await listenOnSocket(make, path));
});

test("a path that no socket can have is refused in words", async () => {
  await assert.rejects(listenOnSocket(make, join(folder, "x".repeat(120))), { code: "path_too_long" });
});

test("headers that never end do not hold a connection", async () => {
  const server = make();
  assert.ok(server.headersTimeout <= API_LIMITS.requestHeadersMs);
  const { servers, port } = await listenOnLoopback(make, 0);
  const tooLong = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(API_LIMITS.headerBytes + 1)}\r\n\r\n`;
  assert.match(await exchange(port, tooLong), /^HTTP\/1.1 431/);
  await closeAll(servers);
});

test("closing ends idle connections at once", async () => {
  const { servers, port } = await listenOnLoopback(make, 0);
  const idle = connect({ port, host: "127.0.0.1" });
  await once(idle, "connect");
  const startMs = performance.now();
  await closeAll(servers);
  assert.ok(performance.now() - startMs < API_LIMITS.stopMs / 2);
  idle.destroy();
});
