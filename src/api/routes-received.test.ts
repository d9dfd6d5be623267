import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { type ApiNode, startApiNode } from "../../test/support/api-node.ts";
import { messagesOf } from "../../test/support/group.ts";
import { ask, befriend, deliver, type Reachable } from "../../test/support/people.ts";
import { askUntil } from "../../test/support/wait.ts";
import { utf8Encode } from "../core/bytes.ts";
import { RECEIVE_LIMITS } from "../core/limits.ts";
import type { ApiError, DownloadTicket, FileView, LinkView, Message, ReceivedFile, SendResult } from "./contract.ts";
import * as schemas from "./schemas.ts";

interface Side extends Reachable {
  readonly node: ApiNode;
}

async function open(): Promise<Side> {
  const node = await startApiNode();
  return { node, dataDir: node.config.dataDir, npub: node.npub ?? "" };
}

test("a file of a message is saved here, or goes to the disk, and is refused in plain words", async () => {
  await using stack = new AsyncDisposableStack();
  const [ada, ben] = await Promise.all([open(), open()]);
  stack.defer(() => ben.node.close());
  let isUp = true;
  stack.defer(async () => (isUp ? ada.node.close() : undefined));
  await befriend(ada, ben, { host: "Ada", guest: "Ben" });
  const { body: file } = await ada.node.call<FileView>("PUT", "/api/files?name=plan.txt", utf8Encode("the plan"));
  await deliver(ada, ben, "here", [file.id]);
  const [message] = await messagesOf(ben, ada.npub);
  const path = `/messages/${message?.id}/files/${file.id}`;
  const refusal = async (side: Side, method: string, where: string, json?: unknown): Promise<[number, string]> => {
    const { status, body } = await side.node.call<ApiError>(method, `/api${where}`, json);
    return [status, body.error.code];
  };

  assert.deepEqual(await refusal(ben, "POST", `/messages/${message?.id}/files/other/save`, {}), [404, "unknown_file"]);
  assert.deepEqual(await refusal(ben, "POST", `/messages/${"0".repeat(32)}/files/x/save`, {}), [
    404,
    "unknown_message",
  ]);
  assert.deepEqual(await refusal(ben, "POST", `${path}/save`, { folder: "/Nowhere" }), [404, "unknown_folder"]);
  assert.deepEqual(await refusal(ada, "POST", `${path}/save`, {}), [400, "in_library"]);

  const { ticket } = await ask<DownloadTicket>(ben, "POST", `${path}/ticket`, {});
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const saved = await ben.node.call<string>("POST", "/api/files/download", `ticket=${ticket}`, form);
  assert.deepEqual([saved.status, saved.body], [200, "the plan"]);
  assert.match(saved.headers.get("content-disposition") ?? "", /plan\.txt/);
  assert.equal((await ben.node.call<string>("POST", `/api${path}/content`, {})).body, "the plan");
  assert.deepEqual(await ask<FileView[]>(ben, "GET", "/files"), [], "nothing of it stays here");

  v.assert(schemas.receivedFileSchema, await ask(ben, "POST", `${path}/save`, {}));
  const list = (): Promise<ReceivedFile[]> => ask<ReceivedFile[]>(ben, "GET", "/received");
  await askUntil("it is saved", list, ([one]) => one?.state === "saved");
  v.assert(schemas.receivedFilesSchema, await list());
  const [kept] = await ask<FileView[]>(ben, "GET", "/files");
  assert.equal(kept?.path, "/Received/Ada/plan.txt");
  await ask(ben, "DELETE", `${path}/save`); // too late, and harmless
  assert.equal((await list())[0]?.savedAs?.id, kept?.id);

  // A voice note is held by the page that plays it: what is longer is refused before it is asked for.
  const bytes = new Uint8Array(RECEIVE_LIMITS.voiceBytes + 1);
  const { body: long } = await ada.node.call<FileView>("PUT", "/api/files?name=note.webm", bytes);
  const { id: noteId } = await ask<SendResult>(ada, "POST", "/messages", {
    to: ben.npub,
    text: "",
    files: [long.id],
    voiceSeconds: 5,
  });
  const notes = (): Promise<readonly Message[]> => messagesOf(ben, ada.npub);
  await askUntil("the note is there", notes, (all) => all.some(({ id }) => id === noteId));
  const notePath = `/messages/${noteId}/files/${long.id}`;
  assert.deepEqual(await refusal(ben, "POST", `${notePath}/content`, {}), [400, "file_too_large"]);
  const used = (await ask<LinkView[]>(ada, "GET", "/links")).find(({ file: { id } }) => id === long.id);
  assert.equal(used?.downloads, 0);

  await ask(ben, "DELETE", `/files/${kept?.id}?forever=true`);
  isUp = false;
  await ada.node.close();
  assert.deepEqual(await refusal(ben, "POST", `${path}/ticket`, {}), [502, "link_unreachable"]);
  await ask(ben, "POST", `${path}/save`, {});
  await askUntil("it waits", list, ([one]) => one?.state === "waiting");
  await ask(ben, "DELETE", `${path}/save`);
  assert.deepEqual(await list(), []);
});
