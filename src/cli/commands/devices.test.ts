import assert from "node:assert/strict";
import { hostname } from "node:os";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../../test/support/cleanup.ts";
import { type CliOptions, type CliResult, runCli } from "../../../test/support/nocturne-process.ts";
import { answerError, answerJson, readBody, startScriptedNode } from "../../../test/support/scripted-node.ts";
import type { DeviceLinkView, DeviceView } from "../../api/contract.ts";

const AT = "2026-01-01T00:00:00.000Z";
const LINK: DeviceLinkView = { link: "nocturne:device/AQID", words: "abandon ability able", expiresAt: AT };

function device(name: string, more: Partial<DeviceView> = {}): DeviceView {
  return { id: "ab".repeat(32), name, addedAt: AT, main: false, me: false, state: "active", history: null, ...more };
}

type Run = (
  words: readonly string[],
  options?: CliOptions,
) => Promise<CliResult & { readonly calls: readonly string[] }>;

/** Runs commands against a node with these devices; what it was asked to do is told with each. */
async function answering(t: TestContext, devices: readonly DeviceView[] = []): Promise<Run> {
  const dataDir = temporaryFolder(t);
  const calls: string[] = [];
  await startScriptedNode(t, dataDir, async (request, response) => {
    const body = await readBody(request);
    if (request.url === "/api/status") return answerJson(response, {});
    calls.push(`${request.method} ${request.url} ${body}`.trim());
    if (request.url === "/api/devices/links") return answerJson(response, LINK);
    if (request.url === "/api/devices/join") return answerJson(response, { npub: "npub1ada" });
    if (request.url?.startsWith("/api/devices")) return answerJson(response, devices);
    answerError(response, 404, "unknown", "input");
  });
  return async (words, options) => {
    calls.length = 0;
    return { ...(await runCli(["device", ...words], { dataDir, ...options })), calls: [...calls] };
  };
}

test("a link goes to a pipe alone; its words, its end and a warning stand beside it", async (t) => {
  const run = await answering(t);
  const { stdout, stderr, calls } = await run(["link"]);
  assert.deepEqual(calls, ["POST /api/devices/links"]);
  assert.equal(stdout, `${LINK.link}\n`);
  for (const said of [LINK.words, AT, "show it to nobody else"]) assert.ok(stderr.includes(said), said);
  assert.deepEqual((await run(["link", "--json"])).json, LINK);
});

test("a device joins by what comes on stdin, by words too, under the host's name unless told otherwise", async (t) => {
  const run = await answering(t);
  const joined = (link: string, name: string, relay?: string) => [
    `POST /api/devices/join ${JSON.stringify({ link, name, ...(relay === undefined ? {} : { relay }) })}`,
  ];
  const { calls, stdout } = await run(["join"], { stdin: `${LINK.link}\n` });
  assert.deepEqual(calls, joined(LINK.link, hostname()));
  assert.equal(stdout, "This is a device of npub1ada now.\n");
  const named = await run(["join", "-", "--name", "Laptop"], { stdin: ` ${LINK.link} ` });
  assert.deepEqual(named.calls, joined(LINK.link, "Laptop"));
  const byWords = await run(["join", ...LINK.words.split(" "), "--name", "L", "--relay", "ws://127.0.0.1:1"]);
  assert.deepEqual(byWords.calls, joined(LINK.words, "L", "ws://127.0.0.1:1"));
  const none = await run(["join"]);
  assert.deepEqual([none.code, none.calls], [2, []]);
});

test("the list says in words what each device is, and a name cannot rewrite the terminal", async (t) => {
  const run = await answering(t, [
    device("Main device", { main: true }),
    device("Lap\u001b[2Jtop\nx", { me: true, state: "joining", history: 0.429 }),
    device("Old", { state: "unlinked" }),
  ]);
  const lines = (await run(["list"])).stdout.trimEnd().split("\n");
  const cells = lines.slice(1).map((line) => line.split(/ {2,}/).slice(0, 3));
  assert.deepEqual(cells, [
    ["Main device", "main", "active"],
    ["Laptop x", "this one", "joining, history 42 %"],
    ["Old", "unlinked: wipe it, then link it anew", AT],
  ]);
});

test("nothing is revoked before it is confirmed, and where nobody can be asked only by --yes", async (t) => {
  const run = await answering(t, [device("Main device", { main: true, me: true })]);
  const asked = await run(["revoke", "My phone"]);
  assert.deepEqual([asked.code, asked.calls], [2, []]);
  assert.match(asked.stderr, /what it has received stays on it.*--yes/);
  assert.deepEqual((await run(["revoke", "My phone", "--yes"])).calls, ["DELETE /api/devices/My%20phone"]);
});
