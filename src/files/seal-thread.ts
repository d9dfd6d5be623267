/**
 * A thread that seals chunks of large files, started by `seal-threads.ts`. It writes files itself, one call at a
 * time: handing bytes to Node's pool and back would cost as much as sealing them.
 */
/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */

import { parentPort } from "node:worker_threads";
import { unwrittenBytes, wipeBytes } from "../core/bytes.ts";
import { InternalError, toNocturneError } from "../core/errors.ts";
import { type ChunkCipher, sealChunks, sealedBytes } from "../crypto/chunked-stream.ts";
import { noctisCipher } from "../crypto/noctis-payload.ts";
import { payloadCipher } from "../crypto/payload.ts";
import { writeFullySync } from "./disk.ts";
import type { SealJob, SealReply, SealWork, ToSealThread } from "./seal-messages.ts";

/**
 * Sealed and written in one go: what was just sealed is still in the processor's cache when the kernel copies it. For larger
 * writes Linux takes larger folios, whose memory a virtual machine may have given back to its host: on such a one, writes of
 * 512 KiB cost up to three times as much as these.
 */
const STEP_BYTES = 131_072;

interface Task {
  /** The sealed chunks, or null when they were written. */
  readonly seal: (job: SealJob) => Uint8Array | null;
  /** Forgets the keys. */
  readonly end: () => void;
}

type PayloadWork = Extract<SealWork, { type: "payload" }>;

const tasks = new Map<number, Task>();
/** The same memory for every step of every file. */
let sealedRoom: Uint8Array | null = null;

function taskOf(work: SealWork): Task {
  if (work.type === "noctis") {
    const cipher = noctisCipher(work.innerKey, work.prefix);
    const seal = ({ first, plain, plainBytes, isLast }: SealJob): Uint8Array => {
      const output = unwrittenBytes(sealedBytes(cipher, plainBytes));
      return sealChunks(cipher, output, { first, plain: new Uint8Array(plain, 0, plainBytes), isLast });
    };
    return { seal, end: () => wipeBytes(work.innerKey) };
  }
  const cipher = payloadCipher(work.keys);
  const seal = (job: SealJob): null => {
    sealPayload(cipher, work, job);
    return null;
  };
  return { seal, end: () => wipeBytes(work.keys.aeadKey, work.keys.baseNonce) };
}

function sealPayload(cipher: ChunkCipher, { target, at }: PayloadWork, job: SealJob): void {
  const { chunkBytes, overheadBytes } = cipher;
  sealedRoom ??= unwrittenBytes(sealedBytes(cipher, STEP_BYTES));
  for (let done = 0; ; done += STEP_BYTES) {
    const isEnd = done + STEP_BYTES >= job.plainBytes;
    const first = job.first + done / chunkBytes;
    const plain = new Uint8Array(job.plain, done, Math.min(STEP_BYTES, job.plainBytes - done));
    const sealed = sealChunks(cipher, sealedRoom, { first, plain, isLast: isEnd && job.isLast });
    writeFullySync(target, sealed, at + first * (chunkBytes + overheadBytes));
    if (isEnd) return;
  }
}

function reply(id: number, job: SealJob): SealReply {
  try {
    const task = tasks.get(id);
    if (!task) throw new InternalError("seal_job", "A sealing thread does not know the file of a job.");
    return { plain: job.plain, sealed: task.seal(job), failure: null };
  } catch (error) {
    const { code, message, hint } = toNocturneError(error);
    return { plain: job.plain, sealed: null, failure: { code, message, hint } };
  }
}

parentPort?.on("message", (message: ToSealThread) => {
  if (message.type === "begin") {
    tasks.set(message.id, taskOf(message.work));
  } else if (message.type === "end") {
    tasks.get(message.id)?.end();
    tasks.delete(message.id);
  } else {
    const answer = reply(message.id, message.job);
    const moved = [answer.plain, answer.sealed?.buffer].filter((buffer) => buffer instanceof ArrayBuffer);
    parentPort?.postMessage(answer, moved);
  }
});
