/**
 * What a member with a client of his own making can do with the commits of others. All members know the keys that
 * MLS messages are encrypted with, so each of them can pass on a signed step in another wrapping, or without those
 * that came after it. The author stands in for him here: it is his bytes that count, not who sent them.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { testDevice } from "../../../test/support/session-world.ts";
import { concatBytes, fromHex, u16, u32, utf8Encode } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { makeCommit, takeCommit } from "./commit.ts";
import type { OwnDevice } from "./device.ts";
import { createKeyPackage, makeStep, membersOf } from "./mls.ts";
import { commitChanges, createSession, headOf, joinSession, receive, sealContent, type Session } from "./session.ts";

const NOW = Date.now();
const people = ["ada", "bob", "cyd", "dan"].map((person) => testDevice(person, "1")) as [
  OwnDevice,
  OwnDevice,
  OwnDevice,
  OwnDevice,
];

/** Sessions of ada (admin), bob and cyd, in one epoch. */
async function meet(): Promise<[Session, Session, Session]> {
  const [ada, bob, cyd] = people;
  const own = await createKeyPackage(ada, NOW);
  const info = { kind: "group", name: "friends", admins: [ada.account] } as const;
  const packages = [await createKeyPackage(bob, NOW), await createKeyPackage(cyd, NOW)] as const;
  const alone = await createSession(new Uint8Array(16).fill(7), ada.device, own, info, NOW);
  const made = await commitChanges(alone, { add: packages.map(({ keyPackage }) => keyPackage) }, NOW);
  const welcome = made.welcome?.bytes ?? new Uint8Array(0);
  return [
    made.session,
    await joinSession(null, bob.device, welcome, packages[0], NOW),
    await joinSession(null, cyd.device, welcome, packages[1], NOW),
  ];
}

function stepsOf(commit: Uint8Array): Uint8Array[] {
  const view = new DataView(commit.buffer, commit.byteOffset, commit.byteLength);
  const steps: Uint8Array[] = [];
  for (let at = 4; at < commit.length; at += 4 + view.getUint32(at)) {
    steps.push(commit.subarray(at + 4, at + 4 + view.getUint32(at)));
  }
  return steps;
}

function containerOf(steps: readonly Uint8Array[]): Uint8Array {
  const head = concatBytes(Uint8Array.of(0xc0, 1), u16(steps.length));
  return concatBytes(head, ...steps.flatMap((step) => [u32(step.length), step]));
}

test("the attack: a commit without its last steps is refused, because its author is in another epoch", async () => {
  const [ada, bob] = await meet();
  const [, , cyd, dan] = people;
  const state = headOf(ada).state;
  const bobs = headOf(bob).state;
  assert.ok(state && bobs);
  const { keyPackage } = await createKeyPackage(dan, NOW);
  const made = await makeCommit(state, { remove: [cyd], add: [keyPackage] });
  const steps = stepsOf(made.message);
  assert.equal(steps.length, 3);
  assert.ok(await takeCommit(bobs, made.message), "the control");
  await assert.rejects(takeCommit(bobs, containerOf(steps.slice(0, 2))), CryptoError);
});

const ID = new Uint8Array(16).fill(9);

/** Ada's commit, and the same signed steps with the first one encrypted once more. */
async function wrappedTwice(ada: Session): Promise<{ commit: Uint8Array; again: Uint8Array }> {
  const state = headOf(ada).state;
  assert.ok(state);
  const { message: commit } = await makeCommit(state, { remove: [people[2]] }, ID);
  const leaves = membersOf(state).flatMap(({ device, leaf }) => (device === people[2].device ? [leaf] : []));
  const { message } = await makeStep(state, { kind: "remove", leaves }, concatBytes(ID, u16(0), u16(2)));
  return { commit, again: containerOf([message, ...stepsOf(commit).slice(1)]) };
}

test("the attack: a commit in another wrapping does not begin its epoch anew, whose keys would be used twice", async () => {
  const [ada, bob] = await meet();
  const { commit, again } = await wrappedTwice(ada);
  const first = (await receive(bob, bob.head, commit, NOW)).session;
  const said = (await sealContent(first, utf8Encode("one"), NOW)).session;
  assert.equal(headOf(said).messages, 1);
  const after = await receive(said, bob.head, again, NOW).then(
    ({ session }) => session,
    () => said,
  );
  assert.equal(headOf(after).id, headOf(said).id);
  assert.equal(headOf(after).messages, 1, "the keys of the first message are spent");
  assert.equal(headOf(after).state, headOf(said).state);
});

test("the attack: an epoch has one rank, in whatever wrapping its commit came", async () => {
  const [ada, bob] = await meet();
  const { commit, again } = await wrappedTwice(ada);
  const one = (await receive(bob, bob.head, commit, NOW)).session;
  const other = await receive(bob, bob.head, again, NOW).then(
    ({ session }) => session,
    () => one,
  );
  assert.equal(headOf(other).id, headOf(one).id);
  assert.equal(headOf(other).rank, headOf(one).rank);
});

test("the attack: one's own commit, sent back in another wrapping, does not set one's own keys back", async () => {
  const [ada] = await meet();
  const state = headOf(ada).state;
  assert.ok(state);
  const add = [(await createKeyPackage(people[3], NOW)).keyPackage];
  const made = await commitChanges(ada, { add }, NOW);
  const signed = fromHex(headOf(made.session).commit ?? "");
  const again = (await makeCommit(state, { add }, signed)).message;
  assert.notDeepEqual(again, made.commit.message);
  const said = (await sealContent(made.session, utf8Encode("one"), NOW)).session;
  const after = await receive(said, made.commit.epoch, again, NOW).then(
    ({ session }) => session,
    () => said,
  );
  assert.equal(headOf(after).messages, 1);
  assert.equal(headOf(after).state, headOf(said).state);
});

test("the attack: no member but an admin puts somebody else's device in again, under keys that it may have lost", async () => {
  const [ada, bob, cyd] = people;
  const own = await createKeyPackage(ada, NOW);
  const packages = [await createKeyPackage(bob, NOW), await createKeyPackage(cyd, NOW)] as const;
  const info = { kind: "group", name: "friends", admins: [ada.account] } as const;
  const alone = await createSession(new Uint8Array(16).fill(7), ada.device, own, info, NOW);
  const add = packages.map(({ keyPackage }) => keyPackage);
  const { session, welcome } = await commitChanges(alone, { add }, NOW);
  const bobs = await joinSession(null, bob.device, welcome?.bytes ?? new Uint8Array(0), packages[0], NOW);
  const lockout = await commitChanges(bobs, { remove: [cyd], add: [packages[1].keyPackage] }, NOW);
  const { received } = await receive(session, bobs.head, lockout.commit.message, NOW);
  assert.equal(received.kind, "refused");
});
