import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { lettersIn, letterCells, publishLetter } from "../../test/support/cells.ts";
import fc from "fast-check";
import { testIdentity } from "../../test/support/identity.ts";
import { createWorld, meet, type Person, RELAY, until, type World } from "../../test/support/messenger-world.ts";
import { fromBase64Url, fromHex, toBase64Url, utf8Encode } from "../core/bytes.ts";
import { CodecError, PolicyError } from "../core/errors.ts";
import { CELL_LIMITS, WORK_LIMITS } from "../core/cell-limits.ts";
import { MESSAGE_LIMITS, RELAY_LIMITS } from "../core/limits.ts";
import { createHybridKeyPair } from "../crypto/hybrid-kem.ts";
import { mlDsa65 } from "../crypto/signing.ts";
import { eventBytes, type NostrEvent, signEvent, verifyEvent } from "../nostr/event.ts";
import type { Identity } from "../vault/identity.ts";
import { type Card, cardDigest, makeCard, parseCard } from "./card.ts";
import type { ContactRow } from "./contact-book.ts";
import { createInviteLink, encodeInviteLink, makeDrop } from "./invite.ts";
import { encodeLetter, letterHead } from "./letter.ts";
import { safetyNumber } from "./safety-number.ts";

const vectors = JSON.parse(readFileSync(new URL("../../vectors/card.json", import.meta.url), "utf8"));
const alice = testIdentity("alice");
const bob = testIdentity("bob");
const NOW = Date.parse("2026-01-01T00:00:00Z");
const RELAYS = ["wss://relay.example/", "ws://127.0.0.1:7447/"];
const [HYBRID_KEY_END, SIGNATURE_KEY_END] = [1 + 1216, 1 + 1216 + 1952];

function isBadCard(error: unknown): boolean {
  return error instanceof CodecError && error.code === "bad_card";
}

/** What a card's ML-DSA signature covers, built by NEP-02 and not by the code under test. */
function statementOf(event: NostrEvent): Buffer {
  const content = Buffer.from(event.content, "base64url");
  const createdAt = Buffer.alloc(8);
  createdAt.writeBigUInt64BE(BigInt(event.created_at));
  const keys = [content.subarray(1, HYBRID_KEY_END), content.subarray(HYBRID_KEY_END, SIGNATURE_KEY_END)];
  const relays = event.tags.map(([, url]) => Buffer.from(url as string));
  const fields = [Buffer.from(event.pubkey, "hex"), createdAt, ...keys, ...relays].flatMap((field) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    return [length, field];
  });
  return Buffer.concat([Buffer.from("nocturne/card/v2"), ...fields]);
}

/** The attack: who broke secp256k1 changes a card, and signs the event with the key that he computed. */
function forge(card: NostrEvent, change: Partial<NostrEvent>, nostrSecretKey: Uint8Array): NostrEvent {
  const { kind, created_at, tags, content } = { ...card, ...change };
  const event = signEvent({ kind, created_at, tags, content }, nostrSecretKey);
  assert.ok(verifyEvent(event), "to Nostr it is right");
  return event;
}

function withContent(card: NostrEvent, edit: (content: Uint8Array) => void): Partial<NostrEvent> {
  const content = fromBase64Url(card.content);
  edit(content);
  return { content: toBase64Url(content) };
}

test("the stored cards and safety numbers read as they were written", () => {
  for (const event of Object.values<NostrEvent>(vectors.cards)) {
    const card = parseCard(event);
    const content = fromBase64Url(event.content);
    assert.equal(card.publicKey, event.pubkey);
    assert.equal(card.hybridPublicKey, toBase64Url(content.subarray(1, HYBRID_KEY_END)));
    assert.equal(card.signatureKey, toBase64Url(content.subarray(HYBRID_KEY_END, SIGNATURE_KEY_END)));
    const said = card.work ? [...card.relays, String(card.work)] : card.relays;
    assert.deepEqual(
      said,
      event.tags.map(([, value]) => value),
    );
    assert.equal(card.createdAt, event.created_at);
    const key = fromBase64Url(card.signatureKey ?? "");
    assert.ok(mlDsa65.verify(statementOf(event), content.subarray(SIGNATURE_KEY_END), key));
  }
  const [one, other] = [parseCard(vectors.cards.alice), parseCard(vectors.cards.bob)];
  const unknown = { ...other, signatureKey: null };
  const numbers = vectors.safetyNumbers;
  assert.equal(safetyNumber(one, other), numbers["alice and bob"]);
  assert.equal(safetyNumber(other, one), numbers["alice and bob"]);
  assert.equal(safetyNumber(unknown, one), numbers["alice and bob, whose ML-DSA key is not known yet"]);
});

