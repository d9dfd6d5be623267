import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { concatBytes, fromBase64Url, toHex, utf8Encode } from "../core/bytes.ts";
import { CryptoError, LockedError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { randomBytes } from "../core/random.ts";
import { createContentOpener, deriveLinkKeys, parseLink } from "../crypto/link-key.ts";
import { openManifest } from "../crypto/link-manifest.ts";
import { openVault, type Vault } from "../vault/vault.ts";
import { BlobStore } from "./blob-store.ts";
import { FileLibrary } from "./library.ts";
import { LinkStore } from "./link-store.ts";
import { Links } from "./links.ts";
import type { FileView, LinkView } from "./views.ts";

const HOUR = 3_600_000;

interface Room {
  readonly dataDir: string;
  readonly vault: Vault;
  readonly library: FileLibrary;
  readonly links: Links;
  readonly store: LinkStore;
  /** Everything that was logged. */
  readonly lines: string[];
  put(content: string, password?: string, name?: string): Promise<FileView>;
  wait(ms: number): void;
}

async function openRoom(t: TestContext, secret?: string): Promise<Room> {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-share-"));
  let nowMs = Date.now();
  const clock = { nowMs: () => nowMs };
  const lines: string[] = [];
  const write = (fields: Record<string, unknown>, message: string): void =>
    void lines.push(JSON.stringify(fields) + message);
  const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log };
  const vault = await openVault({ dataDir, clock, log, ...(secret === undefined ? {} : { secret }) });
  const store = new LinkStore(join(dataDir, "links.db"), clock);
  t.after(() => {
    store.close();
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const blobs = new BlobStore(join(dataDir, "blobs"));
  const library = new FileLibrary({ vault, blobs, linkStore: store, clock, log });
  const links = new Links({ vault, library, store, blobs, baseUrl: () => "https://files.example", clock, log });
  const put = (content: string, password?: string, name = "report.pdf"): Promise<FileView> =>
    library.put(
      (async function* () {
        yield utf8Encode(content);
      })(),
      { name, cipher: "noctis-256", password },
    );
  return { dataDir, vault, library, links, store, lines, put, wait: (ms) => void (nowMs += ms) };
}

/** What a browser does with a link. */
async function visit(links: Links, url: string, password?: string): Promise<{ name: string; text: string }> {
  const address = parseLink(url);
  const info = links.info(address.slug);
  const salt = fromBase64Url(info.passwordSalt ?? "");
  const stretching = info.argon2 && password !== undefined ? { password, salt, cost: info.argon2 } : null;
  const { wrapKey, proof } = await deriveLinkKeys(address, stretching);
  const claim = links.claim(address.slug, proof);
  const manifest = openManifest(fromBase64Url(claim.sealedManifest), wrapKey, address.slug);
  const { stream } = await links.content(address.slug, claim.lease, null);
  const opener = createContentOpener(manifest.suite, manifest.fileKey);
  const content = concatBytes(...(await Array.fromAsync(stream)));
  assert.equal(content.length, claim.contentBytes);
  const text = Buffer.from(concatBytes(opener.update(content), opener.finish())).toString();
  assert.equal(text.length, manifest.bytes);
  return { name: manifest.name, text };
}

test("each kind of link opens the file as often and as long as it should", async (t) => {
  const { links, put, wait } = await openRoom(t);
  const file = await put("quarterly figures");
  const persistent = await links.create(file.id, { mode: "persistent" });
  const timed = await links.create(file.id, { mode: "timed", expiresMs: 2 * HOUR });
  const twice = await links.create(file.id, { mode: "persistent", downloads: 2 });
  const once = await links.create(file.id, { mode: "one-time", expiresMs: HOUR });
  assert.match(once.url, /^https:\/\/files\.example\/s\/[a-z2-7]{16}#[A-Za-z0-9_-]{22}$/);
  assert.deepEqual([once.left, once.state, once.file], [1, "active", { id: file.id, name: "report.pdf" }]);
  const all = [persistent, timed, twice, once];
  for (const { url } of all)
    assert.deepEqual(await visit(links, url), { name: "report.pdf", text: "quarterly figures" });
  await assert.rejects(visit(links, once.url), { code: "link_used" });
  await visit(links, twice.url);
  await assert.rejects(visit(links, twice.url), { code: "link_used" });
  wait(2 * HOUR);
  await assert.rejects(visit(links, timed.url), { code: "link_expired" });
  await visit(links, persistent.url);
  assert.deepEqual(
    links.list().map(({ slug, left, state }) => ({ slug, left, state })),
    [
      { slug: once.slug, left: 0, state: "used" },
      { slug: twice.slug, left: 0, state: "used" },
      { slug: timed.slug, left: null, state: "expired" },
      { slug: persistent.slug, left: null, state: "active" },
    ],
  );
  assert.deepEqual(links.list()[3], { ...persistent, downloads: 2 });
});

test("a link's password is needed to open it", async (t) => {
  const { links, put } = await openRoom(t);
  const { url, slug, hasPassword } = await links.create((await put("plans")).id, {
    mode: "one-time",
    password: "päss",
  });
  assert.ok(hasPassword);
  assert.ok(links.info(slug).needsPassword);
  await assert.rejects(visit(links, url), { code: "link_wrong_proof" });
  await assert.rejects(visit(links, url, "pass"), { code: "link_wrong_proof" });
  assert.equal((await visit(links, url, "pa\u0308ss")).text, "plans");
  assert.deepEqual(links.info(slug), { state: "used", needsPassword: false, passwordSalt: null, argon2: null });
});

test("a file's own password is needed to share it, and a later one does not end the link", async (t) => {
  const { library, links, put } = await openRoom(t);
  const { id } = await put("plans", "of the file");
  await assert.rejects(links.create(id, { mode: "persistent" }), { code: "file_password_needed" });
  await assert.rejects(links.create(id, { mode: "persistent", filePassword: "guess" }), CryptoError);
  await assert.rejects(links.shareForMessage(id, null), { code: "file_password_needed" });
  const { url } = await links.create(id, { mode: "persistent", filePassword: "of the file" });
  await library.changePassword(id, "another", "of the file");
  assert.equal((await visit(links, url)).text, "plans");
});

test("links work while the vault is locked; making and listing them does not", async (t) => {
  const { vault, links, put } = await openRoom(t, "correct horse battery");
  const { id } = await put("plans");
  const { url, slug } = await links.create(id, { mode: "one-time" });
  vault.lock();
  assert.equal((await visit(links, url)).text, "plans");
  assert.equal(links.info(slug).state, "used");
  links.sweep();
  assert.throws(() => links.list(), LockedError);
  assert.throws(() => links.remove(slug), LockedError);
  await assert.rejects(links.create(id, { mode: "persistent" }), LockedError);
});

test("removing a link or its file ends it for visitors", async (t) => {
  const { library, links, store, put } = await openRoom(t);
  const file = await put("plans");
  const first = await links.create(file.id, { mode: "persistent" });
  const second = await links.create(file.id, { mode: "persistent" });
  links.remove(first.slug);
  assert.throws(() => links.remove(first.slug), { code: "unknown_link" });
  assert.equal(links.info(first.slug).state, "ended");
  await visit(links, second.url);
  library.remove(file.id);
  assert.equal(links.info(second.slug).state, "ended");
  await assert.rejects(visit(links, second.url), { code: "link_ended" });
  assert.deepEqual([links.list(), store.slugs()], [[], []]);
});

test("a message's file travels by a link of its own", async (t) => {
  const { links, put } = await openRoom(t);
  const { id } = await put("plans");
  const shared = await links.shareForMessage(id, null);
  const again = await links.shareForMessage(id, null);
  assert.deepEqual({ ...shared, url: "" }, { id, name: "report.pdf", bytes: 5, url: "" });
  assert.notEqual(shared.url, again.url);
  assert.equal((await visit(links, shared.url)).text, "plans");
});

test("options that make no sense are refused", async (t) => {
  const { links, put } = await openRoom(t);
  const { id } = await put("plans");
  const refused = async (options: Parameters<Links["create"]>[1], code: string): Promise<void> =>
    assert.rejects(links.create(id, options), { code });
  for (const downloads of [0, -1, 1.5, 1_000_001]) await refused({ mode: "timed", downloads }, "bad_downloads");
  await refused({ mode: "one-time", downloads: 2 }, "bad_downloads");
  await refused({ mode: "persistent", expiresMs: HOUR }, "bad_duration");
  for (const expiresMs of [0, -1, Number.NaN, 1e15]) await refused({ mode: "timed", expiresMs }, "bad_duration");
  await refused({ mode: "persistent", password: "" }, "bad_password");
  await assert.rejects(links.create("nothing", { mode: "persistent" }), { code: "unknown_file" });
  assert.deepEqual(links.list(), []);
  for (let i = 0; i < 100; i++) await links.create(id, { mode: "persistent" });
  await refused({ mode: "persistent" }, "too_many_links");
});

test("after a crash between the two databases no link lives that its owner cannot see", async (t) => {
  const { links, store, put } = await openRoom(t);
  const { id } = await put("plans");
  const kept = await links.create(id, { mode: "persistent" });
  const lost = await links.create(id, { mode: "persistent" });
  store.remove(lost.slug);
  const source = { content: "c".repeat(32), blob: "b".repeat(32), contentOffset: 0, contentBytes: 9 };
  const rest = { password: null, source, expiresAtMs: null, usesLeft: null };
  store.insert({ slug: "stray", verifier: randomBytes(32), manifest: randomBytes(9), ...rest });
  const slugs = (list: LinkView[]): string[] => list.map(({ slug }) => slug);
  assert.deepEqual(slugs(links.list()), [kept.slug]);
  links.reconcile();
  assert.deepEqual(store.slugs(), [kept.slug]);
  assert.equal((await visit(links, kept.url)).text, "plans");
});

test("neither links.db nor the blobs nor the log show a key, a password, a name or the content", async (t) => {
  const { dataDir, links, lines, put } = await openRoom(t);
  const { id } = await put("PLAINTEXT-MARK", "FILE-PASSWORD-MARK", "NAME-MARK.txt");
  const options = { mode: "persistent", password: "LINK-PASSWORD-MARK", filePassword: "FILE-PASSWORD-MARK" } as const;
  const { url, slug } = await links.create(id, options);
  await assert.rejects(visit(links, url), { code: "link_wrong_proof" });
  await visit(links, url, "LINK-PASSWORD-MARK");
  const address = parseLink(url);
  const info = links.info(slug);
  const salt = fromBase64Url(info.passwordSalt ?? "");
  const cost = info.argon2 ?? assert.fail();
  const keys = await deriveLinkKeys(address, { password: "LINK-PASSWORD-MARK", salt, cost });
  const claim = links.claim(slug, keys.proof);
  const { fileKey } = openManifest(fromBase64Url(claim.sealedManifest), keys.wrapKey, slug);

  const marks = ["PLAINTEXT-MARK", "FILE-PASSWORD-MARK", "LINK-PASSWORD-MARK", "NAME-MARK"].map(utf8Encode);
  const secrets = [...marks, address.secret, keys.wrapKey, keys.proof, fileKey, fromBase64Url(claim.lease)];
  const forms = secrets.flatMap((secret) => {
    const bytes = Buffer.from(secret);
    return [
      bytes,
      Buffer.from(toHex(secret)),
      Buffer.from(bytes.toString("base64url")),
      Buffer.from(bytes.toString("base64")),
    ];
  });
  const names = readdirSync(dataDir).filter((name) => name.startsWith("links.db"));
  assert.ok(names.length > 0);
  const places = [...names, ...readdirSync(join(dataDir, "blobs")).map((name) => join("blobs", name))];
  for (const place of places) {
    const bytes = readFileSync(join(dataDir, place));
    for (const form of forms) assert.ok(!bytes.includes(form), `${place} shows a secret`);
  }
  const logged = Buffer.from(lines.join("\n"));
  assert.ok(lines.length > 0);
  for (const form of forms) assert.ok(!logged.includes(form), "the log shows a secret");
});
