import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { testIdentity } from "../../test/support/identity.ts";
import { fromHex, toHex } from "../core/bytes.ts";
import { CodecError, CryptoError } from "../core/errors.ts";
import { makeCard, parseCard } from "./card.ts";
import {
  createInviteLink,
  dropAuthor,
  encodeInviteLink,
  INVITE_PREFIX,
  inviteProof,
  makeDrop,
  openDrop,
  parseInviteLink,
} from "./invite.ts";

const [vectors, cards] = ["invite", "card"].map((name) =>
  JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), "utf8")),
);
const alice = testIdentity("alice");
const bob = testIdentity("bob");
const NOW = Date.parse("2026-01-01T00:00:00Z");
const RELAYS = ["wss://relay.example/", "ws://127.0.0.1:7447/"];

test("the stored link, drop and proof read as they were written", () => {
  const invite = parseInviteLink(vectors.link.text);
  const { publicKey, expiresAtMs, relays } = invite;
  assert.deepEqual({ publicKey, expiresAtMs, relays }, pick(vectors.link, ["publicKey", "expiresAtMs", "relays"]));
  assert.equal(toHex(invite.secret), vectors.link.secret);
  assert.equal(dropAuthor(invite.secret), vectors.drop.author);
  assert.deepEqual(openDrop(invite, vectors.drop.event), parseCard(cards.cards.alice));
  assert.equal(inviteProof(invite.secret, publicKey, vectors.proof.guest), vectors.proof.value);
});

for (const { why, text } of vectors.invalidLinks as { why: string; text: string }[]) {
  test(`an invite link is refused: ${why}`, () => {
    assert.throws(
      () => parseInviteLink(text),
      (error: CodecError) => error.code === "bad_invite",
    );
  });
}

test("every invite link reads back, and no changed character passes", () => {
  const relay = fc.webUrl({ validSchemes: ["wss"] }).filter((url) => url.length < 200);
  fc.assert(
    fc.property(fc.array(relay, { maxLength: 4 }), fc.nat(), fc.nat(), (relays, position, shift) => {
      const invite = createInviteLink(alice.publicKey, relays, NOW);
      const link = encodeInviteLink(invite);
      assert.deepEqual(parseInviteLink(link), invite);
      const at = INVITE_PREFIX.length + (position % (link.length - INVITE_PREFIX.length));
      const other = String.fromCharCode(45 + (shift % 78));
      if (link[at] === other) return;
      assert.throws(() => parseInviteLink(link.slice(0, at) + other + link.slice(at + 1)), CodecError);
    }),
  );
});

test("text of any kind is an invite or a CodecError, never another failure", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.throws(
        () => parseInviteLink(INVITE_PREFIX + text),
        (error) => error instanceof CodecError,
      );
    }),
  );
});

test("a drop opens for its own invite only, and only with the inviter's card in it", () => {
  const invite = createInviteLink(alice.publicKey, RELAYS, NOW);
  const drop = makeDrop(invite, makeCard(alice, RELAYS, NOW), NOW);
  assert.equal(openDrop(invite, drop).publicKey, alice.publicKey);
  assert.throws(() => openDrop(createInviteLink(alice.publicKey, RELAYS, NOW), drop), CryptoError);
  // The attack: somebody who has the link too puts his own card in the inviter's place.
  const forged = makeDrop(invite, makeCard(bob, RELAYS, NOW), NOW);
  assert.throws(() => openDrop(invite, forged), CryptoError);
});

test("a drop shows a relay neither the inviter nor his relays", () => {
  const invite = createInviteLink(alice.publicKey, RELAYS, NOW);
  const seen = JSON.stringify(makeDrop(invite, makeCard(alice, RELAYS, NOW), NOW));
  for (const hidden of [alice.publicKey, alice.npub, "relay.example", toHex(invite.secret)])
    assert.ok(!seen.includes(hidden));
});

test("a proof is bound to the guest: a proof that was overheard is worth nothing to another", () => {
  const secret = fromHex("00".repeat(16));
  const proof = inviteProof(secret, alice.publicKey, bob.publicKey);
  assert.notEqual(proof, inviteProof(secret, alice.publicKey, testIdentity("mallory").publicKey));
});

function pick(from: Record<string, unknown>, keys: string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, from[key]]));
}
