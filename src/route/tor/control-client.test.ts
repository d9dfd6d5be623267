/** The control client against a scripted server: authentication, order, events, and servers that lie or stay silent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { atEnd } from "../../../test/support/cleanup.ts";
import { startControlServer } from "../../../test/support/control-server.ts";
import { waitUntil } from "../../../test/support/wait.ts";
import { connectControl } from "./control-client.ts";

test("both sides prove that they know the cookie; then commands are answered in order", async (t) => {
  const answer = (line: string) =>
    line.startsWith("GETINFO circuit")
      ? ["250+circuit-status=", "1 BUILT $AB~a", "..dotted", ".", "250-version=0.4.9", "250 OK"]
      : ["552 Unrecognized key"];
  const server = await startControlServer(t, { answer });
  const client = await connectControl(server.place, server.cookie);
  atEnd(t, () => client.close());
  const [info, refused] = await Promise.allSettled([
    client.getInfo("circuit-status", "version"),
    client.command("GETINFO", "unheard/of"),
  ]);
  assert.deepEqual(info.status === "fulfilled" && [...info.value], [
    ["circuit-status", "1 BUILT $AB~a\n.dotted"],
    ["version", "0.4.9"],
  ]);
  assert.ok(refused.status === "rejected");
  assert.equal(refused.reason.code, "tor_refused");
  assert.equal(refused.reason.status, 552);
  assert.deepEqual(server.commands, ["GETINFO circuit-status version", "GETINFO unheard/of"]);
});

test("a server that does not know the cookie is left, and is not shown the cookie", async (t) => {
  const server = await startControlServer(t, { liar: true });
  await assert.rejects(connectControl(server.place, server.cookie), { code: "tor_not_ours" });
  assert.equal(server.heard.length, 1, "no more than the challenge was said");
  assert.ok(!server.heard.join().includes(Buffer.from(server.cookie).toString("hex")));
});

test("the client's proof is wrong without the cookie", async (t) => {
  const server = await startControlServer(t);
  await assert.rejects(connectControl(server.place, new Uint8Array(32)), { code: "tor_not_ours" });
  await assert.rejects(connectControl(server.place, new Uint8Array(31)), { code: "tor_not_ours" });
});

test("an endless line and an endless reply end the connection", async (t) => {
  const limits = { controlLineBytes: 1_000, controlReplyBytes: 10_000, controlAnswerMs: 5_000 };
  for (const flood of ["250-x".padEnd(50_000, "x"), "250-x\r\n".repeat(5_000)]) {
    const server = await startControlServer(t, { raw: (socket) => void socket.write(flood) });
    await assert.rejects(connectControl(server.place, server.cookie, { limits }), { code: "bad_control_reply" });
  }
});

test("a reply that nobody asked for ends the connection", async (t) => {
  const server = await startControlServer(t);
  const client = await connectControl(server.place, server.cookie);
  server.say("250 OK");
  await client.closed;
  assert.equal(client.isOpen, false);
  await assert.rejects(client.command("GETINFO", "version"), { code: "tor_not_answering" });
});

test("an answer that comes too late is not taken for the next one; what was never sent stays unsent", async (t) => {
  let hangs = true;
  const server = await startControlServer(t, {
    answer: (line) => (hangs ? null : [`250-version=${line.split("/")[1]}`, "250 OK"]),
  });
  const client = await connectControl(server.place, server.cookie, { limits: { controlAnswerMs: 60 } });
  atEnd(t, () => client.close());
  const late = client.getInfo("version/1");
  const behind = client.getInfo("version/2");
  await assert.rejects(late, { code: "tor_not_answering" });
  await assert.rejects(behind, { code: "tor_not_answering" });
  assert.ok(client.isOpen, "a hung process may go on");
  hangs = false;
  server.say("250-version=1", "250 OK");
  assert.equal((await client.getInfo("version/3")).get("version"), "3");
  assert.deepEqual(server.commands, ["GETINFO version/1", "GETINFO version/3"]);
});

test("commands beyond the limit are refused", async (t) => {
  const server = await startControlServer(t, { answer: () => null });
  const client = await connectControl(server.place, server.cookie, {
    limits: { controlQueue: 2, controlAnswerMs: 60 },
  });
  atEnd(t, () => client.close());
  const waiting = [client.command("A"), client.command("B")];
  await assert.rejects(client.command("C"), { code: "tor_busy" });
  await Promise.allSettled(waiting);
});

test("events reach who listens, between replies and in several lines", async (t) => {
  const server = await startControlServer(t);
  const client = await connectControl(server.place, server.cookie);
  atEnd(t, () => client.close());
  const heard: string[] = [];
  const stop = await client.listen("CIRC", (lines) => void heard.push(lines.map(({ text }) => text).join("|")));
  await client.listen("STREAM", () => {});
  assert.deepEqual(server.commands, ["SETEVENTS CIRC", "SETEVENTS CIRC STREAM"]);
  server.say("650 CIRC 1 BUILT", "650 STREAM 3 NEW", "650-CIRC 2", "650 CLOSED");
  await waitUntil("both events", () => heard.length === 2);
  assert.deepEqual(heard, ["CIRC 1 BUILT", "CIRC 2|CLOSED"]);
  stop();
  server.say("650 CIRC 3 BUILT");
  await client.command("GETINFO", "version");
  assert.equal(heard.length, 2);
});

test("no word can become a second command", async (t) => {
  const server = await startControlServer(t);
  const client = await connectControl(server.place, server.cookie);
  atEnd(t, () => client.close());
  for (const word of ["a\r\nSIGNAL HALT", "a b", 'a"b', "a\\b", "", "ä", "a\0b"]) {
    assert.throws(() => client.command("GETINFO", word), { code: "bad_control_word" }, JSON.stringify(word));
  }
  for (const value of ["a\nSIGNAL HALT", "a\rb", "a\0b"]) {
    assert.throws(() => client.command("SETCONF", { key: "Bridge", value }), { code: "bad_control_word" });
  }
  await client.command("SETCONF", { key: "Nickname", value: 'a "b" \\ c' });
  assert.deepEqual(server.commands, ['SETCONF Nickname="a \\"b\\" \\\\ c"']);
});

test("commands that wait fail when the connection ends", async (t) => {
  const server = await startControlServer(t, { answer: () => null });
  const client = await connectControl(server.place, server.cookie);
  const waiting = client.command("GETINFO", "version");
  server.cut();
  await assert.rejects(waiting, { code: "tor_not_answering" });
  await client.closed;
});

test("nobody listens: an error, no wait", async (t) => {
  const server = await startControlServer(t);
  await assert.rejects(connectControl({ path: `${server.place.path}-none` }, server.cookie), {
    code: "tor_not_answering",
  });
});
