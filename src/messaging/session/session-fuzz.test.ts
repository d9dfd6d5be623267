/**
 * Bad input for everything in sessions that reads what others wrote: random bytes, and genuine ones (from
 * `vectors/session.json`) with bytes altered, cut out, put in, exchanged, and lengths made enormous. Nothing but CryptoError
 * may come out, nothing may change, and none may take long.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { concatBytes, fromBase64Url, fromHex, u16, u32, utf8Encode } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { SESSION_LIMITS } from "../../core/limits.ts";
import { isCommit, takeCommit } from "./commit.ts";
import { isCertified, readCredential } from "./device.ts";
import { readFarewells } from "./farewell.ts";
import { decodeGroupInfo, encodeGroupInfo } from "./group-info.ts";
import {
  decodeState,
  encodeState,
  epochIdOf,
  join as joinEpoch,
  membersOf,
  open,
  readKeyPackage,
  takeStep,
} from "./mls.ts";
import { type Epoch, receive, type Session } from "./session.ts";

const file = join(import.meta.dirname, "../../../vectors/session.json");
const vectors = JSON.parse(readFileSync(file, "utf8"));
const state = decodeState(fromBase64Url(vectors.commit.state));
const commits: Uint8Array[] = vectors.commit.valid.map(({ message }: { message: string }) => fromBase64Url(message));
const messages: Uint8Array[] = vectors.message.valid.map(({ message }: { message: string }) => fromBase64Url(message));
const welcome = fromBase64Url(vectors.welcome.welcome);
const own = { keyPackage: fromBase64Url(vectors.welcome.keyPackage), secrets: fromBase64Url(vectors.welcome.secrets) };
const psk = fromHex(vectors.welcome.psk);

/** Genuine input takes some milliseconds; on a busy machine many times that. */
const SLOW_MS = 2_000;
const RUNS = { numRuns: 150 };
const noise = fc.uint8Array({ maxLength: 300 });

/** Lengths that a decoder might believe: zero, one too many, the most that two, four and eight bytes can say. */
const lengths = fc.constantFrom(
  Uint8Array.of(0),
  Uint8Array.of(0x40, 0x40),
  Uint8Array.of(0x7f, 0xff),
  Uint8Array.of(0xbf, 0xff, 0xff, 0xff),
  new Uint8Array(4).fill(0xff),
  new Uint8Array(8).fill(0xff),
);

/** A genuine input that was damaged in one to three places. */
function damaged(genuine: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const damage = fc.oneof(
    fc.record({ place: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.constant(0), put: lengths }),
    fc.record({
      place: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat({ max: 40 }),
      put: fc.uint8Array({ maxLength: 40 }),
    }),
    fc.record({ place: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.constant(Infinity), put: noise }),
  );
  const tuple = fc.tuple(fc.constantFrom(...genuine), fc.array(damage, { minLength: 1, maxLength: 3 }));
  return tuple
    .map(([bytes, damages]) =>
      damages.reduce((whole, { place, cut, put }) => {
        const at = Math.floor(place * whole.length);
        return concatBytes(whole.subarray(0, at), put, whole.subarray(Math.min(whole.length, at + cut)));
      }, bytes),
    )
    .filter((bytes) => !genuine.some((one) => Buffer.compare(one, bytes) === 0));
}

/** One byte of a genuine input, any of its bits. */
function flipped(genuine: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.constantFrom(...genuine), fc.nat(), fc.integer({ min: 1, max: 255 }))
    .map(([bytes, at, bits]) => bytes.with(at % bytes.length, (bytes[at % bytes.length] ?? 0) ^ bits));
}

function bad(genuine: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 1, arbitrary: noise },
    { weight: 4, arbitrary: damaged(genuine) },
    { weight: 4, arbitrary: flipped(genuine) },
  );
}

/** What `work` returns, or null if it threw CryptoError; everything else that it throws goes on. */
async function unlessRefused<T>(work: () => T | Promise<T>): Promise<T | null> {
  const startedMs = performance.now();
  try {
    return await work();
  } catch (error) {
    if (error instanceof CryptoError) return null;
    throw error;
  } finally {
    assert.ok(performance.now() - startedMs < SLOW_MS, "it took too long");
  }
}

test("credentials: no altered one is certified", async () => {
  const credential = fromHex(vectors.device.credential);
  const signatureKey = fromHex(vectors.device.signatureKey);
  assert.equal(isCertified(credential, signatureKey), true, "the control");
  await fc.assert(
    fc.asyncProperty(bad([credential]), bad([signatureKey]), async (forged, otherKey) => {
      assert.equal(isCertified(forged, signatureKey), false);
      assert.equal(isCertified(credential, otherKey), false);
      await unlessRefused(() => readCredential(forged));
    }),
    RUNS,
  );
});

test("group info: what is read is what was written, whatever JSON comes", async () => {
  const genuine: Uint8Array[] = vectors.groupInfo.valid.map(({ bytes }: { bytes: string }) => fromHex(bytes));
  const nearly = fc
    .record({ field: fc.constantFrom("v", "kind", "name", "admins"), value: fc.jsonValue() })
    .map(({ field, value }) =>
      utf8Encode(JSON.stringify({ v: 1, ...vectors.groupInfo.valid[0].info, [field]: value })),
    );
  const anything = fc.jsonValue().map((value) => utf8Encode(JSON.stringify(value)));
  await fc.assert(
    fc.asyncProperty(fc.oneof(bad(genuine), nearly, anything), async (bytes) => {
      const info = await unlessRefused(() => decodeGroupInfo(bytes));
      if (info) assert.deepEqual(decodeGroupInfo(encodeGroupInfo(info)), info);
    }),
    { numRuns: 500 },
  );
});

