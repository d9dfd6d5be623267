import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { fromBase64Url, toBase64Url, utf8Encode } from "../core/bytes.ts";
import { CryptoError, type NocturneError } from "../core/errors.ts";
import { VOICE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { createLinkAddress, deriveLinkKeys, FILE_PAYLOAD_CONTEXT, formatLinkPath } from "../crypto/link-key.ts";
import { sealManifest } from "../crypto/link-manifest.ts";
import { PayloadSealer } from "../crypto/payload.ts";
import { fetchLink } from "./link-visitor.ts";

const CONTENT = utf8Encode("a voice");

interface Visited {
  readonly link: string;
  /** Method and path of every request. */
  readonly asked: string[];
}

interface Offer {
  readonly bytes?: number;
  readonly content?: (sealed: Uint8Array) => Uint8Array;
  readonly answer?: RequestListener;
}

/** Somebody's server with one file behind a link, which may lie about it. */
async function serve(
  t: TestContext,
  { bytes = CONTENT.length, content = (sealed) => sealed, answer }: Offer = {},
): Promise<Visited> {
  const address = createLinkAddress();
  const { wrapKey, proof } = await deriveLinkKeys(address, null);
  const fileKey = randomBytes(32);
  const manifest = sealManifest(
    { kind: "file", name: "Voice note.webm", note: "", bytes, suite: "aes-256-gcm", fileKey },
    wrapKey,
    address.slug,
  );
  const sealer = new PayloadSealer(fileKey, FILE_PAYLOAD_CONTEXT);
  const sealed = Buffer.concat([sealer.header, sealer.update(CONTENT), sealer.finish()]);
  const asked: string[] = [];
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    asked.push(`${request.method} ${request.url?.replace(address.slug, "SLUG")}`);
    if (answer) return answer(request, response);
    if (request.url?.endsWith("/content")) {
      const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
      response.statusCode = request.headers["x-nocturne-lease"] === "lease" ? 206 : 403;
      return void response.end(content(sealed).subarray(Number(start), Number(end) + 1));
    }
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString()) as { proof: string };
    response.statusCode = Buffer.compare(fromBase64Url(body.proof), proof) === 0 ? 200 : 403;
    response.end(
      JSON.stringify({
        lease: "lease",
        leaseExpiresAt: new Date(Date.now() + 3_600_000).toISOString(),
        sealedManifest: toBase64Url(manifest),
        contentBytes: sealed.length,
      }),
    );
  };
  const server = createServer((request, response) => void respond(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { link: `http://127.0.0.1:${port}${formatLinkPath(address)}`, asked };
}

const fetched = (link: string): Promise<Uint8Array> => fetchLink(link, new AbortController().signal);

function refused(code: string): (error: NocturneError) => boolean {
  return (error) => error.code === code;
}

test("a link is opened by two requests and no more", async (t) => {
  const { link, asked } = await serve(t);
  assert.deepEqual(await fetched(link), CONTENT);
  assert.deepEqual(asked, ["POST /s/SLUG/claim", "GET /s/SLUG/content"]);
});

test("altered or cut content is not released", async (t) => {
  const flip = (sealed: Uint8Array): Uint8Array => sealed.with(sealed.length - 1, (sealed.at(-1) as number) ^ 1);
  await assert.rejects(fetched((await serve(t, { content: flip })).link), CryptoError);
  await assert.rejects(fetched((await serve(t, { bytes: CONTENT.length - 1 })).link), CryptoError);
});

test("a server leads nowhere else, and sends no more than a voice note", async (t) => {
  const elsewhere = await serve(t);
  const redirect = await serve(t, {
    answer: (_, response) => response.writeHead(307, { location: elsewhere.link }).end(),
  });
  await assert.rejects(fetched(redirect.link), refused("link_unreachable"));
  assert.deepEqual(elsewhere.asked, []);

  const endless = await serve(t, {
    answer: (_, response) => {
      const more = (): void => void response.write(Buffer.alloc(65_536), () => !response.destroyed && more());
      more();
    },
  });
  await assert.rejects(fetched(endless.link), refused("link_unreachable"));
  await assert.rejects(fetched((await serve(t, { bytes: VOICE_LIMITS.bytes + 1 })).link), refused("file_too_large"));
});

test("other schemes, ended links and nonsense are refused in plain words", async (t) => {
  const { link, asked } = await serve(t);
  await assert.rejects(fetched(link.replace("http:", "ftp:")), refused("link_unreachable"));
  await assert.rejects(fetched(link.split("#")[0] as string), refused("bad_link"));
  assert.deepEqual(asked, []);
  const refusal = JSON.stringify({ error: { code: "link_ended", message: "send money" } });
  const ended = await serve(t, { answer: (_, response) => response.writeHead(410).end(refusal) });
  await assert.rejects(fetched(ended.link), refused("link_ended"));
  const nonsense = await serve(t, { answer: (_, response) => response.end("<html>") });
  await assert.rejects(fetched(nonsense.link), refused("link_unreachable"));
});
