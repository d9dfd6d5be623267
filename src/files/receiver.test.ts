/** Two libraries, one serving the other over HTTP as nodes do: what is saved, what breaks, and what a thief gets. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { concatBytes, fromBase64Url, fromHex } from "../core/bytes.ts";
import type { NocturneError } from "../core/errors.ts";
import { FILE_LIMITS, RECEIVE_LIMITS } from "../core/limits.ts";
import { createLogger } from "../core/log.ts";
import { randomBytes } from "../core/random.ts";
import type { EnvelopeRecipient } from "../crypto/envelope.ts";
import { deriveLinkKeys, parseLink } from "../crypto/link-key.ts";
import { BlobStore } from "./blob-store.ts";
import { type OfferedFile, Receiver } from "./receiver.ts";
import { type LibraryRoom, openLibraryRoom } from "./testing.ts";
import type { ReceivedFile, SharedFile } from "./views.ts";

const MESSAGE = "0123456789abcdef".repeat(2);
const MIB = 1_048_576;
const DAY_MS = 86_400_000;

interface Side extends LibraryRoom {
  readonly receiver: Receiver;
  readonly me: EnvelopeRecipient;
  /** All that was told, latest last. */
  readonly told: ReceivedFile[];
}

async function openSide(t: TestContext, freeBytes?: number, dataDir?: string): Promise<Side> {
  const room = await openLibraryRoom(t, dataDir);
  const blobs = new BlobStore(`${room.dataDir}/blobs`);
  if (freeBytes !== undefined) t.mock.method(blobs, "freeBytes", () => freeBytes);
  const { vault, library, clock } = room;
  const receiver = new Receiver({
    fetchFor: () => fetch,
    vault,
    library,
    blobs,
    clock,
    log: createLogger("silent"),
    retryMs: 20,
  });
  const { device, hybrid } = vault.identity();
  const told: ReceivedFile[] = [];
  receiver.onChange((file) => told.push(file));
  return { ...room, receiver, me: { nostrPublicKey: fromHex(device), hybridPublicKey: hybrid.publicKey }, told };
}

/** The public side of somebody's links; a `hold` keeps or breaks an answer before it is given. */
async function serve(
  t: TestContext,
  { links }: LibraryRoom,
): Promise<{ server: Server; port: number; state: Serving }> {
  const state: Serving = { breakAfter: Number.POSITIVE_INFINITY, starts: [] };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, , slug = "", what] = request.url?.split("/") ?? [];
    if (what === "claim") {
      const { proof } = JSON.parse(Buffer.concat(await request.toArray()).toString()) as { proof: string };
      return void response.end(JSON.stringify(links.claim(slug, fromBase64Url(proof))));
    }
    const [from, to] = (/^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? []).slice(1).map(Number);
    assert.ok(from !== undefined && to !== undefined, request.headers.range);
    state.starts.push(from);
    const range = { start: from, end: to + 1 };
    const { stream } = await links.content(slug, String(request.headers["x-nocturne-lease"]), range);
    response.writeHead(206);
    let sent = 0;
    for await (const piece of stream) {
      if (!response.write(piece)) await once(response, "drain");
      sent += piece.length;
      if (sent < state.breakAfter) continue;
      server.close();
      return server.closeAllConnections();
    }
    response.end();
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: NocturneError) => {
      if (response.headersSent)
        response.destroy(); // the one who asked is gone
      else response.writeHead(410).end(JSON.stringify({ error: { code: error.code } }));
    });
  });
  await listen(server, 0);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port, state };
}

