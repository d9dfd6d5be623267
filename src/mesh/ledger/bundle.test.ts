import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "../../core/bytes.ts";
import { type BundleReading, type EntrySource, readBundle, writeBundle } from "./bundle.ts";
import { appendLeaf, treeConsistency, treeEdge, type TreeNodes } from "./hash-tree.ts";
import { PieceReader } from "./piece-reader.ts";
import { type History, history, signer } from "./testing.ts";

const words = Array.from({ length: 13 }, (_, i) => `word ${i}`);
const log = history(signer(1), words);

function sourceOf({ entries, head }: History, size = entries.length): EntrySource & { given: number } {
  const kept = new Map<string, Uint8Array>();
  const nodes: TreeNodes = {
    get: (level, place) => kept.get(`${level} ${place}`) as Uint8Array,
    put: (level, place, hash) => kept.set(`${level} ${place}`, hash),
  };
  entries.forEach(({ hash }, i) => appendLeaf(nodes, i, hash));
  return {
    given: 0,
    head: () => head(size),
    edge: (edgeSize) => treeEdge(nodes, edgeSize),
    path: (from, to) => treeConsistency(nodes, from, to),
    *entries(first, count) {
      for (const { bytes } of entries.slice(first - 1, first - 1 + count)) {
        this.given += 1;
        yield bytes;
      }
    },
  };
}

const bundleOf = (of: EntrySource, first: number, count: number): Uint8Array =>
  concatBytes(...writeBundle(of, first, count));

async function* pieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const read = (bytes: Uint8Array, pieceBytes = 1_000): Promise<BundleReading> =>
  readBundle(new PieceReader(pieces(bytes, pieceBytes)));

test("any part of a log is shown under any of its heads", async () => {
  for (const size of [1, 2, 7, 8, 13]) {
    const source = sourceOf(log, size);
    for (let first = 1; first <= size; first++) {
      for (let count = 1; first + count - 1 <= size; count++) {
        const reading = await read(bundleOf(source, first, count));
        assert.deepEqual(reading, { head: log.head(size), first, count }, `${first} ${count} ${size}`);
      }
    }
    for (const [first, count] of [
      [0, 1],
      [1, 0],
      [1, size + 1],
      [size + 1, 1],
    ] as const) {
      assert.throws(() => bundleOf(source, first, count), { code: "no_such_entries" });
    }
  }
});

test("it may come in pieces of any length", async () => {
  const bytes = bundleOf(sourceOf(log), 4, 6);
  for (const length of [1, 2, 7, 200]) assert.ok("head" in (await read(bytes, length)));
});

test("one entry is held at a time, where it is written and where it is read", async () => {
  const source = sourceOf(log);
  const writing = writeBundle(source, 1, 13);
  writing.next();
  assert.equal(source.given, 0);
  writing.next();
  writing.next();
  assert.equal(source.given, 2);
  let ahead = 0;
  const reading = sourceOf(log);
  async function* watched(): AsyncGenerator<Uint8Array> {
    for (const piece of writeBundle(reading, 1, 13)) {
      ahead += 1;
      yield piece;
    }
  }
  const reader = new PieceReader(watched());
  await reader.take(200);
  assert.ok(ahead <= 2);
});

test("no byte can be changed, and a cut is noticed", async () => {
  const bytes = bundleOf(sourceOf(log), 6, 3);
  for (let at = 0; at < bytes.length; at += at < 300 ? 1 : 7) {
    const altered = bytes.slice();
    altered[at] = (altered[at] as number) ^ 0x11;
    assert.ok("problem" in (await read(altered)), `byte ${at}`);
    if (at % 3 === 0) assert.ok("problem" in (await read(bytes.subarray(0, at))), `cut at ${at}`);
  }
  assert.deepEqual(await read(concatBytes(bytes, new Uint8Array(1))), {
    problem: "Something stands behind its last entry.",
  });
});

test("the attack: signed entries that the signer took out of its log again are shown under its head", async () => {
  const rewritten = history(
    signer(1),
    words.map((word, i) => (i === 6 ? "another" : word)),
  );
  // Each is signed and in order; only the head says that they are not its history.
  const forged = { ...sourceOf(rewritten), head: () => log.head() };
  const problem = { problem: "These entries are not those that its head stands for." };
  assert.deepEqual(await read(bundleOf(forged, 1, 13)), problem);
  assert.deepEqual(await read(bundleOf(forged, 7, 2)), problem);
  assert.ok("problem" in (await read(bundleOf(forged, 1, 6))), "not even those before, by a path of the other log");
  assert.ok("head" in (await read(bundleOf(sourceOf(rewritten), 1, 13))), "under its own head they are");
});

test("entries of somebody else, or left out, are named", async () => {
  const bytes = bundleOf(
    { ...sourceOf(log), entries: () => log.entries.filter((_, i) => i !== 4).map((e) => e.bytes) },
    1,
    12,
  );
  assert.match(JSON.stringify(await read(bytes)), /Entry 5 /);
  const strange = bundleOf({ ...sourceOf(history(signer(2), words)), head: () => log.head() }, 1, 13);
  assert.match(JSON.stringify(await read(strange)), /Entry 1 /);
});
