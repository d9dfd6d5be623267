/** What receiving a link leaves on a disk that is full, or fills up: never a use that was taken for nothing. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../test/support/cleanup.ts";
import { sourceUrl } from "../../test/support/library-program.ts";
import { concatBytes, fromBase64Url, utf8Decode } from "../core/bytes.ts";
import { LinkReceiver } from "./link-receiver.ts";
import { openLibraryRoom } from "./testing.ts";

interface Offered {
  readonly url: string;
  readonly slug: string;
  readonly uses: () => number | undefined;
}

/** A one-time link on a server of its own; `beforeClaim` runs before a use is taken, and false hangs up instead. */
async function offer(t: TestContext, beforeClaim: () => boolean = () => true): Promise<Offered> {
  const room = await openLibraryRoom(t);
  const { id } = await room.put("/garden.txt", "roses");
  const { url, slug } = await room.links.create(id, { mode: "one-time" });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, , , what] = request.url?.split("/") ?? [];
    if (what === "info") {
      response.end(JSON.stringify(room.links.info(slug)));
    } else if (what !== "claim") {
      const { stream } = await room.links.content(slug, String(request.headers["x-nocturne-lease"]), null);
      response.writeHead(206).end(concatBytes(...(await Array.fromAsync(stream))));
    } else if (beforeClaim()) {
      const { proof } = JSON.parse(Buffer.concat(await request.toArray()).toString()) as { proof: string };
      response.end(JSON.stringify(room.links.claim(slug, fromBase64Url(proof))));
    } else {
      request.destroy();
    }
  };
  const server = createServer((request, response) => void answer(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const uses = () => room.links.list()[0]?.downloads;
  return { url: url.replace("http://localhost", `http://127.0.0.1:${port}`), slug, uses };
}

function open(link: string, folder: string): Promise<LinkReceiver> {
  return LinkReceiver.open({ fetch, link, folder, password: async () => null, signal: AbortSignal.timeout(30_000) });
}

/** Receives in a process whose files may not grow: empty ones can be made, and nothing can be written to them. */
async function openOnFullDisk(link: string, folder: string): Promise<string> {
  const program = `
    const { LinkReceiver } = await import(${sourceUrl("files/link-receiver.ts")});
    const signal = AbortSignal.timeout(30_000);
    const place = { link: ${JSON.stringify(link)}, folder: ${JSON.stringify(folder)} };
    await LinkReceiver.open({ fetch, ...place, password: async () => null, signal }).catch(({ code }) => console.log(code));`;
  const command = 'ulimit -f 0; exec "$0" "$@"';
  const args = ["-c", command, process.execPath, "--input-type=module", "-e", program];
  const child = spawn("/bin/sh", args, { stdio: ["ignore", "pipe", "inherit"] });
  return Buffer.concat(await Array.fromAsync(child.stdout)).toString();
}

test("where the lease could not be written no use is taken", async (t) => {
  const { url, uses } = await offer(t);
  const folder = temporaryFolder(t);
  assert.match(await openOnFullDisk(url, folder), /EFBIG/);
  assert.equal(uses(), 0);
  assert.deepEqual(readdirSync(folder), []);
  assert.equal((await open(url, folder)).manifest.name, "garden.txt", "the control: once there is room");
  assert.equal(uses(), 1);
});

test("a disk that fills while the use is taken has room for the lease already, and the lease goes there", async (t) => {
  const folder = temporaryFolder(t);
  const reserved: { ino: number; bytes: number; mode: number }[] = [];
  const { url, slug } = await offer(t, () => {
    const { ino, blocks, mode } = statSync(join(folder, `${slug}.lease`));
    return reserved.push({ ino, bytes: blocks * 512, mode: mode & 0o777 }) > 0;
  });
  const receiver = await open(url, folder);
  const { ino, size } = statSync(join(folder, `${slug}.lease`));
  assert.deepEqual(
    reserved.map((one) => [one.ino, one.mode, one.bytes >= size]),
    [[ino, 0o600, true]],
  );
  assert.ok(JSON.parse(readFileSync(join(folder, `${slug}.lease`), "utf8")));
  await receiver.fetch(() => undefined);
  const pieces = await Array.fromAsync(receiver.content(0));
  assert.equal(utf8Decode(concatBytes(...pieces)), "roses");
});

test("what a crash leaves before the answer came is no lease: the next try takes a use", async (t) => {
  const [folder, crashed] = [temporaryFolder(t), temporaryFolder(t)];
  let tries = 0;
  const { url, slug, uses } = await offer(t, () => {
    tries += 1;
    if (tries === 1) cpSync(folder, crashed, { recursive: true });
    return tries > 1;
  });
  await assert.rejects(open(url, folder), { code: "link_unreachable" });
  assert.deepEqual(readdirSync(folder), [], "a refused try leaves nothing");
  assert.deepEqual([uses(), readdirSync(crashed).sort()], [0, [`${slug}.lease`, `${slug}.part`]]);
  assert.equal((await open(url, crashed)).manifest.name, "garden.txt");
});
