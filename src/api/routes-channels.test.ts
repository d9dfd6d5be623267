import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import * as v from "valibot";
import { WebSocket } from "ws";
import { until } from "../../test/support/acquaintance.ts";
import { type ApiNode, startApiNode } from "../../test/support/api-node.ts";
import { utf8Encode } from "../core/bytes.ts";
import { socketPath } from "../node/socket-path.ts";
import type {
  ApiError,
  Channel,
  ChannelLink,
  ChannelPage,
  ChannelPost,
  FileView,
  LinkView,
  PushEvent,
} from "./contract.ts";
import * as schemas from "./schemas.ts";

const PASSPHRASE = "four unrelated words here";

let owner: ApiNode;
let reader: ApiNode;
let id = "";
const heard: PushEvent[] = [];

before(async () => {
  [owner, reader] = await Promise.all([startApiNode(), startApiNode()]);
  const socket = new WebSocket(`ws+unix://${socketPath(reader.config.dataDir)}:/api/push`);
  socket.on("message", (data) => heard.push(JSON.parse((data as Buffer).toString()) as PushEvent));
  await once(socket, "open");
});
after(() => Promise.all([owner.close(), reader.close()]));

const channelsOf = async (node: ApiNode) => (await node.call<Channel[]>("GET", "/api/channels")).body;
const linksOf = async (node: ApiNode) => (await node.call<LinkView[]>("GET", "/api/links")).body;
const post = (body: unknown) => owner.call<ChannelPost>("POST", `/api/channels/${id}/posts`, body);

/** What the reader sees now. */
async function page(query = ""): Promise<ChannelPage> {
  const { body } = await reader.call<ChannelPage>("GET", `/api/channels/${id}/posts${query}`);
  v.assert(schemas.channelPageSchema, body);
  return body;
}

async function shown(): Promise<string[]> {
  return (await page()).entries.map((entry) => {
    if (entry.type !== "post") return entry.type;
    return entry.deleted ? "deleted" : entry.text;
  });
}

async function seen(...wanted: readonly string[]): Promise<void> {
  await until(`the reader sees ${wanted.join(", ")}`, async () => (await shown()).join() === wanted.join());
}

