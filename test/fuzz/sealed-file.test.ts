/**
 * Sealed files under attack: 10,000 random mutations for each suite, and a cut at every chunk boundary. Whatever was
 * done to a file, no wrong byte ever comes out: an opener gives a beginning of the content, and an error where the file
 * is not whole any more. `SEED=N` repeats a run.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { concatBytes } from "../../src/core/bytes.ts";
import { NocturneError } from "../../src/core/errors.ts";
import { randomBytes } from "../../src/core/random.ts";
import {
  type KeySlot,
  openWithKey,
  openWithPassword,
  sealWithKey,
  sealWithPassword,
} from "../../src/crypto/key-slots.ts";
import { createContentOpener } from "../../src/crypto/link-key.ts";
import { NOCTIS_CHUNK_BYTES } from "../../src/crypto/noctis-payload.ts";
import { PAYLOAD_CHUNK_BYTES, PAYLOAD_HEADER_BYTES, PAYLOAD_TAG_BYTES } from "../../src/crypto/payload.ts";
import type { SealedSuite } from "../../src/crypto/sealed-header.ts";
import { openHeader } from "../../src/files/sealed-file.ts";
import { inPieces, sealedFile } from "../../src/files/testing.ts";
import { Xorshift } from "../support/xorshift.ts";

const MUTATIONS = 10_000;
const CHUNK = PAYLOAD_CHUNK_BYTES + PAYLOAD_TAG_BYTES;
/** Nine chunks of the payload; of the Noctis stream two and a bit, so that one comes out before the end. */
const PLAIN_BYTES = 2 * NOCTIS_CHUNK_BYTES + 5_000;
/** The cheapest that a reader accepts: what is attacked here is not Argon2. */
const CHEAP = { memoryKiB: 8_192, passes: 1, lanes: 1 };
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));

/** A sealed file that an attacker has, and what its owner knows of it. */
interface Sample {
  readonly sealed: Uint8Array;
  readonly plain: Uint8Array;
  /** Where each part begins: the slots, the MAC, the payload's header, every chunk. */
  readonly slots: readonly number[];
  readonly headerBytes: number;
}

const SECRET = randomBytes(32);

/** All samples open with the same secret, as the files of one library do. */
async function sample(suite: SealedSuite, bytes: number): Promise<Sample> {
  const fileKey = randomBytes(32);
  const slots: KeySlot[] = [
    sealWithKey("recovery", fileKey, SECRET),
    sealWithKey("link", fileKey, SECRET),
    await sealWithPassword(fileKey, "a password", CHEAP),
  ];
  const plain = randomBytes(bytes);
  const sealed = await sealedFile(inPieces(plain, 50_000), { fileKey, suite, slots });
  const starts = [8, 8 + 63, 8 + 126];
  return { sealed, plain, slots: starts, headerBytes: 8 + 126 + 3 + 98 + 32 };
}

/** What comes out of `sealed`, and whether its end was reached. */
async function open(sealed: Uint8Array, pieceBytes: number): Promise<{ seen: Uint8Array; whole: boolean }> {
  const seen: Uint8Array[] = [];
  try {
    const { header, fileKey } = await openHeader(sealed, (slots) => openWithKey(slots, "recovery", SECRET));
    const opener = createContentOpener(header.suite, fileKey);
    for (let at = header.encoded.length; at < sealed.length; at += pieceBytes) {
      seen.push(opener.update(sealed.subarray(at, at + pieceBytes)));
    }
    seen.push(opener.finish());
    return { seen: concatBytes(...seen), whole: true };
  } catch (error) {
    assert.ok(error instanceof NocturneError, String(error));
    return { seen: concatBytes(...seen), whole: false };
  }
}

/** Not `equalBytes`, whose time does not depend on the bytes: it would take most of the test's. */
function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

type Mutation = (random: Xorshift, sample: Sample, other: Sample) => Uint8Array;

/** Beginnings of chunks, and the end. */
function boundaries({ sealed, headerBytes }: Sample): number[] {
  const all: number[] = [];
  for (let at = headerBytes + PAYLOAD_HEADER_BYTES; at < sealed.length; at += CHUNK) all.push(at);
  return [...all, sealed.length];
}

function spliced(sealed: Uint8Array, from: number, to: number, middle: Uint8Array): Uint8Array {
  return concatBytes(sealed.subarray(0, from), middle, sealed.subarray(to));
}