interface Serving {
  /** After so many bytes of one answer the server goes away. */
  breakAfter: number;
  /** From where content was asked for, each time. */
  readonly starts: number[];
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function share(from: LibraryRoom, port: number, content: Uint8Array, to: readonly EnvelopeRecipient[] | null) {
  const { id } = await from.library.put(one(content), { name: "plan.pdf", cipher: "aes-256-gcm", taken: "rename" });
  const shared = await from.links.shareForMessage(id, { conversation: "x", name: "Bob", recipients: to });
  const url = shared.url.replace("http://localhost", `http://127.0.0.1:${port}`);
  return { ...shared, url, message: MESSAGE, conversation: "Ada / Work" };
}

async function settled({ receiver }: Side): Promise<ReceivedFile> {
  return reaches(receiver, ({ state }) => state === "saved" || state === "failed");
}

function reaches(receiver: Receiver, isWanted: (file: ReceivedFile) => boolean): Promise<ReceivedFile> {
  return new Promise((resolve) => {
    const look = (file: ReceivedFile | undefined): void => {
      if (file === undefined || !isWanted(file)) return;
      stop();
      resolve(file);
    };
    const stop = receiver.onChange(look);
    look(receiver.list()[0]);
  });
}

async function contentOf({ library }: LibraryRoom, id: string): Promise<Uint8Array> {
  return concatBytes(...(await Array.fromAsync(await library.open(id))));
}

const code = (wanted: string) => (error: NocturneError) => error.code === wanted;

test("a file that was sent is saved into the conversation's folder, whole, and remembered", async (t) => {
  const [ada, bob] = [await openSide(t), await openSide(t)];
  const { port } = await serve(t, ada);
  const content = randomBytes(3 * MIB);
  const offer = await share(ada, port, content, [ada.me, bob.me]);
  assert.equal(offer.forRecipients, true);
  assert.equal(bob.receiver.save(offer).state, "fetching");
  const { state, savedAs, done } = await settled(bob);
  assert.deepEqual([state, savedAs?.path, done], ["saved", "/Received/Ada - Work/plan.pdf", content.length]);
  assert.deepEqual(await contentOf(bob, savedAs?.id ?? ""), content);
  assert.equal(bob.receiver.save(offer).savedAs?.id, savedAs?.id, "a second click makes no second file");
  assert.equal(bob.library.list().length, 1);
  assert.deepEqual(
    bob.receiver.list().map((file) => [file.message, file.file]),
    [[MESSAGE, offer.id]],
  );
  bob.library.remove(savedAs?.id ?? "");
  assert.deepEqual(bob.receiver.list(), [], "what was deleted can be fetched again");
  bob.receiver.save(offer, "/");
  assert.equal((await settled(bob)).savedAs?.path, "/plan.pdf");
});

test("a thief of the link gets a plain file, and nothing of one that was sealed for recipients", async (t) => {
  const [ada, bob, eve] = [await openSide(t), await openSide(t), await openSide(t)];
  const { port } = await serve(t, ada);
  const content = randomBytes(1_000);
  const plain = await share(ada, port, content, null);
  eve.receiver.save(plain);
  assert.deepEqual(await contentOf(eve, (await settled(eve)).savedAs?.id ?? ""), content, "the control");
  const sealed = await share(ada, port, content, [bob.me]);
  eve.receiver.save(sealed);
  const failed = await reaches(eve.receiver, ({ file, state }) => file === sealed.id && state === "failed");
  assert.equal(failed.error?.code, "not_a_recipient");
  assert.equal(eve.library.list().length, 1);
});

test("the sender's node goes away at half and comes back: the rest is fetched, and no more", async (t) => {
  const [ada, bob] = [await openSide(t), await openSide(t)];
  const { server, port, state } = await serve(t, ada);
  const content = randomBytes(8 * MIB);
  const offer = await share(ada, port, content, [bob.me]);
  state.breakAfter = 4 * MIB;
  bob.receiver.save(offer);
  const waiting = await reaches(bob.receiver, (file) => file.state === "waiting");
  assert.equal(waiting.error?.code, "link_unreachable");
  assert.ok(waiting.retryAt !== null && waiting.done > 0 && waiting.done < content.length);
  state.breakAfter = Number.POSITIVE_INFINITY;
  await listen(server, port);
  const saved = await settled(bob);
  assert.equal(saved.state, "saved");
  assert.deepEqual(await contentOf(bob, saved.savedAs?.id ?? ""), content);
  assert.equal(state.starts[0], 0);
  assert.ok(
    state.starts.slice(1).every((start) => start > MIB),
    state.starts.join(),
  );
});

test("what waits is tried at once when it is asked for again, and stopped without a trace", async (t) => {
  const [ada, bob] = [await openSide(t), await openSide(t)];
  const { server, port } = await serve(t, ada);
  const offer = await share(ada, port, randomBytes(10), [bob.me]);
  const slow = new Receiver({
    fetchFor: () => fetch,
    ...bob,
    blobs: new BlobStore(`${bob.dataDir}/blobs`),
    log: createLogger("silent"),
    retryMs: 60_000,
  });
  server.close();
  server.closeAllConnections();
  slow.save(offer);
  await reaches(slow, ({ state }) => state === "waiting");
  await listen(server, port);
  slow.save(offer);
  assert.equal((await reaches(slow, ({ state }) => state === "saved")).done, 10);

  const more = await share(ada, port, randomBytes(10), [bob.me]);
  server.close();
  server.closeAllConnections();
  const cancelled: string[] = [];
  slow.onChange(({ state }) => cancelled.push(state));
  slow.save(more);
  await reaches(slow, ({ state }) => state === "waiting");
  slow.cancel(MESSAGE, more.id);
  assert.equal(cancelled.at(-1), "cancelled");
  assert.equal(slow.list().length, 1);
  await slow.stop();
  assert.equal(bob.blobs().length, 1);
});

test("a save outlives the program: it goes on where it was, and no client is told of the upload behind it", async (t) => {
  const [ada, before] = [await openSide(t), await openSide(t)];
  const { server, port, state } = await serve(t, ada);
  const content = randomBytes(8 * MIB + 5);
  const offer = await share(ada, port, content, [before.me]);
  state.breakAfter = 4 * MIB;
  before.receiver.save(offer);
  await reaches(before.receiver, (file) => file.state === "waiting");
  await before.receiver.stop();
  assert.deepEqual(before.receiver.list(), []);
  before.close();

  state.breakAfter = Number.POSITIVE_INFINITY;
  await listen(server, port);
  const bob = await openSide(t, undefined, before.dataDir);
  assert.deepEqual(await bob.library.uploads.list(), []);
  await bob.library.sweep();
  bob.receiver.resume();
  bob.receiver.resume();
  const saved = await settled(bob);
  assert.equal(saved.state, "saved", saved.error?.message);
  assert.deepEqual(await contentOf(bob, saved.savedAs?.id ?? ""), content);
  assert.equal(saved.savedAs?.path, "/Received/Ada - Work/plan.pdf");
  const [, header = -1, rest = -1] = state.starts.slice(-3);
  assert.deepEqual([header, state.starts.length], [0, 3], "asked again for the first bytes of the seal alone");
  assert.ok(rest > 3 * MIB, `${rest}`);
  assert.equal(bob.blobs().length, 1);

  bob.receiver.resume();
  assert.deepEqual(
    bob.receiver.list().map((file) => file.state),
    ["saved"],
    "what has ended is not wanted any more",
  );
});

test("a program that was off for days goes on, but not when what came is kept no longer", async (t) => {
  const [ada, bob] = [await openSide(t), await openSide(t)];
  const { server, port, state } = await serve(t, ada);
  const content = randomBytes(4 * MIB);
  const [offer, old] = [await share(ada, port, content, [bob.me]), await share(ada, port, randomBytes(10), [bob.me])];
  state.breakAfter = 2 * MIB;
  bob.receiver.save(offer);
  await reaches(bob.receiver, (file) => file.state === "waiting");
  await bob.receiver.stop();
  state.breakAfter = Number.POSITIVE_INFINITY;
  bob.clock.now += 3 * DAY_MS;
  await listen(server, port);
  bob.receiver.resume();
  assert.equal((await settled(bob)).state, "saved");

  server.close();
  server.closeAllConnections();
  bob.receiver.save(old);
  await reaches(bob.receiver, ({ file, state: now }) => file === old.id && now === "waiting");
  await bob.receiver.stop();
  bob.clock.now += 8 * DAY_MS;
  bob.receiver.resume();
  const failed = await reaches(bob.receiver, ({ file, state: now }) => file === old.id && now === "failed");
  assert.equal(failed.error?.code, "link_unreachable");
});

test("a file that is here though the program ended before it was noted asks nobody", async (t) => {
  const [ada, bob] = [await openSide(t), await openSide(t)];
  const { server, port } = await serve(t, ada);
  const offer = await share(ada, port, randomBytes(1_000), [bob.me]);
  // As if the program ended in the moment when the upload did: what follows it never runs.
  const { append } = bob.library.uploads;
  const ended = Promise.withResolvers<void>();
  t.mock.method(bob.library.uploads, "append", async (...call: Parameters<typeof append>) => {
    await append.apply(bob.library.uploads, call);
    ended.resolve();
    return new Promise(() => {});
  });
  bob.receiver.save(offer);
  await ended.promise;
  server.close();
  server.closeAllConnections();
  const next = new Receiver({
    fetchFor: () => fetch,
    ...bob,
    blobs: new BlobStore(`${bob.dataDir}/blobs`),
    log: createLogger("silent"),
  });
  next.resume();
  const saved = await reaches(next, (file) => file.state === "saved");
  assert.equal(saved.savedAs?.id, bob.library.list()[0]?.id);
});

test("what was stopped or failed does not come back by itself, and leaves nothing", async (t) => {
  const [ada, bob] = [await openSide(t), await openSide(t)];
  const { port, state } = await serve(t, ada);
  state.breakAfter = 2 * MIB;
  const stopped = await share(ada, port, randomBytes(4 * MIB), [bob.me]);
  const refused = await share(ada, port, randomBytes(10), [ada.me]);
  bob.receiver.save(refused);
  await reaches(bob.receiver, (file) => file.state === "failed");
  bob.receiver.save(stopped);
  await reaches(bob.receiver, (file) => file.file === stopped.id && file.state === "waiting");
  bob.receiver.cancel(MESSAGE, stopped.id);
  await bob.receiver.stop();
  for (let i = 0; i < 100 && bob.blobs().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(bob.blobs(), []);
  bob.receiver.resume();
  assert.deepEqual(bob.receiver.list(), []);
});

test("more than the message said, more than the disk holds, and an ended link are refused", async (t) => {
  const [ada, bob] = [await openSide(t), await openSide(t)];
  const { port } = await serve(t, ada);
  const offer = await share(ada, port, randomBytes(1_000), [bob.me]);
  const refusals = async (side: Side, lie: OfferedFile): Promise<string | undefined> => {
    side.receiver.save(lie);
    return (await settled(side)).error?.code;
  };
  assert.equal(await refusals(bob, { ...offer, bytes: 999 }), "file_differs");
  const full = await openSide(t, RECEIVE_LIMITS.spareBytes);
  const forFull = await share(ada, port, randomBytes(1_000), [full.me]);
  assert.equal(await refusals(full, forFull), "disk_full");
  ada.links.remove(new URL(forFull.url).pathname.split("/")[2] ?? "");
  full.told.length = 0;
  full.receiver.save(forFull);
  await reaches(full.receiver, ({ state }) => state === "failed");
  assert.equal(full.told.at(-1)?.error?.code, "link_ended");
  assert.throws(() => bob.receiver.save({ ...offer, id: "another" }, "/Nowhere"), code("unknown_folder"));
  assert.deepEqual(bob.blobs(), []);
});

test("no more files than the limit are waited for at a time", async (t) => {
  const bob = await openSide(t);
  const offer: SharedFile = {
    id: "a",
    name: "n",
    bytes: 1,
    url: "http://127.0.0.1:9/s/abcdefghijklmnop#AAECAwQFBgcICQoLDA0ODw",
  };
  const save = (id: string) => bob.receiver.save({ ...offer, id, message: MESSAGE, conversation: "Ada" });
  for (let i = 0; i < RECEIVE_LIMITS.files; i++) save(`file ${i}`);
  assert.throws(() => save("one more"), code("too_many_receiving"));
  await bob.receiver.stop();
});

test("a place that a file has taken, or a name that is none, is not used", async (t) => {
  const [ada, bob] = [await openSide(t), await openSide(t)];
  const { port } = await serve(t, ada);
  const nameless = { ...(await share(ada, port, randomBytes(5), [bob.me])), conversation: ".." };
  bob.receiver.save(nameless);
  assert.equal((await settled(bob)).savedAs?.path, "/Received/plan.pdf");
  bob.library.remove(bob.library.list()[0]?.id ?? "");
  bob.library.remove(bob.library.folders.resolve("/Received"));
  await bob.put("/Received", "a file of this name");
  bob.receiver.save({ ...nameless, conversation: "Ada" });
  assert.equal((await reaches(bob.receiver, ({ state }) => state === "saved")).savedAs?.path, "/plan.pdf");
});

test("a name by which a message would write elsewhere, or deceive, becomes a harmless one", async (t) => {
  const [ada, bob] = [await openSide(t), await openSide(t)];
  const { port } = await serve(t, ada);
  const offer = await share(ada, port, randomBytes(5), [bob.me]);
  const names = ["../../etc/pass\u202Egpj.exe", "..", "\u200b..", "a\u0000\u001b[2J.txt", "\u202e"];
  for (const [index, name] of names.entries()) {
    bob.receiver.save({ ...offer, name, id: `file ${index}` }, "/");
    await reaches(bob.receiver, ({ file, state }) => file === `file ${index}` && state === "saved");
  }
  const paths = bob.library.list().map(({ path }) => path);
  assert.deepEqual(paths.sort(), ["/a[2J.txt", "/file", "/file (1)", "/file (2)", "/passgpj.exe"]);
});

test("a link for particular people obeys every limit of links", async (t) => {
  const [ada, bob] = [await openSide(t), await openSide(t)];
  const { port } = await serve(t, ada);
  const { id, url } = await share(ada, port, randomBytes(1_000), [bob.me]);
  const { slug } = parseLink(url);
  const { proof } = await deriveLinkKeys(parseLink(url), null);
  const { links, library, clock } = ada;
  for (let i = 0; i < FILE_LIMITS.claimFailures; i++) {
    assert.throws(() => links.claim(slug, randomBytes(32)), { code: "link_wrong_proof" });
  }
  assert.throws(() => links.claim(slug, proof), { code: "too_many_attempts" });
  clock.now += FILE_LIMITS.claimFailureWindowMs;
  const first = links.claim(slug, proof);
  for (let i = 0; i < FILE_LIMITS.leasesPerLink; i++) links.claim(slug, proof);
  await assert.rejects(links.content(slug, first.lease, null), { code: "lease_ended" }, "the oldest gives way");
  const { lease } = links.claim(slug, proof);
  clock.now += FILE_LIMITS.leaseMs;
  await assert.rejects(links.content(slug, lease, null), { code: "lease_ended" });
  assert.equal(links.list()[0]?.downloads, FILE_LIMITS.leasesPerLink + 2);
  library.remove(id);
  assert.equal(links.info(slug).state, "ended");
  assert.throws(() => links.claim(slug, proof), { code: "link_ended" });
  clock.now += FILE_LIMITS.endedLinkMs;
  assert.equal(links.info(slug).state, "unknown");
});

test("a file goes straight to a reader, over a break, without being kept", async (t) => {
  const [ada, bob] = [await openSide(t), await openSide(t)];
  const { server, port, state } = await serve(t, ada);
  const content = randomBytes(4 * MIB);
  const offer = await share(ada, port, content, [bob.me]);
  state.breakAfter = 2 * MIB;
  const reading = Array.fromAsync(await bob.receiver.open(offer, new AbortController().signal));
  await once(server, "close");
  state.breakAfter = Number.POSITIVE_INFINITY;
  await listen(server, port);
  assert.deepEqual(concatBytes(...(await reading)), content);
  assert.deepEqual(bob.blobs(), []);
  server.close();
  server.closeAllConnections();
  await assert.rejects(bob.receiver.open(offer, new AbortController().signal), code("link_unreachable"));
});
