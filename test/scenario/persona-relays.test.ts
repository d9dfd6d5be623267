/**
 * What relays and contacts see of a persona: a root and a persona of one node talk to their contacts over two relays
 * that keep everything, and nothing of the one is found at the other. The same search finds a persona that was made
 * naively, with its owner's relay and settings.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Persona } from "../../src/api/contract.ts";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { CoverLaw } from "../../src/messaging/cover/cover-law.ts";
import { Messenger } from "../../src/messaging/messenger.ts";
import { createAuthEvent } from "../../src/nostr/authentication.ts";
import { directCarrier } from "../../src/route/carrier.ts";
import { RelayPool } from "../../src/route/relay-pool.ts";
import { type ApiNode, startApiNode } from "../support/api-node.ts";
import { atEnd } from "../support/cleanup.ts";
import { authenticated, type RecordingRelay, startRecordingRelay } from "../support/recording-relay.ts";
import { type Speaker, speak, talk } from "../support/speaker.ts";
import { factsOf, rowsOf, tableNames, tracesOf } from "../support/traces.ts";

const ROOT_NAME = "Nadja Rothenfels";
const PERSONA_NAME = "Quillon";
const LABEL = "shop in Trieste";
const ROOT_TEXT = "the-heron-flies-at-midnight";
const PERSONA_TEXT = "two-crates-of-walnuts";
const ROOT_GROUP = "northern office";
const PERSONA_GROUP = "walnut merchants";

test("nothing that one relay or contact sees of a persona is seen by those of its owner, nor the other way", async (t) => {
  const [rootRelay, personaRelay] = [await startRecordingRelay(t), await startRecordingRelay(t)];
  const owner = await startNode(t, rootRelay, ROOT_NAME);
  const [alice, bob] = [await startNode(t, rootRelay, "Alice"), await startNode(t, personaRelay, "Bob")];
  const request = { label: LABEL, name: PERSONA_NAME, relays: [personaRelay.url], expires: "30d" };
  const made = await speak(owner).ask<Persona>("POST", "/personas", request);
  const persona = speak(owner, made);

  await talk(speak(owner), speak(alice), ROOT_TEXT, ROOT_GROUP);
  await talk(persona, speak(bob), PERSONA_TEXT, PERSONA_GROUP);

  const rootWords = {
    label: LABEL,
    name: ROOT_NAME,
    text: ROOT_TEXT,
    group: ROOT_GROUP,
    relay: rootRelay.url,
    contact: keyOf(alice),
  };
  const rootFacts = factsOf(owner.services.vault.identity(), rootWords);
  const account = owner.services.vault.personas.account(made.id);
  const personaWords = {
    name: PERSONA_NAME,
    text: PERSONA_TEXT,
    group: PERSONA_GROUP,
    relay: personaRelay.url,
    contact: keyOf(bob),
  };
  const personaFacts = factsOf(account.identity(), { ...personaWords, label: LABEL });

  assert.deepEqual(tracesOf(rootFacts, framesOf(personaRelay)), [], "at the persona's relay");
  assert.deepEqual(tracesOf(rootFacts, known(bob)), [], "at the persona's contact");
  assert.deepEqual(tracesOf(personaFacts, framesOf(rootRelay)), [], "at the owner's relay");
  assert.deepEqual(tracesOf(personaFacts, known(alice)), [], "at the owner's contact");
  // The search sees what is there: each contact knows who wrote to him, and each relay whom it serves.
  assert.deepEqual(missing(personaFacts, known(bob)), ["device", "label", "npub"]);
  assert.ok(tracesOf(personaFacts, framesOf(personaRelay)).includes("key"));
  assert.deepEqual(commonWords(rootRelay, personaRelay), [], "words that both relays saw");

  const [rootKey, personaKey] = [owner.services.vault.identity().publicKey, account.identity().publicKey];
  assert.deepEqual(authenticated(rootRelay).flat().toSorted(), [rootKey, keyOf(alice)].toSorted());
  assert.deepEqual(authenticated(personaRelay).flat().toSorted(), [personaKey, keyOf(bob)].toSorted());
  assert.deepEqual(new Set([...rootRelay.headers, ...personaRelay.headers].map(anonymous)).size, 1);

  await t.test(
    "control: a persona at its owner's relay, with its owner's settings, is found by the same search",
    async () => {
      const carol = await startNode(t, rootRelay, "Carol");
      const naive = await startNaivePersona(t, owner);
      await talk(naive, speak(carol), "a naive text", "naive people");
      assert.deepEqual(tracesOf(rootFacts, known(carol)), ["name", "relay"]);
      const naiveFacts = factsOf(naive.identity, {});
      assert.ok(tracesOf(naiveFacts, framesOf(rootRelay)).includes("key"));
      assert.ok(tracesOf(rootFacts, framesOf(rootRelay)).includes("key"));
    },
  );
});

async function startNode(t: TestContext, relay: RecordingRelay, displayName: string): Promise<ApiNode> {
  const node = await startApiNode({ embeddedRelay: false, relays: [relay.url] });
  atEnd(t, () => node.close());
  await speak(node).ask("PATCH", "/settings", { displayName });
  return node;
}

/** The mistake that the product must not make: an account of its own, but at the root's relays under the root's name. */
async function startNaivePersona(t: TestContext, owner: ApiNode) {
  const { vault, ownRelays, settings } = owner.services;
  const facts = { label: "naive", displayName: "", relays: [], expiresAtMs: null };
  const account = vault.personas.account(vault.personas.create(facts, Date.now()).id);
  const identity = account.identity();
  const log = createLogger("silent");
  const authenticate = (url: string, challenge: string) =>
    createAuthEvent(url, challenge, identity.nostrSecretKey, Math.floor(Date.now() / 1000));
  const pool = new RelayPool({ carrier: directCarrier, clock: systemClock, log });
  const interopPool = new RelayPool({ carrier: directCarrier, clock: systemClock, log, authenticate });
  const messenger = new Messenger({
    vault: account,
    pool,
    interopPool,
    law: new CoverLaw("fast"),
    ownRelays,
    embeddedRelay: null,
    shareFile: () => Promise.reject(new Error("not here")),
    revokeLink: () => {},
    linkTo: null,
    adoptSettings: () => {},
    settings: () => settings.read(),
    clock: systemClock,
    log,
  });
  messenger.start();
  atEnd(t, () => Promise.all([pool.close(), interopPool.close()]));
  atEnd(t, () => messenger.stop());
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const [, what, who, verb] = path.split(/[/?]/);
    if (what === "invites") return messenger.createInvite();
    if (what === "contacts" && verb === "accept") return messenger.accept(who ?? "");
    if (what === "contacts") return messenger.contacts();
    if (what === "groups") return messenger.createGroup(body as { name: string; members: string[] });
    if (method === "POST") return messenger.send(body as { to: string; text: string });
    return { id: who, state: await messenger.waitFor(who ?? "", "delivered", AbortSignal.timeout(30_000)) };
  };
  return { npub: identity.npub, identity, ask: ask as Speaker["ask"] };
}

