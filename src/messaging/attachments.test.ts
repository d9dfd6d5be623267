/** For whose keys a file is sealed: each device of a conversation at that time, tried by sealing a manifest for them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLinkedWorld, inSession, linkDevice } from "../../test/support/linked-world.ts";
import { createWorld, meet, type Person, until } from "../../test/support/messenger-world.ts";
import { toHex } from "../core/bytes.ts";
import { CryptoError, type NocturneError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { openManifestFor, sealRecipientManifest } from "../crypto/recipient-manifest.ts";
import type { Audience } from "./attachments.ts";
import { DeviceBook } from "./device/device-book.ts";

const MANIFEST = {
  kind: "file",
  name: "plan.pdf",
  note: "",
  bytes: 3,
  suite: "aes-256-gcm",
  fileKey: randomBytes(32),
} as const;
const WRAP_KEY = randomBytes(32);

/** Whether the device opens what is sealed for this audience. */
function opens({ recipients }: Audience, { vault }: Person): boolean {
  assert.ok(recipients);
  const sealed = openManifestFor(sealRecipientManifest(MANIFEST, recipients, WRAP_KEY, "slug"), WRAP_KEY, "slug");
  assert.ok(sealed.for === "recipients");
  try {
    return sealed.open(vault.identity()).name === MANIFEST.name;
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
}

async function send(from: Person, to: string, more = {}): Promise<Audience> {
  await from.messenger.send({ to, text: "", files: ["plan"], ...more });
  return from.audiences.at(-1) as Audience;
}

test("a file is sealed for every device of both, by X-Wing, and not for one that comes later", async (t) => {
  const { alice, laptop, bob, person } = await createLinkedWorld(t);
  const phone = await person("");
  const known = new DeviceBook(bob.vault, bob.vault.identity());
  await until(
    () => typeof known.other(laptop.vault.identity().device)?.hybridPublicKey === "string",
    "the laptop said its key",
  );
  const fromBob = await send(bob, "Alice");
  const fromLaptop = await send(laptop, "Bob");
  for (const audience of [fromBob, fromLaptop]) {
    assert.deepEqual(
      [alice, laptop, bob].map((one) => opens(audience, one)),
      [true, true, true],
    );
    assert.equal(audience.recipients?.length, 3);
    assert.ok(audience.recipients.every(({ hybridPublicKey }) => hybridPublicKey?.length === 1_216));
  }
  assert.deepEqual([fromBob.conversation, fromBob.name], [alice.npub, "Alice"]);
  await linkDevice(alice, phone, "Phone");
  await until(() => inSession(bob, phone), "Bob knows of the phone");
  assert.equal(opens(fromBob, phone), false, "sent before");
  assert.equal(opens(await send(bob, "Alice"), phone), true);
});

test("for a group it is sealed for its members; who was removed is not among them", async (t) => {
  const { person } = createWorld(t);
  const [ada, bob, cyd] = [await person("Ada"), await person("Bob"), await person("Cyd")];
  await meet(ada, bob);
  const { link } = await ada.messenger.createInvite();
  await cyd.messenger.addContact({ invite: link, name: "Ada" });
  await until(() => ada.messenger.contacts().length === 2, "Cyd's request arrives");
  ada.messenger.accept("Cyd");
  await until(() => cyd.messenger.contact("Ada").state === "accepted", "the answer arrives");
  const { id } = await ada.messenger.createGroup({ name: "Climbers", members: ["Bob", "Cyd"] });
  await until(
    () => ada.messenger.group(id).members.filter(({ state }) => state === "member").length === 3,
    "all are in",
  );
  // Bob and Cyd have never met.
  await until(() => bob.messenger.group(id).members.length === 3, "Bob sees Cyd");
  const all = await send(bob, id);
  assert.deepEqual(
    [ada, bob, cyd].map((one) => opens(all, one)),
    [true, true, true],
  );
  assert.deepEqual([all.conversation, all.name], [id, "Climbers"]);
  await ada.messenger.removeFromGroup(id, "Cyd");
  const later = await send(ada, id);
  assert.deepEqual(
    [ada, bob, cyd].map((one) => opens(later, one)),
    [true, true, false],
  );
});

test("more devices than slots, and other programs, get a link that opens by itself", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  const devices = new DeviceBook(bob.vault, bob.vault.identity());
  const account = alice.vault.identity().publicKey;
  const link = (count: number): void => {
    for (let i = 0; i < count; i++) devices.note(toHex(randomBytes(32)), account);
  };
  link(FILE_LIMITS.slots - 2);
  const most = await send(bob, "Alice");
  assert.equal(most.recipients?.length, FILE_LIMITS.slots, "both main devices are among them");
  // Of the linked ones no X-Wing key is known; some of these random keys are none at all.
  assert.equal(opens(most, alice), true);
  link(1);
  assert.equal((await send(bob, "Alice")).recipients, null);
  const stranger = await person("Stranger");
  assert.equal((await send(bob, stranger.npub, { interop: true })).recipients, null);
});

test("nothing is shared where nothing may be sent", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  bob.messenger.block("Alice");
  await assert.rejects(send(bob, "Alice"), (error: NocturneError) => error.code === "contact_blocked");
  assert.deepEqual(bob.audiences, []);
});
