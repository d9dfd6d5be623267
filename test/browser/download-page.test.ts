/**
 * The public download page against a real node, in a real browser, as a recipient meets it: no session, a link,
 * a button. Files are compared by SHA-256; whatever is not the whole file must fail where a person sees it.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { globSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { assertAccessible } from "../support/accessibility.ts";
import {
  assertUsable,
  download,
  hears,
  LIMIT_MS,
  MIB,
  openWorld,
  press,
  sha256Of,
  untilNothingIsKept,
  visit,
  WIDTHS,
  type World,
} from "../support/link-visit.ts";
import { type NocturneProcess, startNocturne, temporaryFolder } from "../support/nocturne-process.ts";
import { openWayIn } from "../support/way-in.ts";
import { buildPages } from "../support/web-app.ts";

const SCRIPT_BYTES = 30 * 1024;
const PASSWORD = "correct horse, battery";

before(buildPages);

test("the whole page is at most 30 KiB of compressed script, and none of it is inline", () => {
  const scripts = globSync("dist/web/download/**/*.js");
  assert.equal(scripts.length, 3, "the page, its engine and its service worker");
  const bytes = scripts.reduce((sum, path) => sum + gzipSync(readFileSync(path), { level: 9 }).length, 0);
  assert.ok(bytes <= SCRIPT_BYTES, `${bytes} bytes`);
  assert.doesNotMatch(
    readFileSync("dist/web/download/index.html", "utf8"),
    /<style|<script(?![^>]* src=)| on\w+=| style=/,
  );
});

interface SharedFile {
  readonly url: string;
  readonly slug: string;
  readonly sha256: string;
}

interface Sharing {
  readonly bytes: number;
  readonly link: readonly string[];
  readonly cipher?: string;
  readonly password?: string;
}

/** A file of random bytes in the node, and a link to it. */
async function share(t: TestContext, node: NocturneProcess, sharing: Sharing): Promise<SharedFile> {
  const content = randomBytes(sharing.bytes);
  const path = join(temporaryFolder(t), "Ferienfotos (1).bin");
  writeFileSync(path, content);
  const cipher = sharing.cipher ?? "aes-256-gcm";
  const put = await node.run<{ id: string }>(["files", "put", path, "--json", "--cipher", cipher]);
  assert.equal(put.code, 0, put.stderr);
  const stdin = sharing.password === undefined ? [] : ["--password-stdin"];
  const link = await node.run<{ url: string; slug: string }>(
    ["files", "link", put.json.id, "--json", ...sharing.link, ...stdin],
    sharing.password === undefined ? {} : { stdin: sharing.password },
  );
  assert.equal(link.code, 0, link.stderr);
  return { ...link.json, sha256: createHash("sha256").update(content).digest("hex") };
}

test("a persistent link brings the same 64 MiB twice, and keeps its secret to itself", {
  timeout: LIMIT_MS,
}, async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const file = await share(t, world.node, { bytes: 64 * MIB, link: ["--mode", "persistent"] });
  const secret = new URL(file.url).hash.slice(1);
  for (let i = 0; i < 2; i++) {
    const page = await visit(world, file.url);
    const sent: string[] = [];
    page.context().on("request", (request) => {
      sent.push(request.url(), JSON.stringify(request.headers()), request.postData() ?? "");
    });
    const finished = await download(page);
    assert.equal(finished.suggestedFilename(), "Ferienfotos (1).bin");
    assert.equal(await sha256Of(finished), file.sha256);
    await hears(page, "Your file is saved");
    assert.ok(sent.some((text) => text.includes(`/s/${file.slug}/content`)));
    assert.ok(!sent.some((text) => text.includes(secret)), "the secret was sent");
    const kept = await page.evaluate(
      "JSON.stringify([location.href, localStorage, history.state, document.cookie, document.title, performance.getEntriesByType('resource')])",
    );
    assert.ok(!String(kept).includes(secret), "the secret is in the address, the history or in storage that stays");
    assert.equal(page.url(), file.url.split("#")[0]);
    await page.reload();
    await hears(page, "A file for you");
    assert.equal(await sha256Of(await download(page)), file.sha256, "after a reload");
  }
  assert.ok(!world.node.log().includes(secret));
  assert.deepEqual(world.complaints, []);
});

