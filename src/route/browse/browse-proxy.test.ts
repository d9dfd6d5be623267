import assert from "node:assert/strict";
import { once } from "node:events";
import { get, request } from "node:http";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { SocksClient, type SocksClientOptions } from "socks";
import {
  LoopbackRoute,
  OPEN_TO_ALL,
  PASSWORD,
  startProxy,
  startService,
  startSite,
} from "../../../test/support/browse-world.ts";
import { askUntil, waitUntil } from "../../../test/support/wait.ts";
import { routeDown } from "../errors.ts";
import { BrowseProxy } from "./browse-proxy.ts";

const MEBIBYTE = 2 ** 20;

/** Also when the other side breaks it off, which `once` would throw. */
const closed = (socket: Socket) => new Promise((resolve) => socket.once("close", resolve));

/** What a server says to raw bytes, until it closes. */
async function say(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(bytes);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await closed(socket);
  return Buffer.concat(chunks).toString("latin1");
}

function viaSocks(port: number, host: string, to: number, login: { user?: string; password?: string } = {}) {
  const options: SocksClientOptions = {
    proxy: { host: "127.0.0.1", port, type: 5, userId: login.user, password: login.password } as never,
    command: "connect",
    destination: { host, port: to },
    timeout: 5_000,
  };
  return SocksClient.createConnection(options);
}

/** GET through the proxy, as browsers do it for http: addresses. */
async function fetchPlain(port: number, url: string, headers: Record<string, string> = {}) {
  const asked = get({ host: "127.0.0.1", port, path: url, headers: { Host: new URL(url).host, ...headers } });
  const [answer] = await once(asked, "response");
  return { status: answer.statusCode as number, text: Buffer.concat(await answer.toArray()).toString(), answer };
}

/** Opens a tunnel; resolves to the status. */
async function tunnel(port: number, authority: string, headers: Record<string, string> = {}): Promise<number> {
  const asked = request({ host: "127.0.0.1", port, method: "CONNECT", path: authority, headers });
  asked.end();
  const [answer, socket] = await once(asked, "connect");
  socket.destroy();
  return answer.statusCode as number;
}

test("SOCKS5, CONNECT and plain HTTP reach a site through the route, by its name", async (t) => {
  const site = await startSite(t, (asked, answer) => answer.end(`${asked.method} ${asked.headers.host} ${asked.url}`));
  const route = new LoopbackRoute(() => site);
  const { port } = await startProxy(t, route);

  const { socket } = await viaSocks(port, "www.example.org", 80);
  socket.end("GET /socks HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n\r\n");
  assert.match(Buffer.concat(await socket.toArray()).toString(), /GET www\.example\.org \/socks$/);

  assert.equal(await tunnel(port, "www.example.org:443"), 200);

  const plain = await fetchPlain(port, "http://www.example.org:8080/a?b=c");
  assert.deepEqual([plain.status, plain.text], [200, "GET www.example.org:8080 /a?b=c"]);
  assert.deepEqual(
    route.dialled.map(({ target }) => `${target.host}:${target.port}`),
    ["www.example.org:80", "www.example.org:443", "www.example.org:8080"],
  );
});

test("each site, each window and each identity has a label of its own", async (t) => {
  const site = await startSite(t, (_, answer) => answer.end());
  const route = new LoopbackRoute(() => site);
  const labelsOf = async (window: string, epoch: string) => {
    const proxy = await startProxy(t, route, { window, epoch });
    for (const host of ["a.example.org", "b.example.org", "example.net"]) await tunnel(proxy.port, `${host}:443`);
    return proxy.sites().map(({ label }) => label);
  };
  const [first, otherWindow, newIdentity] = [
    await labelsOf("w1", "e1"),
    await labelsOf("w2", "e1"),
    await labelsOf("w1", "e2"),
  ];
  assert.deepEqual(first, ["browse|w1|e1|example.net", "browse|w1|e1|example.org"]);
  assert.equal(new Set([...first, ...otherWindow, ...newIdentity]).size, 6);
  assert.equal(new Set(route.dialled.slice(0, 3).map(({ isolation }) => isolation)).size, 2);
});