test("farewells: nobody leaves by an altered one", () => {
  const { groupId, valid } = vectors.farewells;
  const members = vectors.farewells.members.map((member: { account: string; leaf: number; signatureKey: string }) => ({
    ...member,
    device: member.account,
    signatureKey: fromHex(member.signatureKey),
  }));
  const [single] = valid.map(({ bytes }: { bytes: string }) => fromHex(bytes)) as [Uint8Array];
  assert.equal(readFarewells(single, groupId, members).length, 1, "the control");
  fc.assert(
    fc.property(bad([single]), (bytes) => {
      assert.deepEqual(readFarewells(bytes, groupId, members), []);
    }),
    RUNS,
  );
});

test("messages: no altered one opens", async () => {
  for (const message of messages) assert.ok(await unlessRefused(() => open(state, message)), "the control");
  await fc.assert(
    fc.asyncProperty(bad([...messages, ...commits]), async (message) => {
      assert.equal(await unlessRefused(() => open(state, message)), null);
      assert.equal(await unlessRefused(() => takeStep(state, message)), null);
    }),
    RUNS,
  );
});

test("commits: no altered one is taken, in whatever order the steps come", async () => {
  const before = encodeState(state);
  const steps = stepsOf(commits.at(-1) as Uint8Array);
  const shuffled = fc
    .array(fc.constantFrom(...steps, ...messages), { maxLength: 5 })
    .map((inner) =>
      concatBytes(Uint8Array.of(0xc0, 1), u16(inner.length), ...inner.flatMap((step) => [u32(step.length), step])),
    )
    .filter((made) => !isCutShort(made));
  await fc.assert(
    fc.asyncProperty(fc.oneof(bad(commits), shuffled), async (commit) => {
      isCommit(commit);
      assert.equal(await unlessRefused(() => takeCommit(state, commit)), null);
    }),
    RUNS,
  );
  assert.deepEqual(encodeState(state), before, "the state is as it was");
  for (const commit of commits) assert.ok(await takeCommit(state, commit), "the control");
});

test("welcomes, key packages and states: nobody gets in by an altered one", async () => {
  assert.ok(await unlessRefused(() => joinEpoch(welcome, own, psk)), "the control");
  await fc.assert(
    fc.asyncProperty(
      bad([welcome]),
      bad([own.keyPackage]),
      bad([encodeState(state)]),
      async (forged, keyPackage, stored) => {
        const joined = await unlessRefused(() => joinEpoch(forged, own, psk));
        // Of the welcome's head, which nobody signs, not every byte is looked at.
        if (joined) assert.equal(epochIdOf(joined), vectors.welcome.epoch);
        const name = await unlessRefused(() => readKeyPackage(keyPackage));
        if (name) assert.deepEqual(name, readKeyPackage(own.keyPackage), "its certificate still holds");
        const decoded = await unlessRefused(() => decodeState(stored));
        if (decoded) await unlessRefused(() => membersOf(decoded));
      },
    ),
    RUNS,
  );
});

test("sessions: whatever comes for an epoch, the session stays as it is", async () => {
  const id = epochIdOf(state);
  const unused = { sinceMs: 0, messages: 0, dueMs: null, leftMs: null, astray: false };
  const first: Epoch = { ...unused, id, parent: null, number: 1, rank: id, commit: null, by: null, state };
  const [me] = membersOf(state).filter(({ leaf }) => leaf === state.privatePath.leafIndex);
  const device = me?.device ?? "";
  const session: Session = { id: "00".repeat(16), device, head: id, epochs: new Map([[id, first]]), intents: [] };
  for (const genuine of [...commits, ...messages]) assert.ok(await receive(session, id, genuine, 0), "the control");
  const epochs = fc.constantFrom(id, "00".repeat(16), "", "__proto__");
  await fc.assert(
    fc.asyncProperty(bad([...commits, ...messages]), epochs, async (message, epoch) => {
      assert.equal(await unlessRefused(() => receive(session, epoch, message, 0)), null);
    }),
    RUNS,
  );
  assert.equal(session.epochs.get(id), first);
});

test("a message above the limit is not even decoded", async () => {
  const huge = concatBytes(messages[0] as Uint8Array, new Uint8Array(SESSION_LIMITS.messageBytes));
  assert.equal(await unlessRefused(() => open(state, huge)), null);
  assert.equal(await unlessRefused(() => joinEpoch(huge, own)), null);
});

/** The first steps of a genuine commit, or all: `session-attacks.test.ts` is about those. */
function isCutShort(made: Uint8Array): boolean {
  return commits.some((commit) => Buffer.compare(commit.subarray(4, made.length), made.subarray(4)) === 0);
}

function stepsOf(commit: Uint8Array): Uint8Array[] {
  const view = new DataView(commit.buffer, commit.byteOffset, commit.byteLength);
  const steps: Uint8Array[] = [];
  for (let at = 4; at < commit.length; at += 4 + view.getUint32(at)) {
    steps.push(commit.subarray(at + 4, at + 4 + view.getUint32(at)));
  }
  return steps;
}