test("the experimental cipher, an empty file, and one that ends with its chunk", { timeout: LIMIT_MS }, async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const kinds = [
    { bytes: 3 * MIB + 1, cipher: "noctis-256" },
    { bytes: 0, cipher: "noctis-256" },
    { bytes: 0, cipher: "aes-256-gcm" },
    { bytes: 16_384 * 64, cipher: "aes-256-gcm" },
  ];
  for (const kind of kinds) {
    const file = await share(t, world.node, { ...kind, link: [] });
    assert.equal(await sha256Of(await download(await visit(world, file.url))), file.sha256, JSON.stringify(kind));
  }
  assert.deepEqual(world.complaints, []);
});

test("a one-time link with a password: a wrong one uses nothing up, a second visit finds it used", {
  timeout: LIMIT_MS,
}, async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const file = await share(t, world.node, { bytes: MIB, link: ["--mode", "one-time"], password: PASSWORD });
  const page = await visit(world, file.url);
  const password = page.getByLabel("Password", { exact: true });
  await password.fill("incorrect");
  await press(page, "Download");
  await page.getByRole("alert").waitFor();
  await assertAccessible(page, "a wrong password");
  await page.getByLabel("Show what I type").check();
  await password.fill(PASSWORD);
  assert.equal(await sha256Of(await download(page)), file.sha256);
  await hears(page, "Your file is saved");
  await untilNothingIsKept(page);
  await page.reload();
  await hears(page, "This link was already used");
  await hears(await visit(world, file.url), "This link was already used");
});

test("a link with a wrong letter behind the # says so, and takes no use", { timeout: LIMIT_MS }, async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const file = await share(t, world.node, { bytes: 1_000, link: ["--mode", "one-time"] });
  await hears(await visit(world, file.url.slice(0, -3)), "This link is not complete");
  const altered = await visit(world, `${file.url.split("#")[0] as string}#AAAAAAAAAAAAAAAAAAAAAA`);
  await press(altered, "Download");
  await hears(altered, "This link does not fit the file");
  assert.equal(await sha256Of(await download(await visit(world, file.url))), file.sha256);
});

test("a file that was cut or changed on the node's disk fails visibly, in both ciphers", {
  timeout: LIMIT_MS,
}, async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  for (const cipher of ["aes-256-gcm", "noctis-256"]) {
    const cut = await share(t, world.node, { bytes: 3 * MIB, link: [], cipher });
    const blob = newestBlob(world.node);
    truncateSync(blob, readFileSync(blob).length - 1_000_000);
    await assertFails(world, cut);
    const changed = await share(t, world.node, { bytes: 3 * MIB, link: [], cipher });
    flipByte(newestBlob(world.node), 2 * MIB);
    await assertFails(world, changed);
  }
});

async function assertFails(world: World, file: SharedFile): Promise<void> {
  const page = await visit(world, file.url);
  const broken = await download(page);
  assert.notEqual(await broken.failure(), null, "a damaged file looked complete");
  await hears(page, "The file is damaged");
}

function newestBlob(node: NocturneProcess): string {
  const blobs = globSync(join(node.dataDir, "blobs/*"));
  assert.ok(blobs.length > 0);
  return blobs.reduce((newest, path) => (statSync(path).mtimeMs > statSync(newest).mtimeMs ? path : newest));
}

function flipByte(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] as number) ^ 1;
  writeFileSync(path, bytes);
}

test("a one-time download goes on where it broke when the node is killed, and after a reload of the page", {
  timeout: LIMIT_MS,
}, async (t) => {
  const world = await openWorld(t, { alone: true });
  if (!world) return;
  const file = await share(t, world.node, { bytes: 256 * MIB, link: ["--mode", "one-time"] });
  const page = await visit(world, file.url);
  page.on("dialog", (dialog) => void dialog.accept());
  const first = await download(page);
  await page.reload();
  assert.notEqual(await first.failure(), null, "a download without its page looked complete");
  const second = await download(page);
  await world.node.end("SIGKILL");
  await startNocturne(t, { dataDir: world.node.dataDir, ports: world.node.ports });
  assert.equal(await sha256Of(second), file.sha256);
  await hears(page, "Your file is saved");
});

test("every view is accessible and handy on a telephone and on a desk", { timeout: LIMIT_MS }, async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const file = await share(t, world.node, { bytes: 256 * MIB, link: [], password: PASSWORD });
  for (const width of WIDTHS) {
    const page = await visit(world, file.url, width);
    await hears(page, "A file for you");
    await assertUsable(page, "the door");
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await download(page);
    await hears(page, "Saving your file");
    await assertUsable(page, "saving");
    await press(page, "Stop");
    await hears(page, "The download was stopped");
    await assertUsable(page, "stopped");
    await page.context().close();
  }
  assert.deepEqual(world.complaints, []);
});

