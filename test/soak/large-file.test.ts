/**
 * One gigabyte the whole way: from a path to the vault, by a one-time link with a password into a fresh browser, byte for
 * byte, in bounded memory; and nothing of it left readable on the server. Takes a minute or two: `npm run test:soak`.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream, readdirSync } from "node:fs";
import { join } from "node:path";
import { once } from "node:events";
import { test } from "node:test";
import { fromBase64Url, toBase64Url } from "../../src/core/bytes.ts";
import { deriveLinkKeys, parseLink } from "../../src/crypto/link-key.ts";
import type { LinkClaim, LinkInfo } from "../../src/files/views.ts";
import { launchBrowser } from "../support/browser.ts";
import { type NocturneProcess, startNocturne, temporaryFolder } from "../support/nocturne-process.ts";
import { peakBytes } from "../support/peak-memory.ts";

const MIB = 1_048_576;
const FILE_BYTES = 1_024 * MIB;
const PEAK_MB = 300;
const PASSWORD = "seven walnut umbrellas";
const CLAIMS = 100;
/** Stands in the plaintext once a block; it must stand nowhere on the server. */
const MARK = Buffer.from("the-heron-flies-at-midnight");

test("1 GiB: put, one-time link with a password, opened in a fresh browser", async (t) => {
  const browser = await launchBrowser(t);
  if (!browser) return;
  const node = await startNocturne(t);
  const path = join(temporaryFolder(t), "large file.bin");
  const sha256 = await writeLarge(path);
  const put = await node.run<{ id: string; bytes: number }>(["files", "put", path, "--json"], { limitMs: 120_000 });
  assert.equal(put.code, 0, put.stderr);
  assert.equal(put.json.bytes, FILE_BYTES);

  const { url } = await makeLink(node, put.json.id);
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(url);
  await page.getByLabel("Password").first().fill(PASSWORD);
  const [download] = await Promise.all([
    page.waitForEvent("download", { timeout: 60_000 }),
    page.getByRole("button", { name: "Download" }).click(),
  ]);
  assert.equal(await sha256Of(await download.path()), sha256);
  assert.equal(download.suggestedFilename(), "large file.bin");
  assert.deepEqual(complaints, []);

  const second = await (await browser.newContext()).newPage();
  await second.goto(url);
  await second.getByText(/used/i).first().waitFor();

  const peak = peakBytes(node.pid) / 2 ** 20;
  console.log(`peak memory of the node: ${Math.round(peak)} MB`);
  assert.ok(peak < PEAK_MB, `peak memory ${peak} MB`);
  await assertNothingReadable(node, url);
});

test("100 parallel claims of a one-time link: one wins", async (t) => {
  const node = await startNocturne(t);
  const path = join(temporaryFolder(t), "small.bin");
  await writeBlock(path);
  const put = await node.run<{ id: string }>(["files", "put", path, "--json"]);
  const { url } = await makeLink(node, put.json.id);
  const { slug, secret } = parseLink(url);
  const base = `${new URL(url).origin}/s/${slug}`;
  const info = (await (await fetch(`${base}/info`)).json()) as LinkInfo;
  assert.ok(info.passwordSalt !== null && info.argon2 !== null);
  const password = { password: PASSWORD, salt: fromBase64Url(info.passwordSalt), cost: info.argon2 };
  const { proof } = await deriveLinkKeys({ slug, secret }, password);
  const claim = async () => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ proof: toBase64Url(proof) });
    const response = await fetch(`${base}/claim`, { method: "POST", headers, body });
    return response.ok ? ((await response.json()) as LinkClaim) : response.status;
  };
  const answers = await Promise.all(Array.from({ length: CLAIMS }, claim));
  assert.equal(answers.filter((answer) => typeof answer === "object").length, 1);
  assert.deepEqual(new Set(answers.filter((answer) => typeof answer === "number")), new Set([410]));
});

async function makeLink(node: NocturneProcess, id: string): Promise<{ url: string }> {
  const args = ["files", "link", id, "--mode", "one-time", "--password-stdin", "--json"];
  const link = await node.run<{ url: string }>(args, { stdin: PASSWORD });
  assert.equal(link.code, 0, link.stderr);
  return link.json;
}

/** Random blocks with a mark at each one's start; returns the SHA-256 of the whole. */
async function writeLarge(path: string): Promise<string> {
  const hash = createHash("sha256");
  const file = createWriteStream(path);
  for (let written = 0; written < FILE_BYTES; written += MIB) {
    const block = randomBytes(MIB);
    block.set(MARK);
    hash.update(block);
    if (!file.write(block)) await once(file, "drain");
  }
  file.end();
  await once(file, "close");
  return hash.digest("hex");
}

async function writeBlock(path: string): Promise<void> {
  const file = createWriteStream(path);
  file.end(randomBytes(MIB));
  await once(file, "close");
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest("hex");
}

/** Neither the plaintext's mark, nor the link's secret, nor the password stands on the server's disk or in its log. */
async function assertNothingReadable(node: NocturneProcess, url: string): Promise<void> {
  const secret = new URL(url).hash.slice(1);
  const needles = [MARK, Buffer.from(secret), Buffer.from(fromBase64Url(secret)), Buffer.from(PASSWORD)];
  const longest = Math.max(...needles.map((needle) => needle.length));
  const files = readdirSync(node.dataDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const file of files) {
    let rest = Buffer.alloc(0);
    for await (const piece of createReadStream(join(file.parentPath, file.name), { highWaterMark: 4 * MIB })) {
      const window = Buffer.concat([rest, piece as Buffer]);
      for (const needle of needles) assert.ok(!window.includes(needle), `readable in ${file.name}`);
      rest = window.subarray(-longest);
    }
  }
  for (const text of [secret, PASSWORD]) assert.ok(!node.log().includes(text));
}