/** All that somebody's Nocturne has learned and kept. */
function known(node: ApiNode): string[] {
  return rowsOf(node.services.vault, tableNames(node.config.dataDir));
}

function framesOf(relay: RecordingRelay): string[] {
  return [...relay.headers, ...relay.seen.map(({ frame }) => frame)];
}

function missing(facts: ReturnType<typeof factsOf>, texts: readonly string[]): string[] {
  const found = tracesOf(facts, texts);
  return [...facts.keys()].filter((name) => !found.includes(name)).toSorted();
}

/** What all Nocturnes and all relays say. */
const VOCABULARY = ["challenge", "expiration", "auth-required: wraps are served to their recipient alone"];
/** Seconds may be the same by chance; that two identities live at the same times is said in the threat model. */
const SECONDS = /^\d{10}$/;

/** Strings in frames of both relays that are not the protocol's own. */
function commonWords(one: RecordingRelay, other: RecordingRelay): string[] {
  const [here, there] = [one, other].map(
    ({ seen }) => new Set(seen.flatMap(({ frame }) => strings(JSON.parse(frame)))),
  );
  const common = [...(here ?? [])].filter((word) => word.length >= 8 && there?.has(word));
  return common.filter((word) => !VOCABULARY.includes(word) && !SECONDS.test(word));
}

function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(strings) : [];
}

function keyOf(node: ApiNode): string {
  return node.services.vault.identity().publicKey;
}

/** The headers of a connection without what every connection has of its own. */
function anonymous(headers: string): string {
  const { host: _host, "sec-websocket-key": _key, ...rest } = JSON.parse(headers) as Record<string, string>;
  return JSON.stringify(rest);
}