test("the stored cards have the keys of the stored seeds", () => {
  for (const name of ["alice", "bob"]) {
    const { publicKey, hybridSeed, signingSeed } = vectors.people[name];
    const card = parseCard(vectors.cards[name]);
    assert.equal(card.publicKey, publicKey);
    assert.equal(card.hybridPublicKey, toBase64Url(createHybridKeyPair(fromHex(hybridSeed)).publicKey));
    assert.equal(card.signatureKey, toBase64Url(mlDsa65.createKeyPair(fromHex(signingSeed)).publicKey));
  }
});

for (const { why, event } of vectors.invalidCards as { why: string; event: unknown }[]) {
  test(`a card is refused: ${why}`, () => assert.throws(() => parseCard(event), isBadCard));
}

test("every card reads back", () => {
  const relay = fc.webUrl({ validSchemes: ["ws", "wss"] }).filter((url) => url.length <= 200);
  const seconds = fc.integer({ min: 0, max: 2 ** 40 });
  const bits = fc.integer({ min: 0, max: WORK_LIMITS.bits });
  fc.assert(
    fc.property(fc.array(relay, { maxLength: 4 }), seconds, bits, (relays, createdAt, work) => {
      const card = parseCard(makeCard(alice, relays, createdAt * 1000, work));
      assert.deepEqual(
        [card.publicKey, card.relays, card.createdAt, card.work],
        [alice.publicKey, relays, createdAt, work],
      );
    }),
    { numRuns: 30 },
  );
});

test("whatever comes is a card or bad_card", () => {
  const card = makeCard(alice, RELAYS, NOW);
  const bent = fc
    .tuple(fc.constantFrom("id", "pubkey", "created_at", "kind", "tags", "content", "sig"), fc.jsonValue())
    .map(([field, value]) => ({ ...card, [field]: value }));
  fc.assert(fc.property(fc.oneof(fc.anything(), bent), (value) => assert.throws(() => parseCard(value), isBadCard)));
});

test("the attack: a right Nostr signature alone makes no card, whatever it changes", () => {
  const card = makeCard(alice, RELAYS, NOW);
  const others = fromBase64Url(makeCard(bob, RELAYS, NOW).content);
  const changes: Partial<NostrEvent>[] = [
    withContent(card, (content) => content.set(others.subarray(1, HYBRID_KEY_END), 1)),
    withContent(card, (content) => content.set(others.subarray(HYBRID_KEY_END, SIGNATURE_KEY_END), HYBRID_KEY_END)),
    withContent(card, (content) => content.set(others.subarray(SIGNATURE_KEY_END), SIGNATURE_KEY_END)),
    { tags: [["relay", "wss://evil.example/"]] },
    { tags: [...card.tags, ["relay", "wss://evil.example/"]] },
    { tags: card.tags.toReversed() },
    { created_at: card.created_at + 1 },
  ];
  for (const change of changes) {
    assert.throws(() => parseCard(forge(card, change, alice.nostrSecretKey)), isBadCard, JSON.stringify(change));
  }
  // A whole card of Bob's is not believed of anybody else, so nobody can claim his key as her own either.
  assert.throws(() => parseCard(forge(makeCard(bob, RELAYS, NOW), {}, alice.nostrSecretKey)), isBadCard);
});

test("the attack: no altered byte of a card passes", () => {
  const card = makeCard(alice, RELAYS, NOW);
  const { length } = fromBase64Url(card.content);
  fc.assert(
    fc.property(fc.nat(length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
      const change = withContent(card, (content) => void (content[at] = (content[at] as number) ^ bits));
      assert.throws(() => parseCard(forge(card, change, alice.nostrSecretKey)), isBadCard);
    }),
  );
});

test("a safety number changes with each key of either person, and an unknown key is not an empty one", () => {
  const [one, other] = [parseCard(makeCard(alice, [], NOW)), parseCard(makeCard(bob, [], NOW))];
  const third = parseCard(makeCard(testIdentity("mallory"), [], NOW));
  const numbers = [safetyNumber(one, other), safetyNumber(one, { ...other, signatureKey: null })];
  for (const key of ["publicKey", "hybridPublicKey", "signatureKey"] as const) {
    numbers.push(
      safetyNumber({ ...one, [key]: third[key] }, other),
      safetyNumber(one, { ...other, [key]: third[key] }),
    );
  }
  assert.equal(new Set(numbers).size, numbers.length);
});

