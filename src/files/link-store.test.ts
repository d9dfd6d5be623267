import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { Worker } from "node:worker_threads";
import { FILE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { LinkStore, type StoredLink } from "./link-store.ts";

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const VERIFIER = randomBytes(32);

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "nocturne-links-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function openStore(t: TestContext, path = folder(t)): LinkStore {
  const store = new LinkStore(join(path, "links.db"));
  t.after(() => store.close());
  return store;
}

function link(changes: Partial<StoredLink> = {}): StoredLink {
  const source = { content: "c".repeat(32), blob: "b".repeat(32), contentOffset: 200, contentBytes: 1_000 };
  const sealed = {
    verifier: VERIFIER,
    manifest: Uint8Array.from(Buffer.from("sealed manifest bytes")),
    password: null,
  };
  return { slug: "one", ...sealed, source, expiresAtMs: null, usesLeft: null, ...changes };
}

const claim = (store: LinkStore, nowMs = NOW, token = randomBytes(32)): string =>
  store.claim("one", VERIFIER, token, nowMs).outcome;

test("each kind of link ends when it should", (t) => {
  const store = openStore(t);
  store.insert(link({ usesLeft: 2, expiresAtMs: NOW + HOUR }));
  assert.deepEqual(store.status("one", NOW), { state: "active", usesLeft: 2, claims: 0, password: null });
  assert.equal(claim(store), "claimed");
  assert.equal(store.status("one", NOW)?.usesLeft, 1);
  assert.equal(claim(store, NOW + HOUR), "expired");
  assert.equal(claim(store, NOW + HOUR - 1), "claimed");
  assert.equal(store.status("one", NOW)?.state, "used");
  assert.equal(claim(store), "used");
  assert.equal(store.status("other", NOW), null);
  assert.equal(store.status("one", NOW)?.claims, 2);
  store.remove("one");
  assert.equal(claim(store), "ended");
});

test("a wrong proof takes no use; after ten the link is closed for ten minutes, for a right proof too", (t) => {
  const store = openStore(t);
  store.insert(link({ usesLeft: 1 }));
  const guess = (nowMs: number): string => store.claim("one", randomBytes(32), randomBytes(32), nowMs).outcome;
  for (let i = 0; i < 10; i++) assert.equal(guess(NOW + i), "wrong-proof");
  assert.equal(guess(NOW + 10), "blocked");
  assert.equal(claim(store, NOW + 599_999), "blocked");
  assert.equal(guess(NOW + 600_000), "wrong-proof");
  assert.equal(store.status("one", NOW)?.usesLeft, 1);
  assert.equal(claim(store, NOW + 600_001), "claimed");
});

test("a lease belongs to its link and token, and ends by itself", (t) => {
  const store = openStore(t);
  const token = randomBytes(32);
  store.insert(link({ usesLeft: 1 }));
  store.insert(link({ slug: "two" }));
  assert.equal(claim(store, NOW, token), "claimed");
  assert.deepEqual(store.lease("one", token, NOW + 6 * HOUR - 1)?.served, []);
  assert.equal(store.lease("one", token, NOW + 6 * HOUR), null);
  assert.equal(store.lease("two", token, NOW), null);
  assert.equal(store.lease("one", randomBytes(32), NOW), null);
});

test("once every byte was served, in whatever order, the lease lives two minutes longer and not more", (t) => {
  const store = openStore(t);
  const token = randomBytes(32);
  store.insert(link({ usesLeft: 1 }));
  claim(store, NOW, token);
  assert.ok(store.recordServed("one", token, 500, 1_000, NOW));
  assert.ok(store.recordServed("one", token, 0, 499, NOW + HOUR));
  assert.ok(store.lease("one", token, NOW + 5 * HOUR));
  assert.ok(store.recordServed("one", token, 400, 600, NOW + 2 * HOUR));
  assert.ok(store.lease("one", token, NOW + 2 * HOUR + 119_999));
  assert.ok(store.recordServed("one", token, 0, 1_000, NOW + 2 * HOUR + 100_000));
  assert.equal(store.lease("one", token, NOW + 2 * HOUR + 120_000), null);
  assert.equal(store.recordServed("one", token, 0, 1, NOW + 2 * HOUR + 120_000), false);
});

test("a download that misses gone files of a folder is complete without them", (t) => {
  const store = openStore(t);
  const part = (content: string) => ({ content, blob: `blob of ${content}`, contentOffset: 0, contentBytes: 100 });
  const source = { folder: "f", listing: new Uint8Array(50), parts: ["a", "b", "c", "d"].map(part) };
  store.insert(link({ source, usesLeft: 100 }));
  for (const content of ["a", "d"]) store.removeOf(content);
  const token = randomBytes(32);
  assert.equal(claim(store, NOW, token), "claimed");
  store.recordServed("one", token, 0, 50, NOW);
  store.recordServed("one", token, 150, 250, NOW);
  assert.ok(store.lease("one", token, NOW + HOUR), "one that is there is still to come");
  store.recordServed("one", token, 250, 350, NOW + HOUR);
  assert.ok(store.lease("one", token, NOW + HOUR + 119_999));
  assert.equal(store.lease("one", token, NOW + HOUR + 120_000), null);
});

test("counted downloads wait while 64 are under way; uncounted ones replace the oldest", (t) => {
  const store = openStore(t);
  store.insert(link({ usesLeft: 100 }));
  for (let i = 0; i < 64; i++) assert.equal(claim(store, NOW + i), "claimed");
  assert.equal(claim(store, NOW + 64), "busy");
  assert.equal(store.status("one", NOW)?.usesLeft, 36);
  assert.equal(claim(store, NOW + 6 * HOUR), "claimed");

  store.remove("one");
  store.insert(link());
  const tokens = Array.from({ length: 65 }, () => randomBytes(32));
  for (const [i, token] of tokens.entries()) assert.equal(claim(store, NOW + i, token), "claimed");
  const live = tokens.map((token) => store.lease("one", token, NOW + 65) !== null);
  assert.deepEqual(live, [false, ...new Array<boolean>(64).fill(true)]);
});

