import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { serve } from "@hono/node-server";
import fc from "fast-check";
import { Hono } from "hono";
import { InternalError } from "../core/errors.ts";
import { createLogger } from "../core/log.ts";
import { contentDisposition, sendStream } from "./download.ts";
import type { ApiEnvironment } from "./environment.ts";

test("names reach old and new readers", () => {
  assert.equal(contentDisposition("a b.txt"), `attachment; filename="a b.txt"; filename*=UTF-8''a%20b.txt`);
  assert.equal(
    contentDisposition("é'(*).pdf"),
    `attachment; filename="_'(*).pdf"; filename*=UTF-8''%C3%A9%27%28%2A%29.pdf`,
  );
});

test("no name breaks out of its place in the header, and every name comes back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) => {
      const header = contentDisposition(name);
      assert.match(header, /^attachment; filename="[\x20-\x7e]*"; filename\*=UTF-8''[\w%!#$&+.^`|~-]*$/);
      assert.equal(header.split('"').length, 3);
      assert.equal(decodeURIComponent(header.split("''")[1] as string), name.toWellFormed());
      assert.equal(new Headers({ "content-disposition": header }).get("content-disposition"), header);
    }),
  );
});

async function urlOf(t: TestContext, source: () => AsyncIterable<Uint8Array>): Promise<string> {
  const app = new Hono<ApiEnvironment>();
  app.get("/", (c) => sendStream(c, source(), 200, { "content-length": "4000000" }, createLogger("silent")));
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
  t.after(() => server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test("a stream that breaks off breaks its connection, and what came before the break arrives", async (t) => {
  const url = await urlOf(t, async function* () {
    for (let i = 0; i < 3; i++) yield new Uint8Array(100_000);
    throw new InternalError("file_damaged", "The stored bytes of this file end too early.");
  });
  let arrived = 0;
  const reading = async (): Promise<void> => {
    const { body } = await fetch(url);
    for await (const piece of body as ReadableStream<Uint8Array>) {
      arrived += piece.length;
      await sleep(20); // what waits in a reader is lost to it when the connection breaks, as in browsers
    }
  };
  await assert.rejects(reading(), TypeError);
  assert.equal(arrived, 300_000);
});