test("a hostile page reaches no program of this machine, whatever it calls it", async (t) => {
  const app = await startSite(t, (_, answer) => answer.end("the app"));
  const route = new LoopbackRoute(() => app);
  const { port } = await startProxy(t, route);
  // The attack works where nothing stands in its way: the name leads to the app.
  assert.equal((await fetchPlain(port, "http://evil.example/")).text, "the app");
  const before = route.dialled.length;

  const hosts = ["127.0.0.1", "[::1]", "0x7f000001", "2130706433", "127.1", "localhost", "localhost.", "x.localhost"];
  const more = [
    "0.0.0.0",
    "[::ffff:7f00:1]",
    "192.168.0.1",
    "169.254.169.254",
    "printer.local",
    "router",
    "db.internal",
  ];
  for (const host of [...hosts, ...more]) {
    for (const to of [80, app]) {
      assert.equal(await tunnel(port, `${host}:${to}`), 403, host);
      const plain = await fetchPlain(port, `http://${host}:${to}/`);
      assert.equal(plain.status, 403, host);
      assert.doesNotMatch(plain.text, /the app/);
      assert.match(plain.text, /_refused\)/);
      await assert.rejects(viaSocks(port, host.replace(/[[\]]/g, ""), to), /NotAllowed/i, host);
    }
  }
  assert.equal(await tunnel(port, `evil.example:${app}`), 403);
  assert.equal(await tunnel(port, "update.googleapis.com:443"), 403);
  assert.equal(await tunnel(port, "user@localhost:80"), 400);
  assert.equal(route.dialled.length, before);
});

test("a route that is down is an error, and nothing else is tried", async (t) => {
  const site = await startSite(t, (_, answer) => answer.end());
  const down = new LoopbackRoute(() => {
    throw routeDown({ message: "Tor does not run.", hint: "Wait." });
  });
  const { port } = await startProxy(t, down);
  const plain = await fetchPlain(port, "http://example.org/");
  assert.equal(plain.status, 503);
  assert.match(plain.text, /Tor does not run\. Wait\. \(route_down\)/);
  assert.equal(await tunnel(port, "example.org:443"), 503);
  await assert.rejects(viaSocks(port, "example.org", 443), /NetworkUnreachable/i);

  const direct = Object.assign(new LoopbackRoute(() => site), { name: "direct" as never });
  const unsafe = await startProxy(t, direct);
  assert.equal(await tunnel(unsafe.port, "example.org:443"), 403);
  assert.equal(direct.dialled.length, 0);

  const nowhere = await startProxy(t, down, { routeOf: () => null });
  assert.equal(await tunnel(nowhere.port, "library.nocturne:443"), 403);
});

test("what does not answer in time is given up, and its late stream closed", async (t) => {
  const accepted: boolean[] = [];
  const service = await startService(t, (socket) => socket.once("close", () => accepted.push(true)));
  let enter = () => {};
  const slow = new LoopbackRoute(() => new Promise((resolve) => (enter = () => resolve(service))));
  const { port } = await startProxy(t, slow, { connectMs: 50 });
  const asked = tunnel(port, "example.org:443");
  await waitUntil("the route is asked", () => slow.dialled.length === 1);
  setTimeout(() => enter(), 100);
  assert.equal(await asked, 504);
});