test("the largest card fits into a hello and into a drop, and both through a relay", () => {
  const relays = [1, 2, 3, 4].map((n) => `wss://${n}.example/${"r".repeat(255)}`.slice(0, 255));
  const card = makeCard(alice, relays, NOW);
  assert.equal(parseCard(card).relays.length, MESSAGE_LIMITS.inviteRelays);
  const hello = {
    ...letterHead(NOW),
    kind: "hello",
    name: "n".repeat(MESSAGE_LIMITS.nameBytes),
    card,
    knows: "A".repeat(22),
    keyPackage: "A".repeat(MESSAGE_LIMITS.keyPackageCharacters),
    proof: "0".repeat(64),
  } as const;
  assert.ok(utf8Encode(encodeLetter(hello)).length <= MESSAGE_LIMITS.letterBytes);
  const to = { publicKey: bob.publicKey, hybridPublicKey: toBase64Url(bob.hybrid.publicKey) };
  assert.ok(letterCells(hello, alice, to, NOW).length <= CELL_LIMITS.pieces);
  const invite = createInviteLink(alice.publicKey, relays, NOW);
  assert.ok(eventBytes(makeDrop(invite, card, NOW)) <= RELAY_LIMITS.eventBytes);
});

/** Alice in a world, and Bob as a scripted writer whose hellos may hold any card. */
async function aliceAndBob(t: TestContext): Promise<World & { alice: Person; sayHello: (card: unknown) => void }> {
  const world = createWorld(t);
  const person = await world.person("Alice");
  const { publicKey, hybrid } = person.vault.identity();
  const to = { publicKey, hybridPublicKey: toBase64Url(hybrid.publicKey) };
  const sayHello = (card: unknown): void => {
    const letter = { ...letterHead(world.clock.now), kind: "hello", name: "Bob", card } as const;
    void publishLetter(world.relay.connect().pool, letter, bob, to, world.clock.now);
  };
  return { ...world, alice: person, sayHello };
}

test("the attack: a contact with another ML-DSA key gets nothing before it is accepted again", async (t) => {
  const { relay, clock, alice: person, sayHello } = await aliceAndBob(t);
  const { messenger } = person;
  sayHello(makeCard(bob, [RELAY], clock.now));
  await until(() => messenger.contacts().length === 1, "the request arrives");
  messenger.accept("Bob");
  const trusted = messenger.contact("Bob").safety ?? "";
  assert.equal(messenger.verify("Bob", trusted).verified, true);

  // All that somebody with Bob's Nostr key can do: he does not have the ML-DSA key, so he brings his own.
  const forger: Identity = { ...bob, signing: testIdentity("mallory").signing };
  sayHello(makeCard(forger, ["ws://127.0.0.1:9/"], clock.now + 1000));
  await until(() => messenger.contact("Bob").cardChanged, "the change is noticed");
  assert.equal(messenger.contact("Bob").safety, trusted, "the card that is trusted stays");
  const before = relay.stored.length;
  await assert.rejects(messenger.send({ to: "Bob", text: "secret" }), PolicyError);
  assert.equal(relay.stored.length, before, "nothing left the machine");

  const accepted = messenger.accept("Bob");
  assert.deepEqual([accepted.cardChanged, accepted.verified], [false, false]);
  assert.notEqual(accepted.safety, trusted);
  await messenger.send({ to: "Bob", text: "ok" });
});

test("a contact row of before cards had an ML-DSA key opens; the key is learnt, and then held to", async (t) => {
  const { clock, alice: person, sayHello } = await aliceAndBob(t);
  sayHello(makeCard(bob, [RELAY], clock.now));
  await until(() => person.messenger.contacts().length === 1, "the request arrives");
  person.messenger.accept("Bob");
  const full = person.messenger.contact("Bob").safety;
  forgetSignatureKey(person, bob.publicKey);
  person.crash();

  const old = person.messenger.contact("Bob");
  assert.equal(old.encryption, "hybrid");
  assert.notEqual(old.safety, full, "the number does not claim what is not known");
  assert.equal(person.messenger.verify("Bob", old.safety ?? "").verified, true);
  sayHello(makeCard(bob, [RELAY], clock.now + 1000));
  await until(() => person.messenger.contact("Bob").safety === full, "the key is learnt");
  const learnt = person.messenger.contact("Bob");
  assert.equal(learnt.cardChanged, false);
  assert.equal(learnt.verified, false, "the number that was compared did not cover this key");
  await person.messenger.send({ to: "Bob", text: "nothing stands in the way" });

  const other: Identity = { ...bob, signing: testIdentity("mallory").signing };
  sayHello(makeCard(other, [RELAY], clock.now + 2000));
  await until(() => person.messenger.contact("Bob").cardChanged, "another key is a changed card");
});

