import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileView } from "../../src/api/contract.ts";
import { fakeNode } from "../testing/node-of-uploads.ts";
import { sendFile } from "./send-file.ts";

const BYTES = 20 * 1_048_576; // 20 MiB

function send(): Promise<FileView> {
  return sendFile(new File([new Uint8Array(BYTES)], "a"), {
    options: { cipher: "aes-256-gcm", password: "", folder: "", taken: "version", storage: "local" },
    upload: null,
    signal: new AbortController().signal,
    onProgress: () => {},
    onAway: () => {},
    onBegun: () => {},
  });
}

test("a connection that breaks again and again, but brings on a little each time, ends with the file", async (t) => {
  const node = fakeNode(t, BYTES, (call) => (call <= 12 ? "broken" : "taken"));
  assert.equal((await send()).id, "file");
  assert.equal(node.offset, BYTES);
});

test("a node that answers and takes nothing is given up, with or without breaks in between", {
  timeout: 5_000,
}, async (t) => {
  const node = fakeNode(t, BYTES, (call) => (call === 1 ? "taken" : "idle"));
  await assert.rejects(send(), { code: "upload_stuck" });
  assert.equal(node.sent, 6);
});
