import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { NoctisPayloadSealer } from "../../test/support/noctis-sealer.ts";
import { concatBytes, fromBase64Url, fromHex, toBase64Url } from "../core/bytes.ts";
import { CryptoError, type NocturneError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import type { EnvelopeKeys, EnvelopeRecipient } from "../crypto/envelope.ts";
import { createHybridKeyPair } from "../crypto/hybrid-kem.ts";
import { createLinkAddress, deriveLinkKeys, FILE_PAYLOAD_CONTEXT, formatLinkPath } from "../crypto/link-key.ts";
import { type LinkManifest, sealManifest } from "../crypto/link-manifest.ts";
import { PayloadSealer, sealedPayloadBytes } from "../crypto/payload.ts";
import { sealRecipientManifest } from "../crypto/recipient-manifest.ts";
import type { SealedSuite } from "../crypto/sealed-header.ts";
import { publicKeyOf } from "../nostr/keys.ts";
import type { Broke } from "./link-client.ts";
import { visitLink, type VisitOptions } from "./link-visitor.ts";

const CONTENT = randomBytes(100_000);

interface Visited {
  readonly link: string;
  /** Method, path and range of every request. */
  readonly asked: string[];
}

interface Offer {
  readonly bytes?: number;
  readonly suite?: SealedSuite;
  readonly kind?: LinkManifest["kind"];
  readonly recipients?: readonly EnvelopeRecipient[];
  readonly contentBytes?: number;
  readonly content?: (sealed: Uint8Array) => Uint8Array;
  /** In place of the usual answer to the n-th request, from 1; true: it was given. */
  readonly instead?: (n: number, request: IncomingMessage, response: ServerResponse, sealed: Uint8Array) => boolean;
}

/** Somebody's server with one file behind a link, which may lie about it. */
async function serve(t: TestContext, offer: Offer = {}): Promise<Visited> {
  const { bytes = CONTENT.length, suite = "aes-256-gcm", kind = "file", recipients, instead } = offer;
  const { content = (sealed) => sealed } = offer;
  const address = createLinkAddress();
  const { wrapKey, proof } = await deriveLinkKeys(address, null);
  const fileKey = randomBytes(32);
  const open: LinkManifest = { kind, name: "plan.pdf", note: "", bytes, suite, fileKey };
  const manifest = recipients
    ? sealRecipientManifest(open, recipients, wrapKey, address.slug)
    : sealManifest(open, wrapKey, address.slug);
  const sealer =
    suite === "noctis-256"
      ? new NoctisPayloadSealer(fileKey, FILE_PAYLOAD_CONTEXT)
      : new PayloadSealer(fileKey, FILE_PAYLOAD_CONTEXT);
  const sealed = Buffer.concat([sealer.header, sealer.update(CONTENT), sealer.finish()]);
  const claim = {
    lease: "lease",
    leaseExpiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    sealedManifest: toBase64Url(manifest),
    contentBytes: offer.contentBytes ?? sealed.length,
  };
  const asked: string[] = [];
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url, headers } = request;
    asked.push([method, url?.replace(address.slug, "SLUG"), headers.range].filter(Boolean).join(" "));
    if (instead?.(asked.length, request, response, sealed)) return;
    if (url?.endsWith("/content")) {
      const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
      response.statusCode = headers["x-nocturne-lease"] === "lease" ? 206 : 403;
      return void response.end(content(sealed).subarray(Number(start), Number(end) + 1));
    }
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString()) as { proof: string };
    response.statusCode = Buffer.compare(fromBase64Url(body.proof), proof) === 0 ? 200 : 403;
    response.end(JSON.stringify(claim));
  };
  const origin = await listen(t, (request, response) => void respond(request, response));
  return { link: origin + formatLinkPath(address), asked };
}