test("the attack: an invite with other keys does not inherit that a blocked contact was verified", async (t) => {
  const { relay, clock, alice: person, sayHello } = await aliceAndBob(t);
  const { messenger } = person;
  sayHello(makeCard(bob, [RELAY], clock.now));
  await until(() => messenger.contacts().length === 1, "the request arrives");
  messenger.accept("Bob");
  messenger.verify("Bob", messenger.contact("Bob").safety ?? "");
  const inviteWith = async (card: NostrEvent): Promise<string> => {
    const invite = createInviteLink(bob.publicKey, [RELAY], clock.now);
    await relay.connect().pool.publish(RELAY, makeDrop(invite, card, clock.now));
    return encodeInviteLink(invite);
  };
  messenger.block("Bob");
  const same = await messenger.addContact({ invite: await inviteWith(makeCard(bob, [RELAY], clock.now)) });
  assert.equal(same.verified, true, "with the same keys he is who he was");
  messenger.block("Bob");
  const other: Identity = { ...bob, signing: testIdentity("mallory").signing };
  const changed = await messenger.addContact({ invite: await inviteWith(makeCard(other, [RELAY], clock.now)) });
  assert.equal(changed.verified, false);
});

test("two people who knew each other before learn the keys from each other after a start", async (t) => {
  const { person } = createWorld(t);
  const [one, other] = [await person("Alice"), await person("Bob")];
  await meet(one, other);
  const safety = one.messenger.contact("Bob").safety;
  for (const [who, of] of [
    [one, other],
    [other, one],
  ] as const) {
    forgetSignatureKey(who, of.vault.identity().publicKey);
    who.vault.writeMeta("announced-relays", RELAY); // as the earlier version left it
  }
  for (const who of [one, other]) who.crash();
  for (const [who, name] of [
    [one, "Bob"],
    [other, "Alice"],
  ] as const) {
    await until(() => who.messenger.contact(name).safety === safety, `${name}'s key is learnt`);
    assert.equal(who.messenger.contact(name).cardChanged, false);
  }
});

/** Turns a contact's row into what the version before cards had an ML-DSA key has stored. */
function forgetSignatureKey(person: Person, publicKey: string): void {
  const table = person.vault.table<ContactRow>({
    name: "contacts",
    key: (row) => row.publicKey,
    indexes: { name: (row) => row.name.toLowerCase(), state: (row) => row.state },
  });
  const row = table.get(publicKey);
  assert.ok(row?.card);
  const { signatureKey: _, ...card } = row.card;
  table.put({ ...row, card: card as Card });
}

test("an answer carries the card to those alone who do not hold it as it is now", async (t) => {
  const world = createWorld(t);
  const [person, guest, other] = [await world.person("Alice"), await world.person("Bob"), await world.person("Cyd")];
  const answerTo = async (who: Person, name: string) => {
    await until(() => person.messenger.contacts().some((one) => one.name === name), "the request");
    person.messenger.accept(name);
    await until(() => who.messenger.contact("Alice").state === "accepted", "the answer");
    const letters = lettersIn(who.vault, world.relay.stored);
    return letters.find(({ kind }) => kind === "accept");
  };
  const { link } = await person.messenger.createInvite();
  await guest.messenger.addContact({ invite: link, name: "Alice" });
  const short = await answerTo(guest, "Bob");
  assert.ok(short && !("card" in short), "who came by an invite has the card");
  assert.equal(guest.messenger.contact("Alice").encryption, "hybrid");

  await other.messenger.addContact({ invite: link, name: "Alice" });
  await until(() => person.messenger.contacts().length === 2, "the request");
  person.settings.strangerWork = 20;
  const whole = await answerTo(other, "Cyd");
  assert.ok(whole && "card" in whole);
  assert.equal(parseCard(whole.card).work, 20, "it changed since");
});

test("a card's digest changes with all that it says but its date", () => {
  const card = parseCard(makeCard(alice, [RELAY], NOW));
  assert.equal(cardDigest(parseCard(makeCard(alice, [RELAY], NOW + 5_000))), cardDigest(card));
  const third = parseCard(makeCard(testIdentity("mallory"), [RELAY], NOW));
  const others = [
    ...(["publicKey", "hybridPublicKey", "signatureKey"] as const).map((key) => ({ ...card, [key]: third[key] })),
    { ...card, signatureKey: null },
    { ...card, work: 1 },
    { ...card, relays: [] },
    { ...card, relays: [RELAY, RELAY] },
    { ...card, relays: [RELAY.slice(0, 5), RELAY.slice(5)] },
  ];
  assert.equal(new Set([card, ...others].map(cardDigest)).size, others.length + 1);
});

test("meeting somebody takes no more cells than the settings tell: twenty, up to the first message", async (t) => {
  const { relay, person } = createWorld(t);
  const [ada, guest] = [await person("Alice"), await person("Bob")];
  await meet(ada, guest);
  await guest.messenger.send({ to: "Alice", text: "hello" });
  await until(() => ada.texts().length === 1, "the first message");
  assert.ok(relay.stored.length > 10 && relay.stored.length <= 20, `${relay.stored.length} cells`);
});
