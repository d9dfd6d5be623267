import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../../test/support/cleanup.ts";
import { BlobStore } from "../blob-store.ts";
import { Bucket } from "./bucket.ts";
import { blobsElsewhere } from "./elsewhere.ts";
import { Pointers } from "./pointers.ts";

const [HERE, THERE] = ["https://s3.example/here", "https://s3.example/there"];
const head = new Uint8Array(0);

test("files in other buckets are counted by bucket; damaged and foreign files are left out", async (t) => {
  const folder = join(temporaryFolder(t), "blobs");
  assert.deepEqual(await blobsElsewhere(folder, null), new Map(), "no folder yet");
  mkdirSync(folder);
  const pointers = new Pointers(folder);
  for (const [index, place] of [HERE, THERE, THERE].entries()) {
    pointers.set(String(index).repeat(32), { place, bytes: 5, head });
  }
  writeFileSync(join(folder, `${"a".repeat(32)}.remote`), "{");
  writeFileSync(join(folder, "notes.remote"), JSON.stringify({ place: "https://s3.example/other" }));
  assert.deepEqual(await blobsElsewhere(folder, HERE), new Map([[THERE, 2]]));
  assert.deepEqual(
    await blobsElsewhere(folder, null),
    new Map([
      [HERE, 1],
      [THERE, 2],
    ]),
  );
});

test("a store lacks a bucket only when blobs lie in one and none was named", (t) => {
  const folder = temporaryFolder(t);
  const bucket = new Bucket({ fetch, url: HERE, region: "auto", keyId: "id", secret: "secret" });
  assert.equal(new BlobStore(folder).lacksBucket(), false);
  new Pointers(folder).set("0".repeat(32), { place: HERE, bytes: 5, head });
  assert.equal(new BlobStore(folder).lacksBucket(), true);
  assert.equal(new BlobStore(folder, bucket).lacksBucket(), false);
});
