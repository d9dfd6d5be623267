import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { concatBytes, fromBase64Url, toHex } from "../core/bytes.ts";
import { createLogger } from "../core/log.ts";
import { randomBytes } from "../core/random.ts";
import { sealWithKey } from "../crypto/key-slots.ts";
import { createContentOpener, createLinkAddress, deriveLinkKeys, linkVerifier } from "../crypto/link-key.ts";
import { openManifest, sealManifest } from "../crypto/link-manifest.ts";
import { BlobStore } from "./blob-store.ts";
import { LinkStore } from "./link-store.ts";
import { type ContentRange, PublicLinks } from "./public-links.ts";
import { sealToFile } from "./sealing.ts";

const log = createLogger("silent");
const MIB = 1_048_576;

interface Shared {
  readonly dataDir: string;
  readonly links: PublicLinks;
  readonly store: LinkStore;
  readonly slug: string;
  readonly proof: Uint8Array;
  readonly wrapKey: Uint8Array;
  readonly plain: Uint8Array;
  /** Moves the clock. */
  wait(ms: number): void;
}

/** One shared file, made without any vault: the public side needs none. */
async function share(t: TestContext, bytes: number, usesLeft: number | null = 1): Promise<Shared> {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-public-"));
  const blobs = new BlobStore(join(dataDir, "blobs"));
  const store = new LinkStore(join(dataDir, "links.db"));
  t.after(() => {
    store.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const plain = randomBytes(bytes);
  const fileKey = randomBytes(32);
  const slots = [sealWithKey("recovery", fileKey, randomBytes(32))];
  const pieces = (async function* () {
    yield plain;
  })();
  const seal = { fileKey, suite: "aes-256-gcm", slots } as const;
  const blob = await blobs.write(
    (part) => sealToFile(part, pieces, seal),
    (stored) => stored,
  );
  const contentOffset = 8 + 3 + 60 + 32;
  const address = createLinkAddress();
  const { wrapKey, proof } = await deriveLinkKeys(address, null);
  const manifest = sealManifest(
    { kind: "file", name: "shared.bin", note: "", bytes, suite: "aes-256-gcm", fileKey },
    wrapKey,
    address.slug,
  );
  const source = { content: blob.id, blob: blob.id, contentOffset, contentBytes: blob.bytes - contentOffset };
  const { slug } = address;
  store.insert({
    slug,
    verifier: linkVerifier(proof),
    manifest,
    password: null,
    source,
    expiresAtMs: null,
    usesLeft,
  });
  let nowMs = Date.now();
  const links = new PublicLinks({ store, blobs, clock: { nowMs: () => nowMs }, log });
  return { dataDir, links, store, slug, proof, wrapKey, plain, wait: (ms) => void (nowMs += ms) };
}

async function fetchRange({ links, slug }: Shared, lease: string, range: ContentRange | null): Promise<Uint8Array> {
  const { stream, start, end } = await links.content(slug, lease, range);
  const bytes = concatBytes(...(await Array.fromAsync(stream)));
  assert.equal(bytes.length, end - start);
  return bytes;
}

function decrypt({ wrapKey, slug }: Shared, sealedManifest: string, content: Uint8Array): Uint8Array {
  const { suite, fileKey } = openManifest(fromBase64Url(sealedManifest), wrapKey, slug);
  const opener = createContentOpener(suite, fileKey);
  return concatBytes(opener.update(content), opener.finish());
}

test("of 100 claims at once on a one-time link exactly one wins, and it gets the file", async (t) => {
  const shared = await share(t, 100_000);
  const claims = await Promise.allSettled(
    Array.from({ length: 100 }, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return shared.links.claim(shared.slug, shared.proof);
    }),
  );
  const won = claims.filter((claim) => claim.status === "fulfilled").map((claim) => claim.value);
  assert.equal(won.length, 1);
  for (const claim of claims) if (claim.status === "rejected") assert.equal(claim.reason.code, "link_used");
  assert.equal(shared.links.info(shared.slug).state, "used");
  const { lease, sealedManifest, contentBytes } = won[0] as (typeof won)[number];
  const content = await fetchRange(shared, lease, null);
  assert.equal(content.length, contentBytes);
  assert.deepEqual(decrypt(shared, sealedManifest, content), shared.plain);
});

test("a broken download goes on where it stopped, until all was served, and two minutes more", async (t) => {
  const shared = await share(t, 300_000);
  const { lease, sealedManifest, contentBytes } = shared.links.claim(shared.slug, shared.proof);
  const received: Uint8Array[] = [];
  const { stream } = await shared.links.content(shared.slug, lease, null);
  for await (const piece of stream) {
    received.push(piece);
    break; // the connection breaks
  }
  const got = received[0]?.length ?? 0;
  assert.ok(got > 0 && got < contentBytes);
  shared.wait(5 * 3_600_000);
  received.push(await fetchRange(shared, lease, { start: got, end: contentBytes - 10 }));
  received.push(await fetchRange(shared, lease, { start: contentBytes - 10, end: null }));
  assert.deepEqual(decrypt(shared, sealedManifest, concatBytes(...received)), shared.plain);

  // The piece that was under way when the connection broke does not count as served.
  shared.wait(150_000);
  received[0] = await fetchRange(shared, lease, { start: 0, end: got });
  shared.wait(119_000);
  await fetchRange(shared, lease, { start: contentBytes - 1, end: null });
  shared.wait(1_001);
  await assert.rejects(fetchRange(shared, lease, null), { code: "lease_ended" });
});

test("a lease ends after six hours, complete or not", async (t) => {
  const shared = await share(t, 10);
  const { lease, leaseExpiresAt } = shared.links.claim(shared.slug, shared.proof);
  shared.wait(6 * 3_600_000 - 1);
  assert.equal((await fetchRange(shared, lease, { start: 0, end: 1 })).length, 1);
  shared.wait(1);
  await assert.rejects(fetchRange(shared, lease, null), { code: "lease_ended" });
  assert.ok(Date.parse(leaseExpiresAt) > Date.now());
});

test("ranges that do not exist, foreign leases and a hail of pieces are refused", async (t) => {
  const shared = await share(t, 5_000);
  const other = await share(t, 10);
  const { lease, contentBytes } = shared.links.claim(shared.slug, shared.proof);
  const foreign = other.links.claim(other.slug, other.proof).lease;
  const bad = [
    [-1, null],
    [contentBytes, null],
    [5, 5],
    [9, 3],
    [0.5, null],
    [Number.NaN, null],
    [0, -1],
  ] as const;
  for (const [start, end] of bad) {
    await assert.rejects(fetchRange(shared, lease, { start, end }), { code: "bad_range" }, `${start}-${end}`);
  }
  assert.equal((await fetchRange(shared, lease, { start: 0, end: contentBytes + 99 })).length, contentBytes);
  for (const token of [foreign, "", "AAAA"]) {
    await assert.rejects(shared.links.content(shared.slug, token, null), { code: "lease_ended" });
  }

  const hail = await share(t, 5_000);
  const pieces = hail.links.claim(hail.slug, hail.proof).lease;
  for (let i = 0; i < 256; i++) await fetchRange(hail, pieces, { start: 4 * i, end: 4 * i + 1 });
  await assert.rejects(fetchRange(hail, pieces, { start: 4_000, end: 4_001 }), { code: "bad_range" });
});

test("a wrong proof is told apart from an unknown link, takes no use, and soon has to wait", async (t) => {
  const { links, slug, proof, wait } = await share(t, 10);
  for (let i = 0; i < 10; i++) assert.throws(() => links.claim(slug, randomBytes(32)), { code: "link_wrong_proof" });
  assert.throws(() => links.claim(slug, proof), { code: "too_many_attempts" });
  assert.throws(() => links.claim("a".repeat(16), proof), { code: "unknown_link" });
  assert.equal(links.info("'; DROP TABLE links; --").state, "unknown");
  wait(600_000);
  assert.ok(links.claim(slug, proof).lease);
});

test("a download under way ends when its link is removed", async (t) => {
  const shared = await share(t, 40 * MIB, null);
  const { lease } = shared.links.claim(shared.slug, shared.proof);
  const { stream } = await shared.links.content(shared.slug, lease, null);
  let received = 0;
  await assert.rejects(
    async () => {
      for await (const piece of stream) {
        received += piece.length;
        if (received > MIB) shared.store.remove(shared.slug);
      }
    },
    { code: "link_ended" },
  );
  assert.ok(received < 20 * MIB);
});

test("after kill -9 in mid-transfer the same lease serves the rest", async (t) => {
  const shared = await share(t, 24 * MIB);
  const from = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const code = `
    const { BlobStore } = await import(${from("./blob-store.ts")});
    const { LinkStore } = await import(${from("./link-store.ts")});
    const { PublicLinks } = await import(${from("./public-links.ts")});
    const dataDir = ${JSON.stringify(shared.dataDir)};
    const log = { info() {}, warn() {}, debug() {}, error() {} };
    const store = new LinkStore(dataDir + "/links.db");
    const links = new PublicLinks({ store, blobs: new BlobStore(dataDir + "/blobs"), clock: { nowMs: () => Date.now() }, log });
    const claim = links.claim(${JSON.stringify(shared.slug)}, Buffer.from("${toHex(shared.proof)}", "hex"));
    process.stdout.write(JSON.stringify(claim) + "\\n");
    const { stream } = await links.content(${JSON.stringify(shared.slug)}, claim.lease, null);
    for await (const piece of stream) {
      if (!process.stdout.write(piece)) await new Promise((resolve) => process.stdout.once("drain", resolve));
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = new Promise<NodeJS.Signals | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    received += chunk.length;
    if (received <= 18 * MIB) continue;
    child.kill("SIGKILL");
    break;
  }
  assert.equal(await gone, "SIGKILL");

  const output = Buffer.concat(chunks);
  const lineEnd = output.indexOf("\n");
  const { lease, sealedManifest } = JSON.parse(output.subarray(0, lineEnd).toString());
  const before = output.subarray(lineEnd + 1);
  assert.throws(() => shared.links.claim(shared.slug, shared.proof), { code: "link_used" });
  const rest = await fetchRange(shared, lease, { start: before.length, end: null });
  const opened = decrypt(shared, sealedManifest, concatBytes(before, rest));
  assert.ok(Buffer.from(opened).equals(shared.plain));
});
