/**
 * A file on its way from one node to others: to a contact, to a group of three, over a sender that is killed on the way,
 * and past somebody who was removed. What arrives is compared by SHA-256.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { FileView, Group, LinkView, Message, ReceivedFile, SendResult } from "../../src/api/contract.ts";
import { concatBytes } from "../../src/core/bytes.ts";
import type { NocturneError } from "../../src/core/errors.ts";
import { parseRecoveryKey } from "../../src/crypto/recovery-key.ts";
import { visitLink } from "../../src/files/link-visitor.ts";
import { createRoot, type Identity, identityOf } from "../../src/vault/identity.ts";
import { becomes, messagesOf, roll } from "../support/group.ts";
import { type NocturneProcess, runCli, startNocturne, temporaryFolder } from "../support/nocturne-process.ts";
import { ask, befriend } from "../support/people.ts";

const MIB = 1_048_576;
const LARGE_BYTES = 192 * MIB;
const ARRIVAL_MS = 60_000;

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test("files go to a contact and to a group, and to nobody else", async (t) => {
  const [ada, bob, cyd] = await Promise.all([startNocturne(t), startNocturne(t), startNocturne(t)]);
  const folder = temporaryFolder(t);
  await befriend(ada, bob, { host: "ada", guest: "bob" });
  await befriend(ada, cyd, { host: "ada", guest: "cyd" });

  const plan = makeFile(folder, "plan.pdf", 3 * MIB + 5);
  const toBob = await receivedFrom(bob, ada.npub, await send(ada, "bob", plan.path));
  const [attached] = toBob.files;
  assert.ok(attached?.forRecipients, "it takes Bob's keys");
  const shown = await bob.run(["inbox"]);
  assert.match(shown.stdout, new RegExp(`nocturne files receive ${toBob.id}`));
  const saved = await bob.run<FileView>(["files", "receive", toBob.id, "--json"]);
  assert.equal(saved.code, 0, saved.stderr);
  assert.equal(saved.json.path, "/Received/ada/plan.pdf");
  assert.equal(await hashOf(bob, saved.json.id, folder), plan.sha256);
  const onDisk = join(folder, "bobs-plan.pdf");
  const straight = await bob.run(["files", "receive", toBob.id, attached.id, "-o", onDisk]);
  assert.equal(straight.code, 0, straight.stderr);
  assert.equal(sha256(readFileSync(onDisk)), plan.sha256);
  // Without any of these keys, as `files fetch` and a browser are, the link is refused in plain words.
  const elsewhere = temporaryFolder(t);
  const fetched = await runCli(["files", "fetch", "--json"], { cwd: elsewhere, stdin: attached.url });
  assert.deepEqual([fetched.code, readdirSync(elsewhere)], [1, []]);
  assert.match(fetched.stderr, /for_recipients.*particular people/s);
  const [link] = await ask<LinkView[]>(ada, "GET", "/links");
  assert.deepEqual(link?.sharedWith, { conversation: bob.npub, name: "bob", forRecipients: true });

  const { id } = await ask<Group>(ada, "POST", "/groups", { name: "Climbers", members: [bob.npub, cyd.npub] });
  for (const one of [ada, bob, cyd]) {
    await becomes("all are in", async () => (await roll(one, id).catch(() => [])).length, 3);
  }
  const map = makeFile(folder, "map.png", 200_000);
  const toGroup = await send(ada, id, map.path);
  for (const one of [bob, cyd]) {
    const { id: message } = await receivedFrom(one, id, toGroup);
    const got = await one.run<FileView>(["files", "receive", message, "--to", "/", "--json"]);
    assert.equal(got.code, 0, got.stderr);
    assert.equal(got.json.path, "/map.png");
    assert.equal(await hashOf(one, got.json.id, folder), map.sha256);
  }

  await ask(ada, "DELETE", `/groups/${id}/members/${cyd.npub}`);
  await becomes("Cyd is out", async () => (await ask<Group>(cyd, "GET", `/groups/${id}`)).joined, false);
  const later = makeFile(folder, "later.txt", 1_000);
  const sent = await send(ada, id, later.path);
  const { files } = await receivedFrom(bob, id, sent);
  const url = files[0]?.url ?? "";
  assert.ok(!(await messagesOf(cyd, id)).some((message) => message.id === sent));
  // Somebody tells Cyd the link: nothing is opened with it and Cyd's keys, as it is with Bob's.
  const [bobs, cyds] = await Promise.all([keysOf(bob), keysOf(cyd)]);
  assert.equal(sha256(await visited(url, bobs)), later.sha256, "the control");
  await assert.rejects(visited(url, cyds), (error: NocturneError) => error.code === "not_a_recipient");
  const inGroup = (await messagesOf(cyd, id)).find((message) => message.id === toGroup)?.files[0]?.url ?? "";
  assert.equal(sha256(await visited(inGroup, cyds)), map.sha256, "what was sent before stays open to Cyd");

  await ask(ada, "DELETE", `/links/${link?.slug}`);
  const ended = await bob.run(["files", "receive", toBob.id, "-o", join(folder, "again.pdf")]);
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /no longer offers/);
});

test("the sender is killed on the way and comes back: the rest follows by itself", async (t) => {
  const [ada, bob] = await Promise.all([startNocturne(t), startNocturne(t)]);
  const folder = temporaryFolder(t);
  await befriend(ada, bob, { host: "ada", guest: "bob" });
  const film = makeFile(folder, "film.mkv", LARGE_BYTES);
  const { id, files } = await receivedFrom(bob, ada.npub, await send(ada, "bob", film.path));
  await ask(bob, "POST", `/messages/${id}/files/${files[0]?.id}/save`, {});
  const before = await until(bob, ({ done, state }) => done > LARGE_BYTES / 10 || state === "saved", 5);
  assert.ok(before.done < LARGE_BYTES, "killed before the end");
  await ada.end("SIGKILL");
  const waiting = await until(bob, ({ state }) => state === "waiting");
  assert.ok(waiting.done >= before.done && waiting.done < LARGE_BYTES, `${waiting.done}`);
  assert.equal(waiting.error?.code, "link_unreachable");
  await startNocturne(t, { dataDir: ada.dataDir, ports: ada.ports });
  let least = waiting.done;
  const goesOn = ({ done }: ReceivedFile): void => {
    assert.ok(done >= least, "it goes on where it broke");
    least = done;
  };
  const further = await until(
    bob,
    (file) => {
      goesOn(file);
      return file.done > waiting.done + LARGE_BYTES / 10 || file.state === "saved";
    },
    5,
  );
  assert.ok(further.done < LARGE_BYTES, "killed before the end");
  // Then the one who receives is killed: nobody asks for the file again, and what came is not fetched again.
  await bob.end("SIGKILL");
  const again = await startNocturne(t, { dataDir: bob.dataDir, ports: bob.ports });
  least = LARGE_BYTES / 20;
  const saved = await until(again, (file) => {
    if (file.done > 0) goesOn(file);
    return file.state === "saved" || file.state === "failed";
  });
  assert.equal(saved.state, "saved", saved.error?.message);
  assert.equal(await hashOf(again, saved.savedAs?.id ?? "", folder), film.sha256);
});

function makeFile(folder: string, name: string, bytes: number): { path: string; sha256: string } {
  const content = randomBytes(bytes);
  const path = join(folder, name);
  writeFileSync(path, content);
  return { path, sha256: sha256(content) };
}

/** By the command line; the message's id. */
async function send(from: NocturneProcess, to: string, path: string): Promise<string> {
  const sent = await from.run<SendResult>(["send", to, "--file", path, "--json"]);
  assert.equal(sent.code, 0, sent.stderr);
  return sent.json.id;
}

