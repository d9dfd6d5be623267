/** A connection that ends while a stream is being opened on it: by the muxer alone, that would end the program. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { yamux } from "@chainsafe/libp2p-yamux";
import type { StreamMuxerFactory } from "@libp2p/interface";
import { multiaddrConnectionPair } from "@libp2p/utils";
import { streamMuxer } from "./muxer.ts";

/** What reached nobody, after a stream was opened on a connection that is ending. */
async function openedTooLate(factory: StreamMuxerFactory): Promise<{ uncaught: unknown[]; status: string }> {
  const uncaught: unknown[] = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  const keep = (error: unknown): void => void uncaught.push(error);
  process.on("uncaughtException", keep);
  try {
    const [connection] = multiaddrConnectionPair();
    const muxer = factory.createStreamMuxer(connection);
    void connection.close().catch(() => {});
    const stream = await muxer.createStream();
    await turn();
    return { uncaught, status: stream.status };
  } finally {
    process.off("uncaughtException", keep);
    for (const listener of listeners) process.on("uncaughtException", listener);
  }
}

test("yamux alone throws where nobody catches it", async () => {
  const { uncaught } = await openedTooLate(yamux()());
  assert.equal(uncaught.length, 1);
});

test("here, the connection and the stream close, and nothing else happens", async () => {
  const { uncaught, status } = await openedTooLate(streamMuxer()());
  assert.deepEqual(uncaught, []);
  assert.notEqual(status, "open");
});
