import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { utf8Encode } from "../core/bytes.ts";
import { CodecError, CryptoError, type NocturneError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { sealWithKey } from "../crypto/key-slots.ts";
import { decodeSealedHeader } from "../crypto/sealed-header.ts";
import { listFiles, PASSPHRASE, TestBox } from "./testing.ts";
import { encodeVaultFile, parseVaultFile } from "./vault-file.ts";

function isCorrupt(error: unknown): boolean {
  return error instanceof CodecError && error.code === "vault_corrupt" && (error.hint ?? "").includes("restore");
}

function readFiles(box: TestBox): Map<string, string> {
  return new Map(listFiles(box.dataDir).map((path) => [path, readFileSync(path).toString("base64")]));
}

/** The vault must be called corrupt, and what is there must stay as it is. */
async function assertCorrupt(box: TestBox, secret?: string): Promise<void> {
  const before = readFiles(box);
  await assert.rejects(box.open(secret === undefined ? {} : { secret }), isCorrupt);
  assert.deepEqual(readFiles(box), before);
}

async function makeClosedVault(box: TestBox, secret?: string): Promise<Uint8Array> {
  const vault = await box.open(secret === undefined ? {} : { secret });
  const recoveryKey = vault.recoveryKey();
  vault.close();
  return recoveryKey;
}

test("each missing file of three is noticed, and nothing is made in its place", async () => {
  for (const name of ["vault.json", "vault.key", "vault.db"]) {
    using box = new TestBox();
    await makeClosedVault(box);
    rmSync(box.path(name));
    await assertCorrupt(box);
    assert.equal(existsSync(box.path(name)), false, name);
  }
});

test("only a key file left is no first start", async () => {
  using box = new TestBox();
  await makeClosedVault(box);
  for (const name of ["vault.json", "vault.db"]) rmSync(box.path(name));
  await assertCorrupt(box);
});

test("an emptied, cut or overwritten file is noticed", async () => {
  for (const name of ["vault.json", "vault.key", "vault.db"]) {
    using box = new TestBox();
    await makeClosedVault(box);
    const whole = readFileSync(box.path(name));
    const damages = [
      whole.subarray(0, 0),
      whole.subarray(0, Math.floor(whole.length / 2)),
      Buffer.from(randomBytes(whole.length)),
    ];
    for (const bytes of damages) {
      writeFileSync(box.path(name), bytes);
      await assertCorrupt(box);
    }
    writeFileSync(box.path(name), whole);
    await box.open();
  }
});

test("a database of another vault is noticed", async () => {
  using box = new TestBox();
  using other = new TestBox();
  await makeClosedVault(box);
  await makeClosedVault(other);
  copyFileSync(other.path("vault.db"), box.path("vault.db"));
  await assertCorrupt(box);
});

test("the key file of another vault is noticed", async () => {
  using box = new TestBox();
  using other = new TestBox();
  await makeClosedVault(box);
  await makeClosedVault(other);
  copyFileSync(other.path("vault.key"), box.path("vault.key"));
  await assertCorrupt(box);
});

test("a slot that someone without the vault key swapped is noticed, even if it opens", async () => {
  using box = new TestBox();
  const recoveryKey = await makeClosedVault(box, PASSPHRASE);
  const { header } = JSON.parse(readFileSync(box.path("vault.json"), "utf8"));
  const { slots } = decodeSealedHeader(Buffer.from(header, "base64url"));
  // The password slot stays; the recovery slot becomes one that its owner can no longer open.
  const [password] = slots;
  assert.equal(password?.type, "password");
  const strangerKey = randomBytes(32);
  const forged = [password, sealWithKey("recovery", strangerKey, randomBytes(32))] as typeof slots;
  writeFileSync(box.path("vault.json"), encodeVaultFile(forged, strangerKey));
  await assertCorrupt(box, PASSPHRASE);
  await assert.rejects(box.open({ recoveryKey }), CryptoError);
});

test("no changed byte of vault.json opens", async () => {
  using box = new TestBox();
  await makeClosedVault(box);
  const whole = readFileSync(box.path("vault.json"));
  for (let i = 0; i < whole.length - 1; i += 3) {
    const changed = Buffer.from(whole);
    changed[i] = (changed[i] as number) ^ 1;
    writeFileSync(box.path("vault.json"), changed);
    await assert.rejects(box.open(), isCorrupt, `byte ${i}`);
  }
});

test("the recovery key opens a vault that lost its key file, and makes it a new one", async () => {
  for (const damage of [(path: string) => rmSync(path), (path: string) => truncateSync(path, 5)]) {
    using box = new TestBox();
    const recoveryKey = await makeClosedVault(box);
    damage(box.path("vault.key"));
    const vault = await box.open({ recoveryKey });
    const { publicKey } = vault.identity();
    vault.close();
    assert.equal((await box.open()).identity().publicKey, publicKey);
  }
});

test("a key file that works is not replaced by a recovery", async () => {
  using box = new TestBox();
  const recoveryKey = await makeClosedVault(box);
  const before = readFileSync(box.path("vault.key"));
  (await box.open({ recoveryKey })).close();
  assert.deepEqual(readFileSync(box.path("vault.key")), before);
});

test("any bytes as vault.json are refused in the same words", () => {
  const refuse = (bytes: Uint8Array): void => assert.throws(() => parseVaultFile(bytes), isCorrupt);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), refuse));
  fc.assert(fc.property(fc.json(), (text) => refuse(utf8Encode(text))));
  const header = fc.base64String({ maxLength: 400 });
  const shaped = header.map((text) => JSON.stringify({ format: "nocturne-vault", header: text }));
  fc.assert(fc.property(shaped, (text) => refuse(utf8Encode(text))));
  refuse(new Uint8Array(1_000_000).fill(0x20));
});

test("any slots come back from vault.json as they went in", () => {
  const wrapped = fc.uint8Array({ minLength: 60, maxLength: 60 });
  const secretSlot = fc.record({ type: fc.constantFrom("key-file", "link"), wrapped }, { noNullPrototype: true });
  const recovery = fc.record({ type: fc.constant("recovery"), wrapped }, { noNullPrototype: true });
  const slotLists = fc
    .tuple(recovery, fc.array(secretSlot, { maxLength: 18 }))
    .map(([first, rest]) => [first, ...rest]);
  const key = randomBytes(32);
  const roundTrip = fc.property(slotLists, (slots) => {
    const decoded = parseVaultFile(encodeVaultFile(slots, key));
    assert.deepEqual(plainSlots(decoded.slots), plainSlots(slots));
  });
  fc.assert(roundTrip, { numRuns: 50 });
});

function plainSlots(slots: readonly { type: string; wrapped?: Uint8Array }[]): unknown {
  return slots.map(({ type, wrapped }) => ({ type, wrapped: wrapped && Buffer.from(wrapped).toString("hex") }));
}

test("an error says what to do and repeats nothing of the file", async () => {
  using box = new TestBox();
  await makeClosedVault(box);
  writeFileSync(box.path("vault.json"), '{"format":"nocturne-vault","header":"secret-looking-text"}');
  const error = await box.open().then(
    () => assert.fail("it opened"),
    (failure: NocturneError) => failure,
  );
  assert.ok(!`${error.message}${error.hint}`.includes("secret-looking-text"));
});
