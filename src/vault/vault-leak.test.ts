import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex, utf8Encode } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import { recoveryKeyToWords } from "../crypto/recovery-key.ts";
import { encodeNpub, encodeNsec, publicKeyOf } from "../nostr/keys.ts";
import { PASSPHRASE, readAllFiles, TestBox } from "./testing.ts";
import type { Vault } from "./vault.ts";

interface Letter {
  readonly id: string;
  readonly contact: string;
  readonly text: string;
  readonly bytes: string;
}

const TEXT = "meet me at the old lighthouse, Zoë";

/** Every way in which bytes could lie in a file: raw, hex, and base64 at each of its three alignments. */
function formsOf(secret: Uint8Array): Buffer[] {
  const hex = toHex(secret);
  const forms = [Buffer.from(secret), Buffer.from(hex), Buffer.from(hex.toUpperCase())];
  for (const before of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(before), secret, Buffer.alloc(2)]);
    // Characters that the neighbours could change are left out at both ends.
    for (const encoding of ["base64", "base64url"] as const) {
      forms.push(Buffer.from(padded.toString(encoding).slice(4, 4 + Math.floor(secret.length / 3) * 4 - 8)));
    }
  }
  return forms;
}

function textForms(text: string): Buffer[] {
  return [Buffer.from(text), Buffer.from(text, "utf16le"), ...formsOf(utf8Encode(text))];
}

function assertNowhere(folder: string, needles: readonly Buffer[]): void {
  const files = readAllFiles(folder);
  assert.ok(files.some(({ bytes }) => bytes.length > 10_000));
  for (const { name, bytes } of files) {
    for (const [i, needle] of needles.entries()) assert.equal(bytes.indexOf(needle), -1, `form ${i} is in ${name}`);
  }
}

/** Writes a contact and letters in every way the vault offers, and returns what must not be found. */
function writeSecrets(vault: Vault): Buffer[] {
  const contact = publicKeyOf(randomBytes(32));
  const { nostrSecretKey, hybrid } = vault.identity();
  const letters = vault.table<Letter>({
    name: "letters",
    key: (row) => row.id,
    indexes: { contact: (row) => row.contact, text: (row) => row.text },
  });
  const nsec = encodeNsec(nostrSecretKey);
  for (let i = 0; i < 50; i++) {
    letters.put({ id: encodeNpub(contact) + i, contact, text: `${TEXT} ${i} ${nsec}`, bytes: toHex(nostrSecretKey) });
  }
  letters.put({ ...(letters.list()[0] as Letter), text: TEXT });
  letters.delete(letters.list()[1]?.id as string);
  vault.writeMeta("settings", { displayName: TEXT, relays: [encodeNpub(contact)], key: toHex(nostrSecretKey) });
  const recoveryKey = vault.recoveryKey();
  return [
    ...[nostrSecretKey, hybrid.secretKey, recoveryKey, fromHex(contact)].flatMap(formsOf),
    ...[nsec, encodeNpub(contact), recoveryKeyToWords(recoveryKey), TEXT, PASSPHRASE].flatMap(textForms),
  ];
}

test("the scan finds what it looks for", () => {
  const secret = randomBytes(32);
  for (const form of formsOf(secret)) assert.ok(form.length >= 30);
  const hidden = Buffer.concat([Buffer.from("x"), Buffer.from(secret)]).toString("base64");
  assert.ok(formsOf(secret).some((form) => hidden.includes(form.toString("latin1"))));
});

test("no file shows a key, a text or a contact: while open, locked and closed", async () => {
  using box = new TestBox();
  const vault = await box.open();
  const needles = writeSecrets(vault);
  const names = readAllFiles(box.dataDir).map(({ name }) => name.replace(/^.*\//, ""));
  assert.ok(names.includes("vault.db-wal"), "the write-ahead log is scanned too");
  assertNowhere(box.dataDir, needles);
  await vault.setPassphrase(PASSPHRASE);
  assertNowhere(box.dataDir, needles);
  vault.lock();
  assertNowhere(box.dataDir, needles);
  vault.close(); // moves the log into the database
  assertNowhere(box.dataDir, needles);
});

test("nor after an imported key, nor does a log line say anything", async () => {
  using box = new TestBox();
  const vault = await box.open();
  const imported = randomBytes(32);
  vault.importIdentity(imported);
  const needles = [...writeSecrets(vault), ...formsOf(imported)];
  vault.close();
  assertNowhere(box.dataDir, needles);
  assert.deepEqual(box.log.lines, []);
});