test("a channel is made, its link handed on, and its posts arrive and are pushed", async () => {
  const made = await owner.call<Channel>("POST", "/api/channels", { name: "Night sky", description: "What to see" });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  v.assert(schemas.channelSchema, made.body);
  assert.deepEqual([made.body.name, made.body.mine, made.body.state], ["Night sky", true, "open"]);
  id = made.body.id;
  const { link } = (await owner.call<ChannelLink>("GET", `/api/channels/${id}/link`)).body;
  assert.match(link, /^nocturne:channel\//);
  const first = await post({ text: "The moon is full ✨" });
  v.assert(schemas.channelPostSchema, first.body);
  const joined = await reader.call<Channel>("POST", "/api/channels/join", { link: ` ${link}\n` });
  assert.deepEqual([joined.body.id, joined.body.mine], [id, false]);
  await seen("The moon is full ✨");
  v.assert(schemas.channelsSchema, await channelsOf(reader));
  assert.equal((await channelsOf(reader))[0]?.name, "Night sky");
  assert.equal((await post({ text: "Look up", replyTo: first.body.n })).body.replyTo, first.body.n);
  await seen("The moon is full ✨", "Look up");
  await until("the push", async () => heard.some((event) => event.event === "channel-post" && event.post.n === 2));
  assert.ok(heard.some((event) => event.event === "channel" && event.channel.name === "Night sky"));
  const newest = await page("?limit=1");
  assert.equal(newest.entries.length, 1);
  assert.equal((await page(`?before=${newest.before}`)).entries.length, 1);
});

test("a file travels as a link that ends with its post; a refused post leaves no link behind", async () => {
  const file = (await owner.call<FileView>("PUT", "/api/files?name=map.txt", utf8Encode("the map"))).body;
  const refused = await post({ text: "x", files: [file.id], replyTo: 999 });
  assert.equal(refused.status, 404, JSON.stringify(refused.body));
  assert.deepEqual(await linksOf(owner), []);
  const { n, files } = (await post({ text: "Where", files: [file.id] })).body;
  assert.equal((await linksOf(owner))[0]?.url, files[0]?.url);
  await seen("The moon is full ✨", "Look up", "Where");
  const edited = await owner.call<ChannelPost>("PUT", `/api/channels/${id}/posts/${n}`, { text: "There" });
  assert.equal(edited.body.text, "There");
  await seen("The moon is full ✨", "Look up", "There");
  const deleted = await owner.call<ChannelPost>("DELETE", `/api/channels/${id}/posts/${n}`);
  assert.equal(deleted.body.deleted, true);
  assert.deepEqual(await linksOf(owner), []);
  await seen("The moon is full ✨", "Look up", "deleted");
});

test("bad input is refused by its name", async () => {
  const refusals: readonly (readonly [ApiNode, string, string, unknown, number, string])[] = [
    [owner, "POST", "/api/channels", {}, 400, "bad_request"],
    [owner, "POST", "/api/channels", { name: "" }, 400, "bad_post"],
    [owner, "POST", "/api/channels", { name: "x".repeat(65) }, 400, "bad_post"],
    [owner, "POST", "/api/channels/join", { link: "nocturne:channel/AAAA" }, 400, "bad_channel_link"],
    [owner, "GET", "/api/channels/c0", undefined, 404, "no_such_channel"],
    [owner, "DELETE", "/api/channels/c0", undefined, 404, "no_such_channel"],
    [owner, "GET", `/api/channels/${id}/posts?before=soon`, undefined, 400, "bad_request"],
    [owner, "POST", `/api/channels/${id}/posts`, { text: " " }, 400, "empty_post"],
    [owner, "POST", `/api/channels/${id}/posts`, { text: "x", files: ["0000"] }, 404, "unknown_file"],
    [owner, "PUT", `/api/channels/${id}/posts/99`, { text: "x" }, 404, "no_such_post"],
    [owner, "DELETE", `/api/channels/${id}/posts/last`, undefined, 400, "bad_request"],
    [reader, "POST", `/api/channels/${id}/posts`, { text: "mine!" }, 403, "not_your_channel"],
    [reader, "PUT", `/api/channels/${id}/posts/1`, { text: "mine!" }, 403, "not_your_channel"],
    [reader, "DELETE", `/api/channels/${id}/posts/1`, undefined, 403, "not_your_channel"],
    [reader, "POST", `/api/channels/${id}/fresh-start`, undefined, 403, "not_your_channel"],
  ];
  for (const [node, method, path, body, status, code] of refusals) {
    const answer = await node.call<ApiError>(method, path, body);
    v.assert(schemas.apiErrorSchema, answer.body);
    const said = `${method} ${path}: ${JSON.stringify(answer.body)}`;
    assert.deepEqual([answer.status, answer.body.error.code], [status, code], said);
  }
  const { link } = (await owner.call<ChannelLink>("GET", `/api/channels/${id}/link`)).body;
  assert.equal((await owner.call("POST", "/api/channels/join", { link })).status, 409);
});

test("a locked vault tells nothing of its channels; after the unlock they go on", async () => {
  assert.equal((await reader.call("POST", "/api/vault/passphrase", { next: PASSPHRASE })).status, 200);
  assert.equal((await reader.call("POST", "/api/vault/lock")).status, 200);
  assert.equal((await reader.call("GET", "/api/channels")).status, 423);
  assert.equal((await reader.call("GET", `/api/channels/${id}/posts`)).status, 423);
  await post({ text: "While you slept" });
  assert.equal((await reader.call("POST", "/api/vault/unlock", { passphrase: PASSPHRASE })).status, 200);
  await seen("The moon is full ✨", "Look up", "deleted", "While you slept");
  await post({ text: "Good morning" });
  await seen("The moon is full ✨", "Look up", "deleted", "While you slept", "Good morning");
});

test("a fresh start sheds a reader until the new link; leaving forgets", async () => {
  const { link } = (await owner.call<ChannelLink>("POST", `/api/channels/${id}/fresh-start`)).body;
  await until("the reader is shed", async () => (await channelsOf(reader))[0]?.state === "moved");
  await post({ text: "Among friends" });
  assert.equal((await reader.call("GET", `/api/channels/${id}/link`)).status, 409);
  assert.equal((await shown()).at(-1), "moved");
  await reader.call("POST", "/api/channels/join", { link });
  await until("the reader is back", async () => (await shown()).at(-1) === "Among friends");
  assert.equal((await reader.call("DELETE", `/api/channels/${id}`)).status, 200);
  assert.deepEqual(await channelsOf(reader), []);
  await until("the push", async () => heard.some((event) => event.event === "channel-gone" && event.id === id));
});
