/**
 * Writes the sealed file of a plain stream (the format: `sealed-file.ts`). The first megabytes are sealed here, so that
 * small files wait for nobody; what follows is sealed and written by threads, each batch at the place that its number
 * gives it, while this thread only fills batches.
 *
 *   source ──> batches of whole chunks ──┬─ the first 8 MiB: sealed and written here
 *                                        └─ the rest: SealTask ──> threads seal and write
 *
 * Noctis-256 goes through this twice: threads seal the inner stream in batches, which are put in order again and are
 * then the source of the payload around it.
 */
import type { FileHandle } from "node:fs/promises";
import { concatBytes, unwrittenBytes, wipeBytes } from "../core/bytes.ts";
import { type ChunkCipher, sealChunks, sealedBytes } from "../crypto/chunked-stream.ts";
import type { KeySlot } from "../crypto/key-slots.ts";
import { FILE_PAYLOAD_CONTEXT } from "../crypto/link-key.ts";
import {
  beginNoctisPayload,
  NOCTIS_CHUNK_BYTES,
  type NoctisPayloadKeys,
  noctisCipher,
} from "../crypto/noctis-payload.ts";
import { beginPayload, PAYLOAD_CHUNK_BYTES, type PayloadKeys, payloadCipher } from "../crypto/payload.ts";
import { encodeSealedHeader, type SealedSuite } from "../crypto/sealed-header.ts";
import { writeFully } from "./disk.ts";
import type { SealReply } from "./seal-messages.ts";
import { type SealTask, SealThreads } from "./seal-threads.ts";

/** Plaintext of one batch; sealing it holds up everything else in the process for so long as it is sealed here. */
const BATCH_BYTES = 1_048_576; // 0.4 ms
const NOCTIS_BATCH_BYTES = 262_144; // 2 ms
/** Starting the threads costs as much as sealing a few megabytes. */
const LARGE_BYTES = 8_388_608;
/** Most files are small: batches begin with so much memory and grow. */
const FIRST_BYTES = 65_536;

/** All files of the process share them. */
const THREADS: SealThreads = new SealThreads();

export interface FileSeal {
  /** 32 random bytes that seal nothing else; every slot wraps them. */
  readonly fileKey: Uint8Array;
  readonly suite: SealedSuite;
  readonly slots: readonly KeySlot[];
  /** Told what was written, for those who must know before the end. */
  readonly watermark?: Watermark | undefined;
}

/** Up to where the payload's plaintext (with Noctis-256, the stream inside) was written without a gap. */
export class Watermark {
  #bytes = 0;
  #written: Promise<void> = Promise.resolve();

  /** The next bytes, which are written once `done` resolves. */
  add(bytes: number, done: Promise<unknown>): void {
    this.#written = Promise.all([this.#written, done]).then(() => void (this.#bytes += bytes));
    this.#written.catch(() => undefined);
  }

  /** Waits for what is on its way; behind a failure nothing counts. Not on the disk before a sync. */
  async writtenBytes(): Promise<number> {
    await this.#written.catch(() => undefined);
    return this.#bytes;
  }
}

interface Batch {
  /** Whoever takes it away detaches it. */
  readonly plain: ArrayBuffer;
  readonly bytes: number;
  readonly isLast: boolean;
}

/**
 * Seals `source` into `target`, an empty file; returns the bytes that were written, which are not on the disk before a
 * sync. Errors of the source pass through; then, and for InternalError `disk_full` and the like, `target` holds
 * nothing of use. Nothing writes to it any more once this has settled.
 */
export async function sealToFile(
  target: FileHandle,
  source: AsyncIterable<Uint8Array>,
  { fileKey, suite, slots, watermark }: FileSeal,
  threads: SealThreads = THREADS,
): Promise<number> {
  const into = { target, header: encodeSealedHeader({ purpose: "file", suite, slots }, fileKey), watermark, threads };
  if (suite === "aes-256-gcm") return writePayload(source, fileKey, into);
  const keys = beginNoctisPayload(fileKey);
  try {
    return await writePayload(noctisStream(source, keys, threads), keys.outerKey, into);
  } finally {
    wipeBytes(keys.innerKey, keys.outerKey);
  }
}

/** Where a payload goes, and what goes before it. */
interface Into {
  readonly target: FileHandle;
  readonly header: Uint8Array;
  readonly watermark: Watermark | undefined;
  readonly threads: SealThreads;
}

async function writePayload(source: AsyncIterable<Uint8Array>, key: Uint8Array, into: Into): Promise<number> {
  const payload = beginPayload(key, FILE_PAYLOAD_CONTEXT);
  const writer = new PayloadWriter({ ...into, header: concatBytes(into.header, payload.header) }, payload.keys);
  try {
    return await writer.write(source);
  } finally {
    wipeBytes(payload.keys.aeadKey, payload.keys.baseNonce);
  }
}

/** Writes what goes before a payload, and the payload. */
class PayloadWriter {
  readonly #target: FileHandle;
  readonly #before: Uint8Array;
  readonly #keys: PayloadKeys;
  readonly #cipher: ChunkCipher;
  readonly #threads: SealThreads;
  readonly #watermark: Watermark | undefined;

