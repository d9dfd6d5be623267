import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ClientState,
  type MlsContext,
  type MlsMessage,
  mlsMessageDecoder,
  processPrivateMessage,
  unsafeTestingAuthenticationService,
} from "ts-mls";
import { testDevice } from "../../../test/support/session-world.ts";
import { concatBytes, u16, u32, utf8Encode } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { ed25519 } from "../../crypto/signing.ts";
import { makeCommit, takeCommit } from "./commit.ts";
import { certifyDevice, isCertified, encodeCredential, type OwnDevice } from "./device.ts";
import { encodeFarewells, sayFarewell } from "./farewell.ts";
import {
  createGroup,
  createKeyPackage,
  epochIdOf,
  exportKey,
  infoOf,
  join,
  makeStep,
  membersOf,
  type MlsState,
  open,
  ownLeafOf,
  seal,
} from "./mls.ts";
import { mlsSuite } from "./mls-suite.ts";

const GROUP = new Uint8Array(16).fill(7);
const people = ["ada", "bob", "cyd"].map((person) => testDevice(person, "1"));
const nobody = new Uint8Array(0);

/** The states of ada (admin), bob and cyd in one epoch. */
async function meet(): Promise<[MlsState, MlsState, MlsState]> {
  const [ada, bob, cyd] = people as [OwnDevice, OwnDevice, OwnDevice];
  const own = await createKeyPackage(ada, Date.now());
  const info = { kind: "group", name: "friends", admins: [ada.account] } as const;
  const packages = await Promise.all([bob, cyd].map((device) => createKeyPackage(device, Date.now())));
  const made = await makeCommit(await createGroup(GROUP, own, info), { add: packages.map((item) => item.keyPackage) });
  const [bobs, cyds] = await Promise.all(packages.map((item) => join(made.welcome ?? nobody, item)));
  if (!bobs || !cyds) throw new Error("nobody joined");
  return [made.state, bobs, cyds];
}

/** What a removed member with a client of his own making learns from the steps that he sees. */
async function readOn(removed: MlsState, commit: Uint8Array): Promise<ClientState[]> {
  const context: MlsContext = { cipherSuite: mlsSuite, authService: unsafeTestingAuthenticationService };
  const states: ClientState[] = [removed];
  for (let offset = 4; offset < commit.length; ) {
    const length = new DataView(commit.buffer, commit.byteOffset).getUint32(offset);
    const [message] = mlsMessageDecoder(commit.subarray(offset + 4, offset + 4 + length), 0) as [MlsMessage, number];
    offset += 4 + length;
    if (!("privateMessage" in message)) continue;
    const { privateMessage } = message;
    for (const state of states.slice()) {
      await processPrivateMessage({ context, state, privateMessage }).then(
        (result) => states.push(result.newState),
        () => {},
      );
    }
  }
  return states;
}

test("the attack: a removed member who goes on by himself reads what follows a bare removal, and nothing of ours", async () => {
  const [ada, bob] = await meet();
  const [, second] = people as [OwnDevice, OwnDevice, OwnDevice];
  const leaf = membersOf(ada).find(({ device }) => device === second.device)?.leaf ?? -1;
  const bare = await makeStep(ada, { kind: "remove", leaves: [leaf] }, nobody);
  const wrapped = concatBytes(Uint8Array.of(0xc0, 1, 0, 1), u32(bare.message.length), bare.message);
  const leaked = (await seal(bare.state, utf8Encode("still here?"))).message;
  const control = await Promise.allSettled(
    (await readOn(bob, wrapped)).map((state) => open(state as MlsState, leaked)),
  );
  assert.ok(
    control.some(({ status }) => status === "fulfilled"),
    "the control: without a renewal he reads on",
  );

  const ours = await makeCommit(ada, { remove: [second] });
  const sealed = (await seal(ours.state, utf8Encode("without him"))).message;
  const tries = await Promise.allSettled(
    (await readOn(bob, ours.message)).map((state) => open(state as MlsState, sealed)),
  );
  assert.ok(tries.length > 1, "he got as far as he could");
  assert.ok(tries.every(({ status }) => status === "rejected"));
});