test("only who has the password may use a proxy with one", async (t) => {
  const site = await startSite(t, (asked, answer) => answer.end(JSON.stringify(asked.headers)));
  const route = new LoopbackRoute(() => site);
  const { port } = await startProxy(t, route, { admission: PASSWORD });
  const basic = (user: string, password: string) => ({
    "Proxy-Authorization": `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
  });
  const wrong = [{}, basic("nocturne", "wrong"), basic("other", PASSWORD.password), { "Proxy-Authorization": "Basic" }];
  for (const headers of wrong as Record<string, string>[]) {
    assert.equal(await tunnel(port, "example.org:443", headers), 407);
    const plain = await fetchPlain(port, "http://example.org/", headers);
    assert.equal(plain.status, 407);
    assert.match(String(plain.answer.headers["proxy-authenticate"]), /^Basic realm=/);
  }
  await assert.rejects(viaSocks(port, "example.org", 80));
  await assert.rejects(viaSocks(port, "example.org", 80, { user: "nocturne", password: "wrong" }));
  assert.equal(route.dialled.length, 0);

  const right = basic(PASSWORD.user, PASSWORD.password);
  assert.equal(await tunnel(port, "example.org:443", right), 200);
  const plain = await fetchPlain(port, "http://example.org/", {
    ...right,
    "Proxy-Connection": "keep-alive",
    "X-Kept": "1",
  });
  assert.doesNotMatch(plain.text, /proxy/i, "the site must not see the password");
  assert.match(plain.text, /x-kept/);
  (await viaSocks(port, "example.org", 80, PASSWORD)).socket.destroy();
  assert.equal(route.dialled.length, 3);
});

test("a web page in another browser gets no answer at all", async (t) => {
  const route = new LoopbackRoute(() => 1);
  const { port } = await startProxy(t, route);
  assert.equal(await say(port, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), "");
  assert.equal(await say(port, "POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\nx"), "");
  const upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n";
  assert.equal(await say(port, `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${upgrade}\r\n`), "");
  assert.equal(route.dialled.length, 0);
});

test("commands other than CONNECT are refused in whole replies", async (t) => {
  const route = new LoopbackRoute(() => 1);
  const { port } = await startProxy(t, route);
  const target = Buffer.from("\0\x03\x0bexample.org\0\x50", "latin1");
  for (const command of [2, 3]) {
    const reply = await say(port, Buffer.concat([Buffer.from([5, 1, 0, 5, command]), target]));
    assert.equal(reply, "\x05\0\x05\x07\0\x01\0\0\0\0\0\0");
  }
  assert.equal(await say(port, "\x04\x01\0\x50\0\0\0\x01\0example.org\0"), "");
  assert.equal(route.dialled.length, 0);
});

test("what a client sends before it is answered arrives, in order", async (t) => {
  const sent = Array.from({ length: 200 }, (_, i) => `line ${i}\n`);
  const service = await startService(t, (socket) => socket.pipe(socket));
  const route = new LoopbackRoute(async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return service;
  });
  const { port } = await startProxy(t, route);
  const socks = Buffer.from("\x05\x01\0\x05\x01\0\x03\x0bexample.org\0\x50", "latin1").toString("latin1");
  for (const [greeting, reply] of [
    [socks, 12],
    ["CONNECT example.org:443 HTTP/1.1\r\n\r\n", 39],
  ] as const) {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.write(Buffer.from(greeting + sent.slice(0, 100).join(""), "latin1"));
    for (const line of sent.slice(100)) socket.write(line);
    await waitUntil("all came back", () => text.length >= reply + sent.join("").length, 5_000);
    assert.equal(text.slice(reply), sent.join(""));
    socket.destroy();
  }
});

test("neither side is asked for more than the other takes", async (t) => {
  let written = 0;
  const service = await startService(t, (socket) => {
    const more = () => {
      while (socket.writable && written < 200 * MEBIBYTE) {
        written += MEBIBYTE;
        if (socket.write(Buffer.alloc(MEBIBYTE))) continue;
        socket.once("drain", more);
        break;
      }
    };
    more();
  });
  const { port } = await startProxy(t, new LoopbackRoute(() => service));
  const socket = connect(port, "127.0.0.1");
  socket.pause();
  socket.write("CONNECT example.org:443 HTTP/1.1\r\n\r\n");
  await waitUntil("the service is reached", () => written > 0);
  const settled = async () => {
    const before = written;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return written === before;
  };
  await askUntil("a pause", settled, (done) => done);
  assert.ok(written < 50 * MEBIBYTE, `${written} bytes were taken for a client that reads none`);
  socket.destroy();
});

test("greetings that are slow or too long are closed", async (t) => {
  const route = new LoopbackRoute(() => 1);
  const { port } = await startProxy(t, route, { greetingMs: 100 });
  for (const start of ["", "\x05", "\x05\x01\0\x05\x01\0\x03\xff", "GET http://exa", "CONNECT a:443 HTTP/1.1\r\nX:"]) {
    assert.equal((await say(port, Buffer.from(start, "latin1"))).replace("\x05\0", ""), "");
  }
  const long = await say(port, `CONNECT example.org:443 HTTP/1.1\r\nX: ${"x".repeat(100_000)}\r\n\r\n`);
  assert.equal(long, "");
  assert.equal(route.dialled.length, 0);
});

test("connections of other people's programs are closed before a byte is read", async (t) => {
  const route = new LoopbackRoute(() => 1);
  const { port } = await startProxy(t, route, { admission: OPEN_TO_ALL, isOwn: async () => false });
  assert.equal(await say(port, "CONNECT example.org:443 HTTP/1.1\r\n\r\n"), "");
  assert.equal(route.dialled.length, 0);
});

test("closing breaks off all connections and frees the port", async (t) => {
  const service = await startService(t, () => {});
  const route = new LoopbackRoute(() => service);
  const proxy = await startProxy(t, route);
  const { socket } = await viaSocks(proxy.port, "example.org", 80);
  const { port } = proxy;
  const ended = closed(socket);
  await proxy.close();
  await ended;
  const again = await BrowseProxy.listen({
    window: "w",
    epoch: "e",
    routeOf: () => route,
    admission: OPEN_TO_ALL,
    port,
  });
  assert.equal(again.port, port);
  await again.close();
});