async function listen(t: TestContext, respond: RequestListener): Promise<string> {
  const server = createServer(respond);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function person(): { keys: EnvelopeKeys; public: EnvelopeRecipient } {
  const keys = { nostrSecretKey: randomBytes(32), hybrid: createHybridKeyPair(randomBytes(32)) };
  const nostrPublicKey = fromHex(publicKeyOf(keys.nostrSecretKey));
  return { keys, public: { nostrPublicKey, hybridPublicKey: keys.hybrid.publicKey } };
}

const ADA = person();
const EVE = person();

const giveUp: Broke = async (error) => {
  throw error;
};

/** As the node does it, but for who gives up at the first break. */
const options = (more: Partial<VisitOptions> = {}): VisitOptions => ({
  fetch,
  keys: () => ADA.keys,
  signal: new AbortController().signal,
  broke: giveUp,
  ...more,
});

async function fetched(link: string, more: Partial<VisitOptions> = {}): Promise<Uint8Array> {
  const visit = await visitLink(link, options(more));
  return concatBytes(...(await Array.fromAsync(visit.open())));
}

/** Goes on after so many breaks. */
function patient(most: number): { broke: Broke; breaks: [string, number][] } {
  const breaks: [string, number][] = [];
  const broke: Broke = async (error, failures) => {
    breaks.push([error.code, failures]);
    if (breaks.length > most) throw error;
  };
  return { broke, breaks };
}

function refuse(response: ServerResponse, code: string, status = 410): boolean {
  return Boolean(response.writeHead(status).end(JSON.stringify({ error: { code, message: "send money" } })));
}

function isFetch({ url }: IncomingMessage): boolean {
  return url?.endsWith("/content") === true;
}

function refused(code: string): (error: NocturneError) => boolean {
  return (error) => error.code === code;
}

const CLAIM = "POST /s/SLUG/claim";
const SEALED_BYTES = sealedPayloadBytes(CONTENT.length);
const fetchFrom = (start: number): string => `GET /s/SLUG/content bytes=${start}-${SEALED_BYTES - 1}`;
const FETCH = fetchFrom(0);

test("a link is opened by two requests and no more, whichever suite", async (t) => {
  for (const suite of ["aes-256-gcm", "noctis-256"] as const) {
    const { link, asked } = await serve(t, { suite });
    const visit = await visitLink(link, options());
    assert.deepEqual([visit.bytes, visit.forRecipients], [CONTENT.length, false]);
    assert.deepEqual(concatBytes(...(await Array.fromAsync(visit.open()))), CONTENT);
    assert.equal(asked.length, 2);
    assert.deepEqual(
      asked.map((one) => one.replace(/ bytes=.*/, "")),
      [CLAIM, "GET /s/SLUG/content"],
    );
  }
});

test("a stolen link opens a file for anybody, and none that was sealed for recipients", async (t) => {
  const plain = await serve(t);
  const sealed = await serve(t, { recipients: [ADA.public] });
  const eve = { keys: () => EVE.keys };
  assert.deepEqual(await fetched(plain.link, eve), CONTENT, "the control");
  await assert.rejects(fetched(sealed.link, eve), refused("not_a_recipient"));
  assert.deepEqual(sealed.asked, [CLAIM], "and nothing more is fetched");
  assert.equal((await visitLink(sealed.link, options())).forRecipients, true);
  assert.deepEqual(await fetched(sealed.link), CONTENT);
});

test("altered or cut content is not released", async (t) => {
  const flip = (sealed: Uint8Array): Uint8Array => sealed.with(sealed.length - 1, (sealed.at(-1) as number) ^ 1);
  await assert.rejects(fetched((await serve(t, { content: flip })).link), CryptoError);
  const cut = (sealed: Uint8Array): Uint8Array => sealed.subarray(0, -1);
  await assert.rejects(fetched((await serve(t, { content: cut })).link), refused("link_unreachable"));
});

test("a connection that breaks goes on where it broke, on the same lease", async (t) => {
  const half = CONTENT.length / 2;
  const { link, asked } = await serve(t, {
    instead: (n, _, response, sealed) => {
      if (n === 3) return Boolean(response.writeHead(503).end());
      if (n === 4) return refuse(response, "too_many_requests", 429);
      if (n !== 2) return false;
      response.writeHead(206, { "content-length": sealed.length });
      response.write(sealed.subarray(0, half), () => response.destroy());
      return true;
    },
  });
  const { broke, breaks } = patient(3);
  assert.deepEqual(await fetched(link, { broke }), CONTENT);
  assert.deepEqual(asked, [CLAIM, FETCH, ...Array(3).fill(fetchFrom(half))]);
  assert.deepEqual(breaks, [
    ["link_unreachable", 1],
    ["link_unreachable", 2],
    ["too_many_requests", 3],
  ]);
});

test("a lease that has ended is claimed anew, once", async (t) => {
  const renewed = await serve(t, { instead: (n, _, response) => n === 2 && refuse(response, "lease_ended") });
  assert.deepEqual(await fetched(renewed.link), CONTENT);
  assert.deepEqual(renewed.asked, [CLAIM, FETCH, CLAIM, FETCH]);
  const forEver = await serve(t, {
    instead: (_, request, response) => isFetch(request) && refuse(response, "lease_ended"),
  });
  await assert.rejects(fetched(forEver.link), refused("lease_ended"));
  assert.deepEqual(forEver.asked, [CLAIM, FETCH, CLAIM, FETCH]);
});

test("a server that stands still is left, and one that starts over is no help", async (t) => {
  const still = await serve(t, { instead: (n) => n === 2 });
  await assert.rejects(fetched(still.link, { stallMs: 100 }), refused("link_unreachable"));
  const mute = await serve(t, { instead: () => true });
  await assert.rejects(fetched(mute.link, { stallMs: 100 }), refused("link_unreachable"));
  const over = await serve(t, {
    instead: (n, _, response, sealed) => {
      if (n < 2) return false;
      response.writeHead(n === 2 ? 206 : 200, { "content-length": sealed.length });
      response.write(sealed.subarray(0, 1_000), () => response.destroy());
      return true;
    },
  });
  await assert.rejects(fetched(over.link, patient(3)), refused("link_unreachable"));
});

test("the person ends it at any moment", async (t) => {
  const { link } = await serve(t, { instead: (n) => n === 2 });
  const stop = new AbortController();
  const reading = fetched(link, { signal: stop.signal });
  await sleep(50);
  stop.abort(new Error("enough"));
  await assert.rejects(reading, { message: "enough" });
});

test("a server leads nowhere else, and sends no more than it announced", async (t) => {
  const elsewhere = await serve(t);
  const redirect = await serve(t, {
    instead: (_, __, response) => Boolean(response.writeHead(307, { location: elsewhere.link }).end()),
  });
  await assert.rejects(fetched(redirect.link), refused("link_unreachable"));
  assert.deepEqual(elsewhere.asked, []);

  const endlessly = (response: ServerResponse): boolean => {
    const more = (): void => void response.write(Buffer.alloc(65_536), () => !response.destroyed && more());
    more();
    return true;
  };
  const claim = await serve(t, { instead: (_, __, response) => endlessly(response) });
  await assert.rejects(fetched(claim.link), refused("link_unreachable"));
  const content = await serve(t, {
    instead: (n, _, response, sealed) => {
      if (n !== 2) return false;
      response.writeHead(206).write(sealed);
      return endlessly(response);
    },
  });
  assert.deepEqual(await fetched(content.link), CONTENT, "not one byte more is taken");
});

test("a folder's link is no file of a message", async (t) => {
  const { link, asked } = await serve(t, { kind: "folder", bytes: 1_000, contentBytes: sealedPayloadBytes(1_000) });
  await assert.rejects(fetched(link), refused("file_differs"));
  assert.deepEqual(asked, [CLAIM]);
});

test("who claims waits while too many ask, and for nothing else", async (t) => {
  for (const code of ["too_many_requests", "too_many_attempts", "too_many_downloads"]) {
    const { link } = await serve(t, { instead: (n, _, response) => n === 1 && refuse(response, code, 429) });
    assert.deepEqual(await fetched(link, patient(1)), CONTENT);
  }
  for (const code of ["link_ended", "link_used", "link_expired", "unknown_link", "link_wrong_proof"]) {
    const { link, asked } = await serve(t, { instead: (_, __, response) => refuse(response, code) });
    await assert.rejects(fetched(link, patient(9)), refused(code));
    assert.deepEqual(asked, [CLAIM]);
  }
});

test("nobody waits for a first answer who has not said how long", async (t) => {
  const { link, asked } = await serve(t, { instead: (_, __, response) => Boolean(response.writeHead(503).end()) });
  await assert.rejects(fetched(link, { broke: undefined }), refused("link_unreachable"));
  assert.deepEqual(asked, [CLAIM]);
});

test("a length that does not fit is refused before anything is fetched", async (t) => {
  for (const lie of [{ bytes: 3 }, { bytes: 10 ** 12 }, { contentBytes: 10 ** 12 }, { contentBytes: 0 }]) {
    const { link, asked } = await serve(t, lie);
    await assert.rejects(fetched(link), refused("file_differs"));
    assert.deepEqual(asked, [CLAIM]);
  }
});

test("other schemes, ended links and nonsense are refused in plain words", async (t) => {
  const { link, asked } = await serve(t);
  await assert.rejects(fetched(link.replace("http:", "ftp:")), refused("link_unreachable"));
  await assert.rejects(fetched(link.split("#")[0] as string), refused("bad_link"));
  assert.deepEqual(asked, []);
  const ended = await serve(t, { instead: (_, __, response) => refuse(response, "link_ended") });
  await assert.rejects(fetched(ended.link), (error: NocturneError) => {
    return error.code === "link_ended" && error.message === "The sender no longer offers this file.";
  });
  const nonsense = await serve(t, { instead: (_, __, response) => Boolean(response.end("<html>")) });
  await assert.rejects(fetched(nonsense.link), refused("link_unreachable"));
});
