import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fakeNode } from "../testing/node-of-uploads.ts";
import { attachFromDisk } from "./attachments.ts";
import { draftOf } from "./drafts.ts";
import {
  ATTACHMENT,
  cancelUpload,
  clearFinished,
  resumeUpload,
  uploadFile,
  uploadOnce,
  uploadsStore,
} from "./uploads.ts";

const BYTES = 9 * 1_048_576; // 9 MiB
const large = (): File => new File([new Uint8Array(BYTES)], "a");

const seen = new Set<number>();

/** The newest on the list, once it is in this state. The list follows with some delay, so that one from before may be there. */
async function listed(state: string): Promise<number> {
  for (let i = 0; i < 100; i++) {
    const one = uploadsStore.get().at(-1);
    if (one?.state === state && !seen.has(one.id)) {
      seen.add(one.id);
      return one.id;
    }
    await sleep(20);
  }
  return assert.fail(`it is not ${state}`);
}

test("an attachment that failed is attached once it is resumed", async (t) => {
  fakeNode(t, BYTES, (call) => (call === 1 ? "refused" : "taken"));
  const attached = attachFromDisk("npub1bob", [large()]);
  resumeUpload(await listed("failed"));
  await attached;
  assert.deepEqual(
    draftOf("npub1bob").files.map(({ id }) => id),
    ["file"],
  );
});

test("what failed is over once it is cleared or cancelled, or at once for who asked for it so", async (t) => {
  fakeNode(t, BYTES, () => "refused");
  const ways = { cleared: () => clearFinished(), cancelled: (id: number) => cancelUpload(id) };
  for (const [name, end] of Object.entries(ways)) {
    const upload = uploadFile(large(), ATTACHMENT);
    end(await listed("failed"));
    assert.equal(await upload, null, name);
    clearFinished();
  }
  assert.equal(await uploadOnce(large(), ATTACHMENT), null);
});
