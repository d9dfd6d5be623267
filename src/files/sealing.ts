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
import { onDisk, writeFully } from "./disk.ts";
import type { SealReply } from "./seal-messages.ts";
import { type SealTask, SealThreads } from "./seal-threads.ts";

/** Plaintext of one batch; sealing it holds up everything else in the process for so long as it is sealed here. */
const BATCH_BYTES = 1_048_576; // 0.4 ms
const NOCTIS_BATCH_BYTES = 262_144; // 2 ms
/** What a thread reads by itself of a local file for one job. */
const LOCAL_JOB_BYTES = 4_194_304;
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
}

/** Plaintext as it comes, or a file of this machine, open for reading, that nobody writes to meanwhile. */
export type PlainSource = AsyncIterable<Uint8Array> | FileHandle;

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
  source: PlainSource,
  { fileKey, suite, slots }: FileSeal,
  threads: SealThreads = THREADS,
): Promise<number> {
  const header = encodeSealedHeader({ purpose: "file", suite, slots }, fileKey);
  if (suite === "aes-256-gcm") return writePayload(target, header, source, fileKey, threads);
  const keys = beginNoctisPayload(fileKey);
  try {
    const stream = noctisStream(isLocal(source) ? piecesOf(source) : source, keys, threads);
    return await writePayload(target, header, stream, keys.outerKey, threads);
  } finally {
    wipeBytes(keys.innerKey, keys.outerKey);
  }
}

async function writePayload(
  target: FileHandle,
  header: Uint8Array,
  source: PlainSource,
  key: Uint8Array,
  threads: SealThreads,
): Promise<number> {
  const payload = beginPayload(key, FILE_PAYLOAD_CONTEXT);
  const writer = new PayloadWriter(target, concatBytes(header, payload.header), payload.keys, threads);
  try {
    if (isLocal(source)) {
      const { size } = await onDisk(source.stat());
      if (size >= LARGE_BYTES) return await writer.writeLocal(source, size);
    }
    return await writer.write(isLocal(source) ? piecesOf(source) : source);
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

  constructor(target: FileHandle, before: Uint8Array, keys: PayloadKeys, threads: SealThreads) {
    this.#target = target;
    this.#before = before;
    this.#keys = keys;
    this.#cipher = payloadCipher(keys);
    this.#threads = threads;
  }

  async write(source: AsyncIterable<Uint8Array>): Promise<number> {
    let task: SealTask | null = null;
    let plainBytes = 0;
    try {
      for await (const batch of inBatches(source, BATCH_BYTES, () => task?.memory() ?? null)) {
        if (plainBytes >= LARGE_BYTES) task ??= this.#beginTask(null);
        const first = plainBytes / PAYLOAD_CHUNK_BYTES;
        if (task) await task.submit({ first, plainBytes: batch.bytes, isLast: batch.isLast, plain: batch.plain });
        else await this.#writeHere(first, batch);
        plainBytes += batch.bytes;
      }
      await task?.finish();
    } finally {
      await task?.end();
    }
    return this.#before.length + sealedBytes(this.#cipher, plainBytes);
  }

  /** The threads read by themselves. */
  async writeLocal(source: FileHandle, plainBytes: number): Promise<number> {
    const task = this.#beginTask(source.fd);
    try {
      await writeFully(this.#target, this.#before, 0);
      for (let at = 0; at < plainBytes; at += LOCAL_JOB_BYTES) {
        const bytes = Math.min(LOCAL_JOB_BYTES, plainBytes - at);
        const isLast = at + bytes === plainBytes;
        await task.submit({ first: at / PAYLOAD_CHUNK_BYTES, plainBytes: bytes, isLast, plain: null });
      }
      await task.finish();
    } finally {
      await task.end();
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

  #beginTask(source: number | null): SealTask {
    const work = {
      type: "payload",
      keys: this.#keys,
      target: this.#target.fd,
      at: this.#before.length,
      source,
    } as const;
    return this.#threads.begin(work);
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

async function* piecesOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(NOCTIS_BATCH_BYTES);
  for (let at = 0; ; ) {
    const { bytesRead } = await onDisk(file.read(piece, 0, piece.length, at));
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
    at += bytesRead;
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

function isLocal(source: PlainSource): source is FileHandle {
  return "fd" in source;
}