const MUTATIONS_OF: Readonly<Record<string, Mutation>> = {
  "bits flipped": (random, { sealed, headerBytes }) => {
    const changed = sealed.slice();
    for (let i = 0; i <= random.below(3); i++) {
      const at = random.below(random.below(2) ? changed.length : headerBytes + PAYLOAD_HEADER_BYTES);
      changed[at] = (changed[at] as number) ^ (1 << random.below(8));
    }
    return changed;
  },
  "cut anywhere": (random, { sealed }) => sealed.subarray(0, random.below(sealed.length)),
  "cut beside a chunk": (random, sample) =>
    sample.sealed.subarray(0, Math.max(0, random.pick(boundaries(sample)) - random.below(3))),
  "a piece taken out": (random, { sealed }) => {
    const from = random.below(sealed.length);
    return spliced(sealed, from, from + 1 + random.below(sealed.length - from), new Uint8Array(0));
  },
  "a chunk taken out": (random, sample) => {
    const from = random.pick(boundaries(sample).slice(0, -1));
    return spliced(sample.sealed, from, from + CHUNK, new Uint8Array(0));
  },
  "something put in": (random, { sealed }) => {
    const at = random.below(sealed.length + 1);
    return spliced(sealed, at, at, randomBytes(1 + random.below(CHUNK)));
  },
  "a chunk of the file put over another one": (random, sample) => {
    const [from, to] = [random.pick(boundaries(sample).slice(0, -2)), random.pick(boundaries(sample).slice(0, -2))];
    return spliced(sample.sealed, to, to + CHUNK, sample.sealed.subarray(from, from + CHUNK));
  },
  "two chunks swapped": (random, sample) => {
    const changed = sample.sealed.slice();
    const [a, b] = [random.pick(boundaries(sample).slice(0, -2)), random.pick(boundaries(sample).slice(0, -2))];
    changed.set(sample.sealed.subarray(a, a + CHUNK), b);
    changed.set(sample.sealed.subarray(b, b + CHUNK), a);
    return changed;
  },
  "a chunk of another file": (random, sample, other) => {
    const at = random.pick(boundaries(sample).slice(0, -2));
    return spliced(sample.sealed, at, at + CHUNK, other.sealed.subarray(at, at + CHUNK));
  },
  "the rest of another file": (random, sample, other) => {
    const at = random.below(2) ? random.pick(boundaries(sample)) : random.below(sample.sealed.length);
    return concatBytes(sample.sealed.subarray(0, at), other.sealed.subarray(at));
  },
  "a slot of another file": (random, sample, other) => {
    const at = random.pick(sample.slots);
    const end = at === sample.slots.at(-1) ? sample.headerBytes - 32 : at + 63;
    return spliced(sample.sealed, at, end, other.sealed.subarray(at, end));
  },
  "two slots swapped": (_, { sealed }) =>
    concatBytes(sealed.subarray(0, 8), sealed.subarray(71, 134), sealed.subarray(8, 71), sealed.subarray(134)),
  "the other suite": (_, { sealed }) => sealed.with(6, sealed[6] === 1 ? 2 : 1),
  "bytes replaced": (random, { sealed }) => {
    const changed = sealed.slice();
    const at = random.below(changed.length);
    changed.set(randomBytes(Math.min(1 + random.below(64), changed.length - at)), at);
    return changed;
  },
};

for (const suite of ["aes-256-gcm", "noctis-256"] as const) {
  test(`${suite}: no wrong byte comes out of 10,000 mutated files`, async () => {
    console.log(`SEED=${SEED}`);
    const random = new Xorshift(SEED);
    const [one, other] = [await sample(suite, PLAIN_BYTES), await sample(suite, PLAIN_BYTES)];
    const kinds = Object.entries(MUTATIONS_OF);
    let changed = 0;
    let partly = 0;
    for (let i = 0; i < MUTATIONS; i++) {
      const [name, mutate] = kinds[i % kinds.length] as (typeof kinds)[number];
      const mutated = mutate(random, one, other);
      const { seen, whole } = await open(mutated, random.pick([1_000, CHUNK, 100_000]));
      if (same(mutated, one.sealed)) {
        assert.ok(whole, `${name} ${i}: unchanged, and refused`);
        continue;
      }
      changed++;
      // A whole other file is not damaged: its slots are its own.
      const expected = same(mutated, other.sealed) ? other.plain : one.plain;
      assert.ok(same(seen, expected.subarray(0, seen.length)), `${name} ${i}: a wrong byte came out`);
      if (!same(mutated, other.sealed)) assert.ok(!whole, `${name} ${i}: was taken for whole`);
      if (seen.length > 0) partly++;
    }
    assert.ok(changed > MUTATIONS * 0.9, `${changed} were mutations`);
    assert.ok(partly > MUTATIONS * 0.1, `${partly} of them got as far as the content`);
  });

  test(`${suite}: cut at every chunk boundary, a file is not whole, and its beginning is right`, async () => {
    for (const bytes of [0, PAYLOAD_CHUNK_BYTES, 2 * NOCTIS_CHUNK_BYTES, 40 * PAYLOAD_CHUNK_BYTES + 1]) {
      const one = await sample(suite, bytes);
      for (const cut of boundaries(one)) {
        const { seen, whole } = await open(one.sealed.subarray(0, cut), CHUNK);
        assert.equal(whole, cut === one.sealed.length, `cut at ${cut} of ${one.sealed.length}`);
        assert.ok(same(seen, one.plain.subarray(0, seen.length)), `cut at ${cut}: a wrong byte came out`);
      }
    }
  });
}

test("a mutated password slot opens nothing, whatever cost it claims", async () => {
  const random = new Xorshift(SEED);
  const { sealed, slots, headerBytes } = await sample("aes-256-gcm", 100);
  const start = slots.at(-1) as number;
  for (let i = 0; i < 60; i++) {
    // Not the memory's high bytes: what they would cost is bounded elsewhere (`ARGON2_LIMITS`).
    const at = random.pick([start, start + 1 + random.below(34), headerBytes - 32 - 1 - random.below(62)]);
    const changed = sealed.with(at, (sealed[at] as number) ^ (1 << random.below(8)));
    await assert.rejects(
      openHeader(changed, (all) => openWithPassword(all, "a password")),
      NocturneError,
      `bit of byte ${at}`,
    );
  }
  await openHeader(sealed, (all) => openWithPassword(all, "a password"));
});
