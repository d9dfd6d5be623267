import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { toBase64Url, toHex, fromHex } from "../../core/bytes.ts";
import { type CodecError, CryptoError, NocturneError } from "../../core/errors.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { createDeviceLink, deviceLinkWords, encodeDeviceLink, linkKeys, parseDeviceLink } from "./device-link.ts";
import { authorsOf, openGrant, openRequest } from "./pairing.ts";

const vectors = JSON.parse(readFileSync(new URL("../../../vectors/device.json", import.meta.url), "utf8"));
const NOW = Date.parse("2026-11-25T12:00:00Z");
const keys = linkKeys({ secret: fromHex(vectors.link.secret) });

interface Refused {
  readonly why: string;
  readonly event: NostrEvent;
}

test("the stored link, its words and its keys read as they were written", () => {
  const { text, words, secret, expiresAtMs, relays } = vectors.link;
  const link = parseDeviceLink(text, [], NOW);
  assert.deepEqual({ ...link, secret: toHex(link.secret) }, { secret, expiresAtMs, relays });
  assert.equal(deviceLinkWords(link), words);
  const typed = parseDeviceLink(`  ${words.toUpperCase().replaceAll(" ", "\n")} `, ["ws://here/"], NOW);
  assert.deepEqual([toHex(typed.secret), typed.relays], [secret, ["ws://here/"]]);
  const { newcomer, main, seal } = keys;
  const written = { newcomer: toHex(newcomer), main: toHex(main), seal: toHex(seal), authors: authorsOf(keys) };
  assert.deepEqual(written, vectors.keys);
});

for (const { why, text } of vectors.invalidLinks as { why: string; text: string }[]) {
  test(`a device link is refused: ${why}`, () => {
    assert.throws(
      () => parseDeviceLink(text, [], NOW),
      (error: CodecError) => error.code === "bad_device_link",
    );
  });
}

test("the stored request and grant open, each with its own context", () => {
  const { said, event } = vectors.request;
  assert.deepEqual(openRequest(keys, event), said);
  const grant = openGrant(keys, vectors.grant.event, said);
  assert.equal(grant.card.publicKey, vectors.grant.account);
  assert.equal(grant.certificate, toBase64Url(fromHex(vectors.grant.certificate)));
});

for (const { why, event } of vectors.invalidRequests as Refused[]) {
  test(`a request to become a device is refused: ${why}`, () => {
    assert.throws(() => openRequest(keys, event), CryptoError);
  });
}

for (const { why, event } of vectors.invalidGrants as Refused[]) {
  test(`a grant is refused: ${why}`, () => {
    assert.throws(() => openGrant(keys, event, vectors.request.said), CryptoError);
  });
}

test("a grant for one device is none for another", () => {
  const other = { ...vectors.request.said, device: vectors.grant.account };
  assert.throws(() => openGrant(keys, vectors.grant.event, other), CryptoError);
});

test("every link reads back, as text and as words", () => {
  const relay = fc.webUrl({ validSchemes: ["wss"] }).filter((url) => url.length < 200);
  fc.assert(
    fc.property(fc.array(relay, { maxLength: 4 }), (relays) => {
      const link = createDeviceLink(relays, NOW);
      assert.deepEqual(parseDeviceLink(encodeDeviceLink(link), [], NOW), link);
      assert.deepEqual(parseDeviceLink(deviceLinkWords(link), relays, NOW).secret, link.secret);
    }),
  );
});

test("whatever is in an event: it opens or is refused in one way", () => {
  const { event } = vectors.request;
  fc.assert(
    fc.property(fc.string({ maxLength: 400 }), fc.nat(), (content, at) => {
      const cut = event.content.slice(0, at % event.content.length);
      for (const altered of [content, cut, `${cut}A`]) {
        assert.throws(
          () => openRequest(keys, { ...event, content: altered }),
          (error) => error instanceof NocturneError && error.code === "cannot_open",
        );
      }
    }),
  );
});
