/** What a thief of the disk finds: everything a person did is searched for in every file, in every encoding. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decodeNpub } from "../../src/nostr/keys.ts";
import { temporaryFolder } from "../support/cleanup.ts";
import { type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";

const SECRET_TEXT = "the-heron-flies-at-midnight";
const FILE_TEXT = "ledger of the northern office";
const FILE_NAME = "northern-ledger.txt";
const FILE_PASSWORD = "walnut-umbrella-seven";
const CONTACT_NAME = "Ottoline Quagmire";

test("the data directory holds no plaintext, no nsec and no contact's key in any encoding; files are 0600", async (t) => {
  const alice = await startNocturne(t);
  const bob = await startNocturne(t);
  const nsec = await exportSecret(alice);
  const { json: invite } = await bob.run<{ link: string }>(["invite", "--json"]);
  await alice.run(["contact", "add", invite.link, "--name", CONTACT_NAME]);
  await alice.run(["send", CONTACT_NAME, SECRET_TEXT, "--wait", "sent"]);
  const path = join(temporaryFolder(t), FILE_NAME);
  writeFileSync(path, FILE_TEXT.repeat(1000));
  const put = await alice.run<{ id: string }>(["files", "put", path, "--password-stdin", "--json"], {
    stdin: FILE_PASSWORD,
  });
  assert.equal(put.code, 0, put.stderr);
  const link = await alice.run<{ url: string }>(["files", "link", put.json.id, "--file-password-stdin", "--json"], {
    stdin: FILE_PASSWORD,
  });
  assert.equal(link.code, 0, link.stderr);
  const recovery = await alice.run<{ hex: string; words: string }>(["recovery", "show", "--json"]);

  const needles = new Map<string, Buffer>();
  for (const text of [SECRET_TEXT, FILE_TEXT, FILE_NAME, FILE_PASSWORD, CONTACT_NAME, recovery.json.words]) {
    for (const encoding of ["utf8", "utf16le"] as const)
      needles.set(`${text} as ${encoding}`, Buffer.from(text, encoding));
    needles.set(`${text} as base64`, Buffer.from(Buffer.from(text).toString("base64").slice(0, -4)));
  }
  addKey(needles, "nsec", nsec);
  addKey(needles, "recovery key", Buffer.from(recovery.json.hex, "hex"));
  addKey(needles, "contact's key", Buffer.from(decodeNpub(bob.npub), "hex"));
  needles.set("contact's npub", Buffer.from(bob.npub));
  needles.set("link secret", Buffer.from(new URL(link.json.url).hash.slice(1)));

  assertAbsent(alice.dataDir, needles);
  await alice.end("SIGTERM");
  assertAbsent(alice.dataDir, needles);
  assert.ok(!alice.log().includes(SECRET_TEXT) && !alice.log().includes(bob.npub));
});

test("the search would find what is not sealed", (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "a"), Buffer.concat([Buffer.alloc(5000), Buffer.from("secret"), Buffer.alloc(9)]), {
    mode: 0o600,
  });
  assert.throws(() => assertAbsent(folder, new Map([["x", Buffer.from("secret")]])), /x stands in/);
});

function addKey(needles: Map<string, Buffer>, name: string, key: Buffer): void {
  needles.set(`${name}, raw`, key);
  needles.set(`${name}, hex`, Buffer.from(key.toString("hex")));
  needles.set(`${name}, HEX`, Buffer.from(key.toString("hex").toUpperCase()));
  needles.set(`${name}, base64`, Buffer.from(key.toString("base64").slice(0, -4)));
  needles.set(`${name}, base64url`, Buffer.from(key.toString("base64url").slice(0, -4)));
}

/** Every file below the folder, the relay's own store aside. */
function assertAbsent(folder: string, needles: ReadonlyMap<string, Buffer>): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !join(entry.parentPath, "").includes("/relay"))
    .map((entry) => join(entry.parentPath, entry.name));
  assert.ok(files.length > 0);
  for (const file of files) {
    assert.equal(statSync(file).mode & 0o777, 0o600, file);
    const content = readFileSync(file);
    for (const [name, needle] of needles) assert.ok(!content.includes(needle), `${name} stands in ${file}`);
  }
}

/** The node's own secret key, through the encrypted export that the program offers. */
async function exportSecret(node: NocturneProcess): Promise<Buffer> {
  const exported = await node.run<{ ncryptsec: string }>(["id", "export", "--json"], { stdin: "export password" });
  assert.equal(exported.code, 0, exported.stderr);
  const { decrypt } = await import("nostr-tools/nip49");
  return Buffer.from(decrypt(exported.json.ncryptsec, "export password"));
}