async function receivedFrom(node: NocturneProcess, conversation: string, id: string): Promise<Message> {
  const find = async (): Promise<Message | undefined> =>
    (await messagesOf(node, conversation)).find((message) => message.id === id);
  await becomes("the message is there", async () => (await find()) !== undefined, true);
  return (await find()) as Message;
}

async function hashOf(node: NocturneProcess, id: string, folder: string): Promise<string> {
  const path = join(folder, `out-${id}`);
  const got = await node.run(["files", "get", id, "-o", path]);
  assert.equal(got.code, 0, got.stderr);
  return sha256(readFileSync(path));
}

/** The keys of a node's device, as its recovery key gives them. */
async function keysOf(node: NocturneProcess): Promise<Identity> {
  const { json } = await node.run<{ hex: string }>(["recovery", "show", "--json"]);
  return identityOf(createRoot(parseRecoveryKey(json.hex), 0));
}

async function visited(url: string, keys: Identity): Promise<Uint8Array> {
  const broke = async (error: Error): Promise<never> => {
    throw error;
  };
  const visit = await visitLink(url, { fetch, keys: () => keys, signal: AbortSignal.timeout(ARRIVAL_MS), broke });
  return concatBytes(...(await Array.fromAsync(visit.open())));
}

/** How the only file on its way is, once it is so. */
async function until(node: NocturneProcess, isSo: (file: ReceivedFile) => boolean, pollMs = 50): Promise<ReceivedFile> {
  for (const endMs = Date.now() + ARRIVAL_MS; Date.now() < endMs; await sleep(pollMs)) {
    const [file] = await ask<ReceivedFile[]>(node, "GET", "/received");
    if (file && isSo(file)) return file;
  }
  throw new Error(`not within ${ARRIVAL_MS} ms`);
}
