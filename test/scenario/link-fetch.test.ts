/** A link received from the command line: with a password, after a break, as a folder, and when it gives nothing. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { until } from "../support/acquaintance.ts";
import { serveHostileFolder } from "../support/hostile-link.ts";
import {
  type NocturneProcess,
  runCli,
  startCommand,
  startNocturne,
  temporaryFolder,
} from "../support/nocturne-process.ts";
import { openWayIn } from "../support/way-in.ts";

const MIB = 1_048_576;

interface Fetched {
  readonly kind: string;
  readonly path: string;
  readonly bytes: number;
  readonly files: number;
  readonly missing: readonly string[];
  readonly note: string | null;
}

async function ask<T>(node: NocturneProcess, args: readonly string[], stdin = ""): Promise<T> {
  const result = await node.run<T>(["files", ...args, "--json"], { stdin });
  assert.equal(result.code, 0, result.stderr);
  return result.json;
}

async function put(t: TestContext, node: NocturneProcess, content: Buffer, ...more: string[]): Promise<string> {
  const path = join(temporaryFolder(t), "garden.bin");
  writeFileSync(path, content);
  return (await ask<{ id: string }>(node, ["put", path, ...more])).id;
}

/** Receives without a node and without a vault. */
function fetchLink(cwd: string, stdin: string, ...more: string[]) {
  return runCli<Fetched>(["files", "fetch", "--json", ...more], { cwd, stdin });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

test("a fetch that was killed at half goes on under its lease and fetches only the rest", async (t) => {
  const node = await startNocturne(t);
  const content = randomBytes(24 * MIB);
  const id = await put(t, node, content);
  const made = ["link", id, "--mode", "one-time", "--note", "For Grace"];
  const { url, slug } = await ask<{ url: string; slug: string }>(node, made);
  const breaking = await openWayIn(t, node.ports.app, 12 * MIB);
  const here = temporaryFolder(t);
  const through = (port: number): string => url.replace(/localhost:\d+/, `127.0.0.1:${port}`);
  const first = startCommand(t, ["files", "fetch", through(breaking.port)], { cwd: here });
  const part = join(here, `${slug}.part`);
  await until(
    "the first half",
    async () => readdirSync(here).includes(`${slug}.part`) && statSync(part).size > 11 * MIB,
  );
  await first.end("SIGKILL");
  assert.deepEqual(readdirSync(here).sort(), [`${slug}.lease`, `${slug}.part`]);
  for (const name of readdirSync(here)) {
    assert.equal(statSync(join(here, name)).mode & 0o777, 0o600);
    assert.ok(!readFileSync(join(here, name)).includes(url.split("#")[1] ?? ""), "the secret is on the disk");
  }
  assert.ok(!readFileSync(part).includes(content.subarray(0, 32)), "what waits is sealed");

  const whole = await openWayIn(t, node.ports.app);
  const again = await fetchLink(here, through(whole.port));
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual([again.json.note, again.json.bytes], ["For Grace", content.length]);
  assert.ok(whole.bytes() < 14 * MIB, `${whole.bytes()} bytes came again`);
  assert.deepEqual(readdirSync(here), ["garden.bin"]);
  assert.equal(sha256(readFileSync(join(here, "garden.bin"))), sha256(content));
  const over = await fetchLink(here, url);
  assert.deepEqual([over.code, /link_used/.test(over.stderr)], [1, true], over.stderr);
});

test("a folder is received as a folder, with the password of the link, and without what was deleted", async (t) => {
  const node = await startNocturne(t);
  await ask(node, ["mkdir", "/Plans"]);
  await ask(node, ["mkdir", "/Plans/2026"]);
  const content = randomBytes(100_000);
  const gone = await put(t, node, Buffer.from("gone"), "--to", "/Plans");
  await put(t, node, content, "--to", "/Plans/2026", "--cipher", "noctis-256");
  const { url, slug } = await ask<{ url: string; slug: string }>(node, ["link", "/Plans", "--password-stdin"], "pass");
  await ask(node, ["rm", gone]);
  const here = temporaryFolder(t);
  const wrong = await fetchLink(here, `${url}\nguess`, "--password-stdin");
  assert.match(wrong.stderr, /link_wrong_proof/);
  assert.match((await fetchLink(here, url)).stderr, /link_password_needed/);
  mkdirSync(join(here, "Plans"));
  const fetched = await fetchLink(here, `${url}\npass`, "--password-stdin");
  assert.equal(fetched.code, 0, fetched.stderr);
  assert.deepEqual([fetched.json.kind, fetched.json.path], ["folder", "Plans (1)"]);
  assert.deepEqual([fetched.json.files, fetched.json.missing], [1, ["garden.bin"]]);
  assert.deepEqual(readdirSync(join(here, "Plans (1)"), { recursive: true }).sort(), ["2026", "2026/garden.bin"]);
  assert.equal(sha256(readFileSync(join(here, "Plans (1)/2026/garden.bin"))), sha256(content));
  const [link] = await ask<{ downloads: number; folder: object }[]>(node, ["links"]);
  assert.deepEqual([link?.downloads, link?.folder], [1, { files: 2, leftOut: 0, missing: 1 }]);
  assert.match((await node.run(["files", "links"])).stdout, /Plans\/ \(files: 2, 1 of them deleted since\)/);
  await ask(node, ["unlink", slug]);
  assert.match((await fetchLink(here, url)).stderr, /link_ended/);
  assert.match((await fetchLink(here, url.slice(0, -3))).stderr, /bad_link/);
});

test("a link whose paths lead out behind invisible characters writes nothing outside its folder, or at all", async (t) => {
  for (const path of ["\u200b../out.txt", "a/\u2060../../out.txt", ".\u200b./out.txt"]) {
    const { url, slug } = await serveHostileFolder(t, { files: { "in.txt": "fine", [path]: "planted" } });
    const here = temporaryFolder(t);
    const fetched = await fetchLink(here, url);
    assert.match(fetched.stderr, /bad_manifest/, JSON.stringify(path));
    assert.deepEqual(readdirSync(here).sort(), [`${slug}.lease`, `${slug}.part`]);
  }
  const honest = await serveHostileFolder(t, { files: { "in.txt": "fine", "a/out.txt": "planted" } });
  const here = temporaryFolder(t);
  assert.equal((await fetchLink(here, honest.url)).code, 0, "the same link without them is received");
  assert.deepEqual(readdirSync(join(here, "Plans"), { recursive: true }).sort(), ["a", "a/out.txt", "in.txt"]);
});

test("a listing that fills the disk is refused before a byte of it comes", async (t) => {
  const { url, sent } = await serveHostileFolder(t, { files: { "in.txt": "fine" }, listingBytes: 2 ** 45 });
  assert.match((await fetchLink(temporaryFolder(t), url)).stderr, /bad_manifest/);
  assert.equal(sent(), 0);
});

test("a place that nothing can be written to takes no use, and one found later keeps it", async (t) => {
  const node = await startNocturne(t);
  await ask(node, ["mkdir", "/Plans"]);
  await put(t, node, Buffer.from("roses"), "--to", "/Plans");
  const { url } = await ask<{ url: string }>(node, ["link", "/Plans", "--mode", "one-time"]);
  const here = temporaryFolder(t);
  mkdirSync(join(here, "there"));
  writeFileSync(join(here, "file"), "mine");
  assert.match((await fetchLink(here, url, "-o", "missing/dir/x")).stderr, /no_such_file/);
  assert.match((await fetchLink(here, url, "-o", "there")).stderr, /already_there/);
  const [before] = await ask<{ downloads: number }[]>(node, ["links"]);
  assert.equal(before?.downloads, 0);
  // That it is a folder is known only by a use; it is not lost, and nothing was fetched but the listing.
  assert.match((await fetchLink(here, url, "-o", "file")).stderr, /already_there/);
  assert.equal(readFileSync(join(here, "file"), "utf8"), "mine");
  const fetched = await fetchLink(here, url, "-o", "new");
  assert.equal(fetched.code, 0, fetched.stderr);
  assert.deepEqual(readdirSync(here).sort(), ["file", "new", "there"]);
});

test("a link is drawn as a QR code beside the result", async (t) => {
  const node = await startNocturne(t);
  const id = await put(t, node, Buffer.from("x"));
  const { stdout, stderr } = await node.run(["files", "link", id, "--qr"]);
  assert.match(stdout, /^http\S+\n$/);
  assert.match(stderr, /[▀▄█]{8}/);
});