test("a removal that no renewal follows is refused", async () => {
  const [ada, bob] = await meet();
  const bare = await makeStep(ada, { kind: "remove", leaves: [2] }, concatBytes(new Uint8Array(16), u16(0), u16(1)));
  const wrapped = concatBytes(Uint8Array.of(0xc0, 1, 0, 1), u32(bare.message.length), bare.message);
  await assert.rejects(takeCommit(bob, wrapped), CryptoError);
});

test("everything at once: removal, name and a new member; all others follow", async () => {
  const [ada, bob, cyd] = await meet();
  const dan = testDevice("dan", "1");
  const parcel = await createKeyPackage(dan, Date.now());
  const info = { ...infoOf(ada), name: "old friends" };
  const made = await makeCommit(ada, { remove: [people[2] as OwnDevice], info, add: [parcel.keyPackage] });
  const bobs = await takeCommit(bob, made.message);
  const dans = await join(made.welcome ?? nobody, parcel);
  assert.ok(bobs?.state);
  assert.equal(infoOf(bobs.state).name, "old friends");
  assert.deepEqual(new Set([made.state, bobs.state, dans].map(epochIdOf)).size, 1);
  assert.deepEqual(await exportKey(dans, "test/v1"), await exportKey(bobs.state, "test/v1"));
  assert.equal((await takeCommit(cyd, made.message))?.state, null, "cyd learns that it is over");
});

test("who may do what", async () => {
  const [ada, bob, cyd] = await meet();
  const [first, second, third] = people as [OwnDevice, OwnDevice, OwnDevice];
  const stranger = (await createKeyPackage(testDevice("dan", "1"), Date.now())).keyPackage;
  const sibling = (await createKeyPackage(testDevice("bob", "2"), Date.now())).keyPackage;
  const refused = [
    { remove: [third] },
    { remove: [first] },
    { add: [stranger] },
    { info: { ...infoOf(bob), admins: [second.account] } },
  ];
  for (const changes of refused) assert.equal(await takeCommit(ada, (await makeCommit(bob, changes)).message), null);
  assert.ok(await takeCommit(ada, (await makeCommit(bob, { add: [sibling] })).message), "a device of one's own");
  const farewell = sayFarewell(Buffer.from(GROUP).toString("hex"), third, ownLeafOf(cyd));
  const leaving = { remove: [third], farewells: encodeFarewells([farewell]) };
  assert.ok(await takeCommit(ada, (await makeCommit(bob, leaving)).message), "who said farewell");
  const forged = { ...farewell, signature: ed25519.sign(utf8Encode("something else"), third.signature.secretKey) };
  const unproven = { remove: [third], farewells: encodeFarewells([forged]) };
  assert.equal(await takeCommit(ada, (await makeCommit(bob, unproven)).message), null);
});

test("the attack: a device that the account did not certify gets no leaf", async () => {
  const [first, second] = people as [OwnDevice, OwnDevice];
  const mallory = { ...testDevice("mallory", "1"), account: first.account };
  assert.equal(isCertified(encodeCredential(mallory), mallory.signature.publicKey), false);
  const [ada] = await meet();
  const forged = (await createKeyPackage(mallory, Date.now())).keyPackage;
  await assert.rejects(makeCommit(ada, { add: [forged] }), CryptoError);
  const swapped = { ...second, certificate: certifyDevice(new Uint8Array(32).fill(1), second.device, nobody) };
  assert.equal(isCertified(encodeCredential(swapped), second.signature.publicKey), false);
});

test("malformed commits are refused", async () => {
  const [ada, bob] = await meet();
  const { message } = await makeCommit(ada, {});
  const broken = [
    nobody,
    message.subarray(0, -1),
    concatBytes(message, Uint8Array.of(0)),
    concatBytes(Uint8Array.of(0xc0, 2), message.subarray(2)),
    concatBytes(Uint8Array.of(0xc0, 1, 0, 0), message.subarray(4)),
    concatBytes(Uint8Array.of(0xc0, 1, 0, 5), message.subarray(4)),
    concatBytes(message.subarray(0, 4), u32(0xffffffff), message.subarray(8)),
    message.map((byte, i) => (i === message.length - 20 ? byte ^ 1 : byte)),
  ];
  for (const bytes of broken) await assert.rejects(takeCommit(bob, bytes), CryptoError);
  assert.ok(await takeCommit(bob, message), "the control");
});
