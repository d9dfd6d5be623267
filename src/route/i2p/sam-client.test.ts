import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startSamBridge, sayYes } from "../../../test/support/sam-bridge.ts";
import { createSession, forwardTo, openSam, openStream } from "./sam-client.ts";

const never = new AbortController().signal;

test("a stream begins behind the answer, wherever the bytes are cut", async (t) => {
  for (const cut of [0, 1, 20, 30]) {
    const whole = "STREAM STATUS RESULT=OK\nfirst\nwords";
    const { place } = await startSamBridge(t, (line, socket) => {
      if (!line.startsWith("STREAM CONNECT")) return sayYes(line);
      setTimeout(() => socket.write(whole.slice(cut)), 10);
      return whole.slice(0, cut);
    });
    const socket = await openStream(place, "a", "b.i2p", never);
    await sleep(20); // it would be lost by now
    let text = "";
    socket
      .setEncoding("utf8")
      .on("data", (more: string) => (text += more))
      .resume();
    while (text.length < "first\nwords".length) await once(socket, "data");
    assert.equal(text, "first\nwords");
    socket.destroy();
  }
});

test("a session lives as long as its connection", async (t) => {
  const bridge = await startSamBridge(t);
  const options = { "i2cp.leaseSetEncType": "4" };
  const session = await createSession(bridge.place, { id: "a", secret: "key", options }, never);
  const forward = await forwardTo(bridge.place, "a", 4_000, never);
  assert.deepEqual(
    bridge.asked.filter((line) => !line.startsWith("HELLO")),
    [
      "SESSION CREATE STYLE=STREAM ID=a DESTINATION=key i2cp.leaseSetEncType=4",
      "STREAM FORWARD ID=a PORT=4000 SILENT=true",
    ],
  );
  await bridge.stop();
  await Promise.all([session.closed, forward.closed]);
});

test("what a router refuses is told by its word", async (t) => {
  const { place } = await startSamBridge(t, (line) =>
    line.startsWith("STREAM") ? 'STREAM STATUS RESULT=CANT_REACH_PEER MESSAGE="x"\n' : sayYes(line),
  );
  await assert.rejects(openStream(place, "a", "b.i2p", never), { code: "sam_refused", result: "CANT_REACH_PEER" });
});

test("a router that is silent, lies or talks too much is given up, and no port at all is told apart", async (t) => {
  const lies: readonly [string, string | null][] = [
    ["sam_not_answering", null],
    ["sam_not_answering", "STREAM STATUS RESULT=OK\n"],
    ["sam_not_answering", "HELLO REPLY VERSION=3.1\n"],
    ["sam_not_answering", "x".repeat(9_000)],
    ["sam_not_answering", `${"x".repeat(9_000)}\n`],
    ["sam_not_answering", "HELLO REPLY RES"],
    ["bad_sam_line", "HTTP/1.1 400 Bad Request\r\n\r\n"],
    ["sam_refused", "HELLO REPLY RESULT=NOVERSION\n"],
  ];
  for (const [code, answer] of lies) {
    const { place } = await startSamBridge(t, () => answer, { answerMs: 50 });
    await assert.rejects(openSam(place, never), { code }, `${answer}`.slice(0, 30));
  }
  const gone = await startSamBridge(t);
  await gone.stop();
  await assert.rejects(openSam(gone.place, never), { code: "sam_absent" });
});

test("an answer that nobody asked for ends a session, instead of being taken for the next one's", async (t) => {
  const { place } = await startSamBridge(t, (line, socket) => {
    if (line.startsWith("SESSION")) setTimeout(() => socket.write("SESSION STATUS RESULT=OK\n"), 20);
    return sayYes(line);
  });
  const session = await createSession(place, { id: "a", secret: null, options: {} }, never);
  await session.closed;
});

test("who gives up leaves no connection", async (t) => {
  const bridge = await startSamBridge(t, (line, socket) => {
    if (!line.startsWith("SESSION")) return sayYes(line);
    socket.once("close", ended.resolve);
    giveUp.abort(new Error("enough"));
    return null;
  });
  const ended = Promise.withResolvers<void>();
  const giveUp = new AbortController();
  await assert.rejects(createSession(bridge.place, { id: "a", secret: null, options: {} }, giveUp.signal), /enough/);
  await ended.promise;
});

test("an address that holds a command is not sent", async (t) => {
  const bridge = await startSamBridge(t);
  await assert.rejects(openStream(bridge.place, "a", "b.i2p\nSESSION REMOVE", never), { code: "bad_sam_word" });
  assert.deepEqual(bridge.asked.length, 1);
});
