/** One person's account over its whole life: made, moved, locked, lost, and brought back. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { encodeNsec, encodeNpub, publicKeyOf } from "../../src/nostr/keys.ts";
import { temporaryFolder } from "../support/cleanup.ts";
import { type NocturneProcess, runCli, startNocturne } from "../support/nocturne-process.ts";
import { meet } from "../support/acquaintance.ts";

interface Identity {
  readonly npub: string;
  readonly hex: string;
  readonly fingerprint: string;
  readonly devices: readonly { readonly id: string; readonly name: string; readonly addedAt: string }[];
}

interface Restored {
  readonly npub: string;
  readonly contacts: number;
  readonly files: number;
}

interface Recovery {
  readonly hex: string;
  readonly words: string;
}

const PASSPHRASE = "correct horse battery staple";
const SECRET_KEY = Buffer.from("7f7ff03d123792d6ac594bfa67bf6d0c0ab55b6b1fdb6249303fe861f1ccba9a", "hex");

/** stdout as JSON of a command that must succeed. */
async function ask<T>(dataDir: string, command: string, stdin = "", env: Record<string, string> = {}): Promise<T> {
  const result = await runCli<T>([...command.split(" "), "--json"], { dataDir, stdin, env });
  assert.equal(result.code, 0, `${command}: ${result.stderr}`);
  return result.json;
}

/** The exit code of a command that must fail, after a look at what it says. */
async function refusal(dataDir: string, command: string, words: RegExp, stdin = "", env = {}): Promise<number | null> {
  const { code, stderr } = await runCli(command.split(" "), { dataDir, stdin, env });
  assert.match(stderr, words, command);
  assert.doesNotMatch(stderr, /\n\s+at /);
  return code;
}

test("an identity without a node: shown, exported, imported from every form of a key", async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await ask<Identity>(dataDir, "id show");
  assert.equal(encodeNpub(first.hex), first.npub);
  assert.match(first.fingerprint, /^([A-Z2-7]{5} ){4}[A-Z2-7]{5}$/);
  assert.equal(first.devices.length, 1);
  const exported = await ask<{ ncryptsec: string }>(dataDir, "id export", "a password for it");
  const { decrypt } = await import("nostr-tools/nip49");
  assert.equal(publicKeyOf(decrypt(exported.ncryptsec, "a password for it")), first.hex);

  const npub = encodeNpub(publicKeyOf(SECRET_KEY));
  const forms = [`${encodeNsec(SECRET_KEY)}\n`, SECRET_KEY.toString("hex")];
  for (const form of forms) {
    assert.equal((await ask<Identity>(temporaryFolder(t), "id import", form)).npub, npub);
  }
  const moved = temporaryFolder(t);
  const before = await ask<Identity>(moved, "id show");
  assert.equal(await refusal(moved, "id import", /wrong/, `${exported.ncryptsec}\nnot its password`), 1);
  assert.equal(await refusal(moved, "id import", /password/, exported.ncryptsec), 1);
  assert.equal(await refusal(moved, "id import", /not a secret key/, "nsec1oops"), 1);
  assert.equal((await ask<Identity>(moved, "id show")).npub, before.npub, "a refused key changes nothing");
  const imported = await ask<Identity>(moved, "id import", `${exported.ncryptsec}\na password for it\n`);
  assert.equal(imported.npub, first.npub);
  assert.equal((await ask<Identity>(moved, "id show")).npub, first.npub);
});

test("an identity in a running node: the same commands, and the node follows", async (t) => {
  const node = await startNocturne(t);
  assert.equal((await ask<Identity>(node.dataDir, "id show")).npub, node.npub);
  const npub = encodeNpub(publicKeyOf(SECRET_KEY));
  assert.equal((await ask<Identity>(node.dataDir, "id import", encodeNsec(SECRET_KEY))).npub, npub);
  assert.equal((await ask<{ npub: string }>(node.dataDir, "status")).npub, npub);
});

test("lock and unlock: the passphrase alone opens, with a node and without", async (t) => {
  const node = await startNocturne(t);
  assert.equal(await refusal(node.dataDir, "lock", /[Ss]et a passphrase/), 1);
  assert.equal(await refusal(node.dataDir, "passphrase", /at least/, "short"), 1);
  await ask(node.dataDir, "passphrase", PASSPHRASE);
  assert.equal(await refusal(node.dataDir, "passphrase", /already has/, "another passphrase"), 2);
  assert.equal(await refusal(node.dataDir, "passphrase", /wrong/, "not this one\nanother passphrase"), 1);
  await ask(node.dataDir, "lock");
  for (const command of ["id show", "inbox", "contact list", "files ls", "recovery show", "invite"]) {
    assert.equal(await refusal(node.dataDir, command, /locked/), 4, command);
  }
  const status = await ask<{ running: boolean; locked: boolean; npub?: string }>(node.dataDir, "status");
  assert.deepEqual([status.running, status.locked, status.npub], [true, true, undefined]);
  await ask(node.dataDir, "unlock", PASSPHRASE);
  assert.equal((await ask<Identity>(node.dataDir, "id show")).npub, node.npub);

  await ask(node.dataDir, "stop");
  assert.equal(await refusal(node.dataDir, "id show", /NOCTURNE_SECRET/), 4);
  const env = { NOCTURNE_SECRET: PASSPHRASE };
  assert.equal((await ask<Identity>(node.dataDir, "id show", "", env)).npub, node.npub);
});