  constructor({ target, header, watermark, threads }: Into, keys: PayloadKeys) {
    this.#target = target;
    this.#before = header;
    this.#keys = keys;
    this.#cipher = payloadCipher(keys);
    this.#threads = threads;
    this.#watermark = watermark;
  }

  async write(source: AsyncIterable<Uint8Array>): Promise<number> {
    let task: SealTask | null = null;
    let plainBytes = 0;
    try {
      for await (const batch of inBatches(source, BATCH_BYTES, () => task?.memory() ?? null)) {
        if (plainBytes >= LARGE_BYTES) task ??= this.#beginTask();
        const first = plainBytes / PAYLOAD_CHUNK_BYTES;
        const { plain, bytes, isLast } = batch;
        const done = task ? (await task.submit({ first, plainBytes: bytes, isLast, plain })).done : null;
        if (!done) await this.#writeHere(first, batch);
        this.#watermark?.add(bytes, done ?? Promise.resolve());
        plainBytes += bytes;
      }
      await task?.finish();
    } finally {
      await task?.end();
    }
    return this.#before.length + sealedBytes(this.#cipher, plainBytes);
  }

  /** What goes before the payload is written together with the first batch, because most files have no other. */
  async #writeHere(first: number, { plain, bytes, isLast }: Batch): Promise<void> {
    const before = first === 0 ? this.#before : new Uint8Array(0);
    const output = unwrittenBytes(before.length + sealedBytes(this.#cipher, bytes));
    output.set(before);
    const room = output.subarray(before.length);
    const sealed = sealChunks(this.#cipher, room, { first, plain: new Uint8Array(plain, 0, bytes), isLast });
    const chunkBytes = PAYLOAD_CHUNK_BYTES + this.#cipher.overheadBytes;
    const position = first === 0 ? 0 : this.#before.length + first * chunkBytes;
    await writeFully(this.#target, output.subarray(0, before.length + sealed.length), position);
    giveBack(output.buffer as ArrayBuffer);
  }

  #beginTask(): SealTask {
    const { fd } = this.#target;
    return this.#threads.begin({ type: "payload", keys: this.#keys, target: fd, at: this.#before.length });
  }
}

/** The Noctis stream of `source`, prefix first, in pieces that are lent until the next one is asked for. */
async function* noctisStream(
  source: AsyncIterable<Uint8Array>,
  { innerKey, prefix }: NoctisPayloadKeys,
  threads: SealThreads,
): AsyncGenerator<Uint8Array> {
  const cipher = noctisCipher(innerKey, prefix);
  const sealed: Promise<SealReply>[] = [];
  let task: SealTask | null = null;
  let plainBytes = 0;
  yield prefix;
  try {
    for await (const batch of inBatches(source, NOCTIS_BATCH_BYTES, () => task?.memory() ?? null)) {
      if (plainBytes >= LARGE_BYTES) task ??= threads.begin({ type: "noctis", innerKey, prefix });
      const { plain, bytes, isLast } = batch;
      const first = plainBytes / NOCTIS_CHUNK_BYTES;
      plainBytes += bytes;
      if (task) {
        sealed.push((await task.submit({ first, plainBytes: bytes, isLast, plain })).done);
        if (sealed.length > threads.places) yield* lend((await sealed.shift())?.sealed);
      } else {
        const output = unwrittenBytes(sealedBytes(cipher, bytes));
        yield* lend(sealChunks(cipher, output, { first, plain: new Uint8Array(plain, 0, bytes), isLast }));
      }
    }
    for (const reply of sealed) yield* lend((await reply).sealed);
  } finally {
    await task?.end();
  }
}

/**
 * The same bytes in batches of `size`, the last one shorter, maybe empty. Memory is used again, or, when a batch was
 * taken away, comes from `memory` where there is some.
 */
async function* inBatches(
  source: AsyncIterable<Uint8Array>,
  size: number,
  memory: () => ArrayBuffer | null,
): AsyncGenerator<Batch> {
  let plain = new ArrayBuffer(FIRST_BYTES);
  let bytes = 0;
  try {
    for await (const piece of source) {
      for (let at = 0; at < piece.length; ) {
        if (bytes === plain.byteLength) plain = plain.transfer(Math.min(4 * bytes, size));
        const part = piece.subarray(at, at + plain.byteLength - bytes);
        new Uint8Array(plain, bytes).set(part);
        at += part.length;
        bytes += part.length;
        if (bytes < size) continue;
        yield { plain, bytes, isLast: false };
        bytes = 0;
        if (plain.detached) plain = memory() ?? new ArrayBuffer(size);
      }
    }
    yield { plain, bytes, isLast: true };
  } finally {
    giveBack(plain);
  }
}

function* lend(piece: Uint8Array | null | undefined): Generator<Uint8Array> {
  if (!piece) return;
  yield piece;
  giveBack(piece.buffer as ArrayBuffer);
}

/** To the allocator, now: the garbage collector would take its time, and fresh memory is slow. */
function giveBack(memory: ArrayBuffer): void {
  if (!memory.detached) memory.transfer(0);
}
