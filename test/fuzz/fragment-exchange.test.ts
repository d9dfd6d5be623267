/**
 * The exchange under bytes of any kind: what a stranger sends is refused or ends its connection, and the node goes on;
 * what a node sends a client ends as one of its errors, and never as a wrong byte. `SEED=N` repeats a run.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, toHex, u32 } from "../../src/core/bytes.ts";
import { NocturneError } from "../../src/core/errors.ts";
import { MESH_LIMITS } from "../../src/core/mesh-limits.ts";
import { ed25519 } from "../../src/crypto/signing.ts";
import { readHashes, readLeafProof, readLeft, readRefused } from "../../src/mesh/exchange/answers.ts";
import { FRAME, FrameParser, frameHead } from "../../src/mesh/exchange/frames.ts";
import { encodeHello, readHello, readProof } from "../../src/mesh/exchange/proof.ts";
import { readReceipt } from "../../src/mesh/exchange/receipt.ts";
import {
  encodeFetch,
  readAudit,
  readCare,
  readFetch,
  readNames,
  readReceiptAsked,
  readRenew,
  readStore,
} from "../../src/mesh/exchange/requests.ts";
import {
  BareEnd,
  linePair,
  newClient,
  newFragment,
  START_MS,
  startNode,
  VirtualTimers,
} from "../../src/mesh/exchange/testing.ts";
import { readVoucher } from "../../src/mesh/exchange/voucher.ts";
import { nodeIdOf } from "../../src/mesh/node-id.ts";

const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = { seed: SEED };

const bytes = fc.uint8Array({ maxLength: 300 });
const type = fc.constantFrom(...Object.values(FRAME));
const body = fc.oneof(bytes, fc.constantFrom(...[0, 1, 40, 44, 137].map((length) => new Uint8Array(length))));
/** Mostly frames, so that more than the parser is reached; sometimes an altered or cut one. */
const frame = fc.tuple(type, body).map(([one, inner]) => concatBytes(frameHead(one, inner.length), inner));
const stream = fc
  .array(fc.oneof({ weight: 9, arbitrary: frame }, { weight: 1, arbitrary: bytes }), { maxLength: 12 })
  .map((parts) => concatBytes(...parts));

test("every reader judges every body, and nothing throws", () => {
  const node = nodeIdOf(ed25519.createKeyPair().publicKey);
  const readers = [
    readHello,
    readStore,
    readReceiptAsked,
    readFetch,
    readAudit,
    readRenew,
    readNames,
    readCare,
    readHashes,
    readLeafProof,
    readLeft,
    readRefused,
    readReceipt,
    (one: Uint8Array) => readVoucher(one, START_MS),
    (one: Uint8Array) => readProof(one, new Uint8Array(32), node, START_MS),
  ];
  const counted = fc.tuple(fc.nat(1_100), bytes).map(([count, rest]) => concatBytes(u32(count).subarray(2), rest));
  fc.assert(
    fc.property(fc.oneof(body, counted), (one) => {
      for (const read of readers) read(one);
    }),
    { ...RUNS, numRuns: 3_000 },
  );
});

test("a stream is cut into the same frames whatever pieces it comes in", () => {
  const parse = (pieces: readonly Uint8Array[]): string[] => {
    const parser = new FrameParser();
    const seen: string[] = [];
    try {
      for (const piece of pieces) for (const one of parser.push(piece)) seen.push(`${one.type} ${toHex(one.body)}`);
    } catch (error) {
      seen.push((error as NocturneError).code);
    }
    return seen;
  };
  fc.assert(
    fc.property(stream, fc.array(fc.nat(2_000), { maxLength: 8 }), (whole, cuts) => {
      const at = [0, ...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length];
      const pieces = at.slice(1).map((end, i) => whole.subarray(at[i], end));
      assert.deepEqual(parse(pieces), parse([whole]));
    }),
    { ...RUNS, numRuns: 1_000 },
  );
});

test("a node goes on, whatever its clients send", async (t) => {
  const node = await startNode(t, { timers: new VirtualTimers() });
  const fragment = newFragment(9_000);
  const client = newClient(t, [node]);
  await (await client.peer(node.id)).store(fragment, fragment.content, START_MS + 1_000);
  const ask = encodeFetch({ ...fragment, first: 0, count: 3 });
  const opening = fc.constantFrom(new Uint8Array(0), concatBytes(frameHead(FRAME.fetch, ask.length), ask));
  await fc.assert(
    fc.asyncProperty(opening, stream, async (before, after) => {
      const [ours, theirs] = linePair();
      node.server.accept(theirs, "fuzz");
      const end = new BareEnd(ours);
      assert.equal((await end.next())?.type, FRAME.hello);
      await ours.write(concatBytes(before, after)).catch(() => {});
      if (before.length > 0) assert.equal((await end.nextAnswer())?.type ?? FRAME.hashes, FRAME.hashes);
      await new Promise((resolve) => setImmediate(resolve));
      await ours[Symbol.asyncDispose]();
    }),
    { ...RUNS, numRuns: 400 },
  );
  const pieces = await Array.fromAsync((await client.peer(node.id)).fetch(fragment));
  assert.deepEqual(concatBytes(...pieces), fragment.content);
  assert.equal(node.disk.fragments.size, 1, "nobody got anything in");
  for (let i = 0; node.server.counters().connections > MESH_LIMITS.connectionsPerNode; i++) {
    assert.ok(i < 1_000, "every one of them has ended");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

test("a client gets the right bytes or an error, whatever a node sends", async (t) => {
  const fragment = newFragment(9_000);
  const data = (content: Uint8Array): Uint8Array => concatBytes(frameHead(FRAME.data, content.length), content);
  const all = concatBytes(...fragment.hashes);
  const right = concatBytes(frameHead(FRAME.hashes, all.length), all, data(fragment.content));
  /** The right answer with a bit turned, cut, or followed by anything; and anything alone. */
  const answer = fc.oneof(
    fc
      .tuple(fc.nat(right.length - 1), fc.nat(7))
      .map(([at, bit]) => right.map((one, i) => (i === at ? one ^ (1 << bit) : one))),
    fc.nat(right.length).map((end) => right.subarray(0, end)),
    stream.map((more) => concatBytes(right, more)),
    fc.tuple(type, bytes).map(([one, inner]) => concatBytes(frameHead(one, inner.length), inner, right)),
    stream,
  );
  const node = nodeIdOf(ed25519.createKeyPair().publicKey);
  await fc.assert(
    fc.asyncProperty(answer, async (sent) => {
      const line = async () => {
        const [ours, theirs] = linePair();
        const end = new BareEnd(theirs);
        await end.send(FRAME.hello, encodeHello(new Uint8Array(32)));
        void end
          .nextAnswer()
          .then(() => theirs.write(sent))
          .then(() => theirs[Symbol.asyncDispose]())
          .catch(() => {});
        return ours;
      };
      const client = newClient(t, [], { key: null, line, timers: new VirtualTimers() });
      const seen: Uint8Array[] = [];
      try {
        for await (const piece of (await client.peer(node)).fetch(fragment)) seen.push(piece);
        assert.deepEqual(concatBytes(...seen), fragment.content);
      } catch (error) {
        if (!(error instanceof NocturneError)) throw error;
        const came = concatBytes(...seen);
        assert.deepEqual(came, fragment.content.subarray(0, came.length));
      }
    }),
    { ...RUNS, numRuns: 300 },
  );
});