test("NOCTURNE_SECRET protects the first start and opens later ones; a wrong one opens nothing", async (t) => {
  const env = { NOCTURNE_SECRET: PASSPHRASE };
  const node = await startNocturne(t, { env });
  const { dataDir, ports } = node;
  assert.equal((await ask<{ protection: string }>(dataDir, "status")).protection, "passphrase");
  assert.ok(!existsSync(join(dataDir, "vault.key")));
  assert.equal(await node.end(), 0);
  const again = await startNocturne(t, { dataDir, ports, env });
  assert.equal(again.npub, node.npub);
  assert.equal(await again.end(), 0);

  const locked = await startNocturne(t, { dataDir, ports });
  assert.equal(locked.npub, null, "without the secret it starts locked");
  await ask(dataDir, "unlock", PASSPHRASE);
  assert.equal((await ask<Identity>(dataDir, "id show")).npub, node.npub);
  assert.equal(await locked.end(), 0);
  const wrong = { NOCTURNE_SECRET: "incorrect horse battery" };
  assert.equal(await refusal(dataDir, "start --no-open --port 0 --relay-port 0", /wrong/, "", wrong), 1);
  assert.equal(await refusal(dataDir, "id show", /wrong/, "", wrong), 1);
});

test("backup, wipe, restore: words, hex and passphrase each bring everything back", async (t) => {
  const alice = await startNocturne(t);
  const bob = await startNocturne(t);
  const folder = temporaryFolder(t);
  await meet(alice, bob);
  const sent = await bob.run(["send", "alice", "keep this", "--wait", "delivered", "--timeout", "60"]);
  assert.equal(sent.code, 0, sent.stderr);
  const path = join(folder, "deed.txt");
  writeFileSync(path, "signed and sealed ".repeat(10_000));
  const file = await ask<{ id: string }>(alice.dataDir, `files put ${path}`);
  await ask(alice.dataDir, "passphrase", PASSPHRASE);
  const { hex, words } = await ask<Recovery>(alice.dataDir, "recovery show");
  const archive = join(folder, "backup.noct");
  const written = await ask<{ bytes: number }>(alice.dataDir, `backup ${archive}`);
  assert.equal(written.bytes, readFileSync(archive).length);
  assert.ok(!readFileSync(archive).includes("signed and sealed"));

  assert.equal(await refusal(alice.dataDir, "wipe", /--yes/), 2);
  await ask(alice.dataDir, "wipe --yes");
  assert.deepEqual(readdirSync(alice.dataDir), []);
  assert.equal(await alice.exited, 0, "the node ends with its vault");

  const expected: Restored = { npub: alice.npub, contacts: 1, files: 1 };
  assert.equal(await refusal(alice.dataDir, `restore ${archive}`, /wrong/, "not the passphrase"), 1);
  assert.deepEqual(readdirSync(alice.dataDir), [], "a wrong passphrase leaves nothing");
  assert.deepEqual(await ask<Restored>(alice.dataDir, `restore ${archive}`, words), expected);
  assert.equal(await refusal(alice.dataDir, `restore ${archive}`, /not empty/, hex), 1);
  assert.deepEqual(await ask<Restored>(temporaryFolder(t), `restore ${archive}`, hex), expected);
  const byPassphrase = temporaryFolder(t);
  assert.deepEqual(await ask<Restored>(byPassphrase, `restore ${archive}`, PASSPHRASE), expected);
  assert.equal(await refusal(byPassphrase, "id show", /locked/), 4, "it is protected as before");

  const back = await startNocturne(t, { dataDir: alice.dataDir, ports: alice.ports });
  await assertAllBack(back, file.id, path);
  const reply = await back.run(["send", "bob", "I am back", "--wait", "delivered", "--timeout", "60"]);
  assert.equal(reply.code, 0, reply.stderr);
});

/** Another last word, which differs in its checksum alone: words in another order pass for a key once in 256 times. */
function otherChecksum(lastWord: string): string {
  return wordlist[wordlist.indexOf(lastWord) ^ 1] as string;
}

