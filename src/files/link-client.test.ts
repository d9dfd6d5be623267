import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { concatBytes } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import { createLinkAddress, formatLinkPath } from "../crypto/link-key.ts";
import { LinkClient } from "./link-client.ts";

const INFO = JSON.stringify({ state: "active", needsPassword: false, passwordSalt: null, argon2: null });
const CONTENT = randomBytes(100_000);

interface Server {
  readonly client: LinkClient;
  readonly origin: string;
  /** Method and path of every request. */
  readonly asked: string[];
}

/** A client of a link on a server that answers as it likes. */
async function serve(t: TestContext, answer: RequestListener, signal = t.signal): Promise<Server> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close().closeAllConnections());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { client: new LinkClient(origin + formatLinkPath(createLinkAddress()), { fetch, signal }), origin, asked };
}

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return concatBytes(...(await Array.fromAsync(pieces)));
}

test("refusals come in our own words, whatever the server writes", async (t) => {
  for (const code of ["link_used", "link_expired", "link_ended", "unknown_link", "too_many_attempts", "file_gone"]) {
    const { client } = await serve(t, (_, response) => {
      response.writeHead(410).end(JSON.stringify({ error: { code, message: "\u001b[2J send money" } }));
    });
    await assert.rejects(client.claim(randomBytes(32)), (error: Error & { code: string }) => {
      return error.code === code && !error.message.includes("money");
    });
  }
});

test("a server leads nowhere else, and its nonsense is one error", async (t) => {
  const elsewhere = await serve(t, (_, response) => void response.end(INFO));
  const nonsense: RequestListener[] = [
    (_, response) => void response.writeHead(302, { location: elsewhere.origin }).end(),
    (_, response) => void response.end("<html>"),
    (_, response) => void response.end("null"),
    (_, response) => void response.end('{"state":1}'),
    (_, response) => void response.writeHead(404).end("not found"),
    (_, response) => void response.writeHead(410).end('{"error":{"code":"constructor"}}'),
    (_, response) => void response.end(`"${"x".repeat(300_000)}"`),
  ];
  for (const answer of nonsense) {
    const { client, asked } = await serve(t, answer);
    await assert.rejects(client.info(), { code: "link_unreachable" });
    assert.equal(asked.length, 1);
  }
  assert.deepEqual(elsewhere.asked, []);
  const { client } = await serve(t, (_, response) => void response.end('{"lease":7}'));
  await assert.rejects(client.claim(randomBytes(32)), { code: "link_unreachable" });
  const signal = new AbortController().signal;
  for (const link of [
    "file:///s/abcdefghijklmnop#AAECAwQFBgcICQoLDA0ODw",
    "/s/abcdefghijklmnop#AAECAwQFBgcICQoLDA0ODw",
  ])
    assert.throws(() => new LinkClient(link, { fetch, signal }), { code: "link_unreachable" });
});

test("answers of another shape than a node gives are none", async (t) => {
  const info = JSON.parse(INFO) as object;
  const claim = { lease: "l", leaseExpiresAt: "2026-01-01T00:00:00.000Z", sealedManifest: "AA", contentBytes: 1 };
  const badInfo = [{ state: "x" }, { needsPassword: 1 }, { passwordSalt: 7 }, { argon2: {} }, { argon2: "x" }];
  const badClaim = [
    { missing: 5 },
    { missing: ["0"] },
    { missing: [-1] },
    { leaseExpiresAt: undefined },
    { leaseExpiresAt: "soon" },
    { contentBytes: "1" },
    { sealedManifest: null },
  ];
  let answer: object = claim;
  const { client } = await serve(t, (_, response) => void response.end(JSON.stringify(answer)));
  assert.deepEqual(await client.claim(randomBytes(32)), claim);
  for (const change of badClaim) {
    answer = { ...claim, ...change };
    await assert.rejects(client.claim(randomBytes(32)), { code: "link_unreachable", hint: /counts as used/ });
  }
  for (const change of badInfo) {
    answer = { ...info, ...change };
    await assert.rejects(client.info(), { code: "link_unreachable" }, JSON.stringify(change));
  }
});

test("content that is asked for too often now is asked for again", async (t) => {
  const { client, asked } = await serve(t, (_, response) => {
    response.statusCode = asked.length > 2 ? 206 : 429;
    response.end(asked.length > 2 ? CONTENT.subarray(0, 10) : JSON.stringify({ error: { code: "too_many_requests" } }));
  });
  assert.deepEqual(await bytesOf(client.content("lease", 0, 10)), CONTENT.subarray(0, 10));
  assert.equal(asked.length, 3);
});

test("content is asked for again from where it broke, and not one byte more is taken", async (t) => {
  const ranges: string[] = [];
  const { client } = await serve(t, (request, response) => {
    const [, start = ""] = /^bytes=(\d+)-\d+$/.exec(request.headers.range ?? "") ?? [];
    ranges.push(request.headers.range ?? "");
    response.writeHead(206, { "content-length": CONTENT.length * 2 });
    response.write(CONTENT.subarray(Number(start), Number(start) + 60_000));
    if (ranges.length < 3) setTimeout(() => response.destroy(), 50);
    else response.end(CONTENT); // more than was asked for
  });
  assert.deepEqual(await bytesOf(client.content("lease", 10, 90_000)), CONTENT.subarray(10, 90_000));
  assert.equal(ranges[0], "bytes=10-89999");
  assert.equal(ranges.length, 2);
});

test("a stop ends a fetch at once, also between two tries", async (t) => {
  const stop = new AbortController();
  const { client, asked } = await serve(t, (_, response) => void response.destroy(), stop.signal);
  const fetching = bytesOf(client.content("lease", 0, 10));
  setTimeout(() => stop.abort(), 300);
  await assert.rejects(fetching, { name: "AbortError" });
  assert.ok(asked.length <= 2);
});