test("removing a link or its file ends the leases", (t) => {
  const store = openStore(t);
  const token = randomBytes(32);
  store.insert(link());
  const source = { content: "d".repeat(32), blob: "b".repeat(32), contentOffset: 200, contentBytes: 1_000 };
  store.insert(link({ slug: "two", source })); // in the same blob
  claim(store, NOW, token);
  store.removeOf("c".repeat(32));
  assert.equal(store.lease("one", token, NOW), null);
  assert.equal(store.recordServed("one", token, 0, 9, NOW), false);
  assert.deepEqual(store.slugs(), ["two"]);
});

test("a lease on a folder ends with its grace when what was not served yet is deleted, and no other lease does", (t) => {
  const path = folder(t);
  const clock = { now: NOW, nowMs: () => clock.now };
  const store = new LinkStore(join(path, "links.db"), clock);
  t.after(() => store.close());
  const part = (content: string) => ({ content, blob: "b".repeat(32), contentOffset: 0, contentBytes: 50 });
  const source = { folder: "f", listing: new Uint8Array(10), parts: [part("first"), part("last")] };
  store.insert(link({ source, usesLeft: 2 }));
  const [served, half] = [randomBytes(32), randomBytes(32)];
  assert.equal(claim(store, NOW, served), "claimed");
  assert.equal(claim(store, NOW, half), "claimed");
  store.recordServed("one", served, 0, 60, NOW);
  store.recordServed("one", half, 0, 59, NOW);
  clock.now += HOUR;
  store.removeOf("last");
  assert.ok(store.lease("one", served, NOW + HOUR + FILE_LIMITS.leaseGraceMs - 1));
  assert.equal(store.lease("one", served, NOW + HOUR + FILE_LIMITS.leaseGraceMs), null);
  assert.ok(store.lease("one", half, NOW + 2 * HOUR), "a byte of the first file is still to come");
});

test("nothing of a manifest stays in the files once its link is used up or expired", (t) => {
  const path = folder(t);
  const store = openStore(t, path);
  const contains = (text: string): boolean =>
    readdirSync(path).some((name) => readFileSync(join(path, name)).includes(text));
  const manifest = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.repeat(300)));
  store.insert(link({ manifest: manifest("manifest of the first"), usesLeft: 1 }));
  store.insert(link({ slug: "two", manifest: manifest("manifest of the second"), expiresAtMs: NOW }));
  store.insert(link({ slug: "three", manifest: manifest("manifest of the third") }));
  assert.equal(claim(store, NOW - 1), "claimed");
  assert.ok(contains("manifest of the second"));
  store.sweep(NOW);
  assert.ok(!contains("manifest of the first"));
  assert.ok(!contains("manifest of the second"));
  assert.ok(contains("manifest of the third"));
  assert.equal(store.status("two", NOW)?.state, "expired");
});

test("the database and its side files are for their owner only; another file in its place is told", (t) => {
  const path = folder(t);
  const store = openStore(t, path);
  store.insert(link());
  for (const name of readdirSync(path)) assert.equal(statSync(join(path, name)).mode & 0o777, 0o600, name);
  const other = folder(t);
  writeFileSync(join(other, "links.db"), "this is not a database, but it is long enough to look like one".repeat(40));
  assert.throws(() => new LinkStore(join(other, "links.db")), { code: "links_corrupt" });
});

const CLAIMER = `
  const { LinkStore } = await import(${JSON.stringify(new URL("./link-store.ts", import.meta.url).href)});
  const claimAll = (path, proof, count) => {
    const store = new LinkStore(path);
    const outcomes = [];
    for (let i = 0; i < count; i++) {
      const token = crypto.getRandomValues(new Uint8Array(32));
      outcomes.push(store.claim("one", Uint8Array.from(Buffer.from(proof, "hex")), token, Date.now()).outcome);
    }
    store.close();
    return outcomes;
  };`;

function claimInThread(path: string, proof: string): Promise<string[]> {
  const code = `(async () => { ${CLAIMER}
    require("node:worker_threads").parentPort.postMessage(claimAll(${JSON.stringify(path)}, "${proof}", 10)); })()`;
  return new Promise((resolve, reject) => {
    new Worker(code, { eval: true }).once("message", resolve).once("error", reject);
  });
}

async function claimInProcess(path: string, proof: string): Promise<string[]> {
  const code = `${CLAIMER} console.log(JSON.stringify(claimAll(${JSON.stringify(path)}, "${proof}", 10)));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const output = await Array.fromAsync(child.stdout as AsyncIterable<Buffer>);
  return JSON.parse(Buffer.concat(output).toString());
}

for (const uses of [1, 7]) {
  test(`of 100 claims from threads and processes at once exactly ${uses} win`, async (t) => {
    const path = folder(t);
    const store = openStore(t, path);
    store.insert(link({ usesLeft: uses }));
    const proof = Buffer.from(VERIFIER).toString("hex");
    const database = join(path, "links.db");
    const claimers = Array.from({ length: 10 }, (_, i) =>
      i < 7 ? claimInThread(database, proof) : claimInProcess(database, proof),
    );
    const outcomes = (await Promise.all(claimers)).flat();
    assert.equal(outcomes.length, 100);
    assert.equal(outcomes.filter((outcome) => outcome === "claimed").length, uses);
    assert.equal(outcomes.filter((outcome) => outcome === "used").length, 100 - uses);
  });
}