async function assertAllBack(alice: NocturneProcess, file: string, path: string): Promise<void> {
  const contacts = await ask<{ name: string; state: string }[]>(alice.dataDir, "contact list");
  assert.deepEqual(
    contacts.map(({ name, state }) => [name, state]),
    [["bob", "accepted"]],
  );
  assert.equal((await ask<{ text: string }>(alice.dataDir, "inbox")).text, "keep this");
  const output = `${path}.back`;
  await ask(alice.dataDir, `files get ${file} -o ${output}`);
  assert.ok(readFileSync(output).equals(readFileSync(path)));
}

test("a backup that was cut or altered is refused, and nothing is left of it", async (t) => {
  const dataDir = temporaryFolder(t);
  const folder = temporaryFolder(t);
  const { hex } = await ask<Recovery>(dataDir, "recovery show");
  const archive = join(folder, "backup.noct");
  await ask(dataDir, `backup ${archive}`);
  const bytes = readFileSync(archive);
  const altered = Buffer.from(bytes);
  altered.writeUInt8(altered.readUInt8(10_000) ^ 1, 10_000);
  // Each way of cutting and altering is tried on the archive itself, beside its code.
  for (const broken of [bytes.subarray(0, -100), altered, Buffer.from("no backup")]) {
    writeFileSync(archive, broken);
    const empty = temporaryFolder(t);
    assert.equal(await refusal(empty, `restore ${archive}`, /altered|not a usable/, hex), 1);
    assert.deepEqual(readdirSync(empty), []);
  }
});

test("the recovery key alone makes the same person on an empty machine", async (t) => {
  const lost = temporaryFolder(t);
  const { npub } = await ask<Identity>(lost, "id show");
  const { hex, words } = await ask<Recovery>(lost, "recovery show");
  let dataDir = "";
  for (const key of [hex, words, words.toUpperCase().replaceAll(" ", "\n")]) {
    dataDir = join(temporaryFolder(t), "new");
    assert.deepEqual(await ask<Restored>(dataDir, "recovery restore", key), { npub, contacts: 0, files: 0 });
    assert.equal((await ask<Recovery>(dataDir, "recovery show")).words, words);
  }
  assert.equal((await ask<Identity>(dataDir, "id show")).npub, npub);
  const never = join(temporaryFolder(t), "never");
  for (const wrong of [
    words.replace(/^\w+/, "nocturne"),
    words.replace(/\w+$/, otherChecksum),
    hex.slice(2),
    "hello",
  ]) {
    assert.equal(await refusal(never, "recovery restore", /not a recovery key/, wrong), 1);
  }
  assert.ok(!existsSync(never), "a wrong key makes nothing");
});

test("a forgotten passphrase: the recovery key opens, with a node and without, and another key does not", async (t) => {
  const env = { NOCTURNE_SECRET: PASSPHRASE };
  const node = await startNocturne(t, { env });
  const { dataDir, npub } = node;
  const { hex, words } = await ask<Recovery>(dataDir, "recovery show");
  const other = "00".repeat(32);
  await ask(dataDir, "lock");
  assert.equal(await refusal(dataDir, "recovery restore", /wrong/, other), 1);
  assert.equal(await refusal(dataDir, "id show", /locked/), 4);
  assert.equal((await ask<Restored>(dataDir, "recovery restore", words)).npub, npub);
  assert.equal((await ask<Identity>(dataDir, "id show")).npub, npub);
  assert.equal(await refusal(dataDir, "recovery restore", /another vault/, other), 1);
  await ask(dataDir, "passphrase", "a new passphrase");
  await ask(dataDir, "stop");

  assert.equal(await refusal(dataDir, "recovery restore", /wrong/, other), 1);
  assert.equal(await refusal(dataDir, "id show", /locked/), 4);
  assert.equal((await ask<Restored>(dataDir, "recovery restore", hex)).npub, npub);
  assert.equal((await ask<Identity>(dataDir, "id show")).npub, npub, "a key file opens it now");
});

test("a killed node leaves nothing that keeps a wipe and a restore from working", async (t) => {
  const node = await startNocturne(t);
  const archive = join(temporaryFolder(t), "backup.noct");
  const { words } = await ask<Recovery>(node.dataDir, "recovery show");
  await ask(node.dataDir, `backup ${archive}`);
  await node.end("SIGKILL");
  await ask(node.dataDir, "wipe --yes");
  assert.deepEqual(readdirSync(node.dataDir), []);
  assert.equal((await ask<Restored>(node.dataDir, `restore ${archive}`, words)).npub, node.npub);
});

test("after stop the folder is free at once: a node starts again and again", async (t) => {
  const node = await startNocturne(t);
  for (let i = 0; i < 2; i++) {
    await ask(node.dataDir, "stop");
    assert.equal((await ask<Identity>(node.dataDir, "id show")).npub, node.npub);
    await startNocturne(t, { dataDir: node.dataDir, ports: node.ports });
  }
  assert.equal(await node.exited, 0);
});