test("without a service worker small files still arrive", { timeout: LIMIT_MS }, async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const file = await share(t, world.node, { bytes: MIB, link: [] });
  const context = await world.browser.newContext();
  await context.route("**/s/sw.js", (route) => route.abort());
  const page = await context.newPage();
  await page.goto(file.url);
  await page.getByText("In this window your browser can save files of up to").waitFor();
  assert.equal(await sha256Of(await download(page)), file.sha256);
});

test("over plain HTTP under another name, without Web Crypto or a service worker, the file still arrives", {
  timeout: LIMIT_MS,
}, async (t) => {
  const world = await openWorld(t, { args: ["--host-resolver-rules=MAP files.test 127.0.0.1"] });
  if (!world) return;
  const { port } = await openWayIn(t, world.node.ports.app);
  for (const cipher of ["aes-256-gcm", "noctis-256"]) {
    const file = await share(t, world.node, { bytes: MIB, link: ["--mode", "one-time"], cipher });
    const { pathname, hash } = new URL(file.url);
    const page = await visit(world, `http://files.test:${port}${pathname}${hash}`);
    assert.deepEqual(await page.evaluate("[isSecureContext, 'serviceWorker' in navigator, !!crypto.subtle]"), [
      false,
      false,
      false,
    ]);
    await page.getByText("In this window your browser can save files of up to").waitFor();
    assert.equal(await sha256Of(await download(page)), file.sha256);
    await hears(page, "Your file is saved");
  }
});

test("every way in which a link can end has its own plain page, on a telephone and on a desk", {
  timeout: LIMIT_MS,
}, async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const open = { bytes: 1_000, link: [] };
  const used = await share(t, world.node, { ...open, link: ["--mode", "one-time"] });
  await download(await visit(world, used.url));
  const expired = await share(t, world.node, { ...open, link: ["--mode", "timed", "--expires", "1s"] });
  const ended = await share(t, world.node, open);
  await world.node.run(["files", "unlink", ended.slug]);
  const locked = await share(t, world.node, { ...open, password: PASSWORD });
  const unknown = `${new URL(ended.url).origin}/s/${"a".repeat(16)}#${"A".repeat(22)}`;
  const pages: readonly (readonly [name: string, url: string, heading: string])[] = [
    ["used", used.url, "This link was already used"],
    ["expired", expired.url, "This link has expired"],
    ["ended", ended.url, "The sender has ended this link"],
    ["unknown", unknown, "This link does not exist"],
    ["cut", locked.url.split("#")[0] ?? "", "This link is not complete"],
    ["wrong-password", locked.url, "A file for you"],
  ];
  await sleep(1_000);
  for (const [name, url, heading] of pages) {
    const page = await visit(world, url, WIDTHS[0]);
    await hears(page, heading);
    if (name === "wrong-password") {
      await page.getByLabel("Password", { exact: true }).fill("wrong");
      await press(page, "Download");
      await page.getByRole("alert").waitFor();
    }
    await assertAccessible(page, name);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      assert.equal(
        await page.evaluate("document.documentElement.scrollWidth <= innerWidth"),
        true,
        `${name}, ${width}`,
      );
    }
    assert.equal(await page.title(), "A file for you – Nocturne", "the title names nothing");
    await page.context().close();
  }
  assert.deepEqual(world.complaints, []);
});

test("a use that is taken while its answer is lost is not put on somebody else", { timeout: LIMIT_MS }, async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  for (const breakOff of ["before", "within"]) {
    const file = await share(t, world.node, { bytes: 1_000, link: ["--mode", "one-time"] });
    const page = await visit(world, file.url);
    await page.route("**/claim", async (route) => {
      const response = await route.fetch();
      await (breakOff === "before" ? route.abort() : route.fulfill({ response, body: '{"lease":' }));
    });
    await press(page, "Download");
    await hears(page, "No answer came");
    await assertUsable(page, "no answer");
    await press(page, "Try again");
    await hears(page, "This link was already used");
  }
});

test("a node that went away is told as such", { timeout: LIMIT_MS }, async (t) => {
  const world = await openWorld(t, { alone: true });
  if (!world) return;
  const file = await share(t, world.node, { bytes: MIB, link: [] });
  const later = await visit(world, file.url);
  await later.getByRole("button", { name: "Download" }).waitFor();
  await world.node.end("SIGKILL");
  await press(later, "Download");
  await hears(later, "The file cannot be reached");
  await assertUsable(later, "unreachable");
});
