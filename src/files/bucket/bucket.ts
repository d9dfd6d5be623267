/**
 * Sealed blobs in a bucket of an S3-compatible service, one object each, under their random names.
 *
 *   put     file -> PUT, or parts (16 MiB, one in memory) -> HEAD: is it all there?
 *   read    GET with Range -> only the part that was asked for, of an object as long as the stored one
 *
 * The service learns how many blobs there are, their sizes, when each is read, and this machine's address. It is not
 * trusted: what it alters does not open, what it cuts or withholds is an error. No redirect is followed, because the
 * request is signed for one host alone.
 */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { S3mini, type UploadPart } from "s3mini";
import { InternalError, isSystemError, NetworkError, NocturneError, PolicyError } from "../../core/errors.ts";
import { BUCKET_LIMITS } from "../../core/bucket-limits.ts";
import { equalBytes, toHex } from "../../core/bytes.ts";
import type { Fetch } from "../../core/fetch.ts";
import { randomBytes } from "../../core/random.ts";
import { bodyOf } from "../answer-body.ts";
import { onDisk, RESTORE_HINT } from "../disk.ts";

/** BUCKET_LIMITS, or other numbers for tests that cannot wait. */
export type BucketLimits = { readonly [K in keyof typeof BUCKET_LIMITS]: number };

export interface BucketOptions {
  /** `https://host[:port]/bucket[/prefix]`, without a slash at its end. */
  readonly url: string;
  readonly region: string;
  readonly keyId: string;
  readonly secret: string;
  readonly fetch: Fetch;
  readonly limits?: Partial<BucketLimits>;
}

/** There is no such upload (any more), or no such call. */
const CANNOT: ReadonlySet<number> = new Set([404, 405, 501]);
/** Of the codes of S3, such as NoSuchBucket: what a service says is shown to people. */
const SERVICE_CODE = /^[A-Za-z]{1,64}$/;
const CHECK_BYTES = 4_096;
const MEGABYTE = 1_048_576;

export class Bucket {
  /** Where it is, without any secret. */
  readonly place: string;
  readonly #s3: S3mini;
  readonly #fetch: Fetch;
  readonly #limits: BucketLimits;
  readonly #closed = new AbortController();

  constructor({ url, region, keyId, secret, limits, fetch }: BucketOptions) {
    this.place = url;
    this.#fetch = fetch;
    this.#limits = { ...BUCKET_LIMITS, ...limits };
    this.#s3 = new S3mini({
      accessKeyId: keyId,
      secretAccessKey: secret,
      endpoint: url,
      region,
      fetch: (input, init) => this.#call(input as string, init),
    });
  }

  /**
   * Resolves once the bucket has said that it holds all `bytes` of the file; `begun` hears of an upload in parts, which a
   * crash leaves unfinished. Throws NetworkError `bucket_unreachable`, PolicyError `bucket_refused`, and what the disk throws.
   */
  async put(id: string, file: FileHandle, bytes: number, begun: (upload: string) => void): Promise<void> {
    if (bytes <= this.#limits.partBytes) {
      const content = await readPart(file, 0, bytes);
      await this.#persistently(() => this.#s3.putObject(id, content));
    } else {
      await this.#putParts(id, file, bytes, begun);
    }
    const stored = await this.#persistently(() => this.#s3.getContentLength(id)).catch(unlessGone);
    if (stored !== bytes) throw this.#unreachable(`it holds ${stored ?? 0} bytes of ${bytes}`);
  }

  /** Breaks off whatever is under way: it fails as if the bucket did not answer. */
  close(): void {
    this.#closed.abort();
  }

  /** Takes back an upload that did not end, where the service can do so; others let it expire. Throws as `put`. */
  async abort(id: string, uploadId: string): Promise<void> {
    const call = (): Promise<unknown> =>
      this.#s3.abortMultipartUpload(id, uploadId).catch((error: unknown) => {
        if (!CANNOT.has(reasonOf(error).status ?? 0)) throw error;
      });
    await this.#persistently(call);
  }

  /** Throws as `put`. */
  async delete(id: string): Promise<void> {
    await this.#persistently(() => this.#s3.deleteObject(id)).catch(unlessGone);
  }

  /**
   * Bytes `start` to `end` (exclusive) of an object of `total` bytes, over breaks. Throws as `put`, InternalError
   * `file_missing`, and `file_damaged` when the object has another length.
   */
  async *read(id: string, start: number, end: number, total: number): AsyncGenerator<Uint8Array, void, undefined> {
    let failures = 0;
    for (let at = start; at < end; ) {
      try {
        for await (const piece of this.#range(id, at, end, total)) {
          at += piece.length;
          failures = 0;
          yield piece;
        }
        if (at < end) throw this.#unreachable("its answer ended too early");
      } catch (error) {
        await this.#pause(error, ++failures);
      }
    }
  }

  /** Writes, reads and deletes an object of its own: whether the bucket can be used. Throws as `read`. */
  async check(): Promise<void> {
    const id = `check-${toHex(randomBytes(16))}`;
    const content = randomBytes(CHECK_BYTES);
    try {
      await this.#s3.putObject(id, content);
      const half = CHECK_BYTES / 2;
      const read = await Array.fromAsync(this.#range(id, half, CHECK_BYTES, CHECK_BYTES));
      if (!equalBytes(Buffer.concat(read), content.subarray(half))) throw this.#unreachable("it gave back other bytes");
    } catch (error) {
      throw this.#known(error);
    } finally {
      await this.#s3.deleteObject(id).catch(() => {});
    }
  }

  async #putParts(id: string, file: FileHandle, bytes: number, begun: (upload: string) => void): Promise<void> {
    const { partBytes: usual, parts: most } = this.#limits;
    const partBytes = Math.max(usual, Math.ceil(bytes / most / MEGABYTE) * MEGABYTE);
    const uploadId = await this.#persistently(() => this.#s3.getMultipartUploadId(id));
    begun(uploadId);
    try {
      const parts: UploadPart[] = [];
      for (let at = 0; at < bytes; at += partBytes) {
        const content = await readPart(file, at, Math.min(partBytes, bytes - at));
        const number = parts.length + 1;
        parts.push(await this.#persistently(() => this.#s3.uploadPart(id, uploadId, content, number)));
      }
      // Not repeated: it may have been done though its answer was lost. Whether all is there is asked for after it.
      await this.#s3.completeMultipartUpload(id, uploadId, parts).catch((error: unknown) => {
        if (!(this.#known(error) instanceof NetworkError)) throw error;
      });
    } catch (error) {
      await this.#s3.abortMultipartUpload(id, uploadId).catch(() => {});
      throw this.#known(error);
    }
  }

  async *#range(id: string, start: number, end: number, total: number): AsyncGenerator<Uint8Array> {
    const answer = await this.#s3.getObjectRaw(id, false, start, end);
    const reader = answer.body?.getReader();
    try {
      // Anything else would be taken for the bytes that were asked for: some services ignore ranges.
      const told = answer.headers.get("content-range");
      if (told !== `bytes ${start}-${end - 1}/${total}`) throw answer.status === 206 ? otherLength() : this.#noRanges();
      if (!reader) return;
      for (let left = end - start; left > 0; ) {
        const { done, value } = await this.#unlessStalled(reader.read());
        if (done) return;
        yield value.subarray(0, left);
        left -= value.length;
      }
    } finally {
      reader?.cancel().catch(() => {}); // nobody waits for a service to hear of it
    }
  }

  async #unlessStalled<T>(reading: Promise<T>): Promise<T> {
    const stalled = Promise.withResolvers<never>();
    const timer = setTimeout(() => stalled.reject(this.#unreachable("it stopped sending")), this.#limits.stallMs);
    try {
      return await Promise.race([reading, stalled.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #persistently<T>(call: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await call();
      } catch (error) {
        await this.#pause(error, failures);
      }
    }
  }

  /** Returns when it is time to try again after the nth failure in a row, or throws why that is of no use. */
  async #pause(error: unknown, failures: number): Promise<void> {
    const known = this.#known(error);
    if (!(known instanceof NetworkError) || failures >= this.#limits.tries || this.#closed.signal.aborted) throw known;
    try {
      await sleep(this.#limits.retryMs * 2 ** (failures - 1), undefined, { signal: this.#closed.signal });
    } catch {
      throw known; // closed meanwhile
    }
  }

  /** Every call of the library: bounded in time, to this host alone, and what is sent is checked by who receives it. */
  async #call(url: string, init: RequestInit = {}): Promise<Response> {
    const { answerMs, partMs } = this.#limits;
    const { body } = init;
    const sent = body instanceof Uint8Array && body.length > 0 ? body : null;
    const ended = new AbortController();
    // Once a download has begun, its own watch takes over.
    const timer = setTimeout(() => ended.abort(), sent ? partMs : answerMs).unref();
    const md5 = sent ? { "content-md5": createHash("md5").update(sent).digest("base64") } : {};
    const headers = { ...(init.headers as Record<string, string>), ...md5 };
    const answer = await this.#fetch(url, {
      ...init,
      headers,
      redirect: "error",
      signal: AbortSignal.any([ended.signal, this.#closed.signal]),
    });
    if (init.method !== "GET" || !answer.ok) return bounded(answer);
    clearTimeout(timer);
    return answer;
  }

  /** What the library, fetch and the disk throw, in our words. */
  #known(error: unknown): NocturneError {
    if (error instanceof NocturneError) return error;
    const { status, serviceCode } = reasonOf(error);
    if (status === 404 && serviceCode !== "NoSuchBucket") return gone(error);
    if (status === 416) return otherLength(error);
    if (status === 401 || status === 403) {
      return new PolicyError("bucket_refused", `The bucket ${this.place} does not accept the key that it was shown.`, {
        hint: "Check NOCTURNE_STORE_KEY and what that key may do: read, write and delete objects there.",
        cause: error,
      });
    }
    return this.#unreachable(serviceCode ?? (status === null ? "no answer" : `it answered ${status}`), error);
  }

  #unreachable(why: string, cause?: unknown): NetworkError {
    return new NetworkError("bucket_unreachable", `The bucket ${this.place} cannot be used now: ${why}.`, {
      hint: "Nothing is lost. It is tried again; see: nocturne doctor",
      cause,
    });
  }

  #noRanges(): NetworkError {
    return this.#unreachable("it does not give parts of an object");
  }
}

/** What is no download is a few lines of XML, which the library takes into memory whole. */
async function bounded(answer: Response): Promise<Response> {
  const body = await bodyOf(answer, BUCKET_LIMITS.answerBytes);
  const { status, statusText, headers } = answer;
  return new Response(body.length === 0 ? null : Buffer.from(body), { status, statusText, headers });
}

async function readPart(file: FileHandle, start: number, bytes: number): Promise<Uint8Array> {
  const content = new Uint8Array(bytes);
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await onDisk(file.read(content, at, bytes - at, start + at));
    if (bytesRead === 0) throw new InternalError("file_damaged", "The stored bytes of this file end too early.");
    at += bytesRead;
  }
  return content;
}

/** The library wraps some of its errors in others. */
function reasonOf(error: unknown): { status: number | null; serviceCode: string | null } {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("status" in at && typeof at.status === "number") {
      const code = "serviceCode" in at && typeof at.serviceCode === "string" ? at.serviceCode : "";
      return { status: at.status, serviceCode: code !== "Unknown" && SERVICE_CODE.test(code) ? code : null };
    }
    if (isSystemError(at)) return { status: null, serviceCode: at.code };
  }
  return { status: null, serviceCode: null };
}

function gone(cause: unknown): InternalError {
  return new InternalError("file_missing", "The stored bytes of this file are gone from the bucket.", {
    hint: RESTORE_HINT,
    cause,
  });
}

function otherLength(cause?: unknown): InternalError {
  return new InternalError(
    "file_damaged",
    "The stored bytes of this file in the bucket are not those that were put there.",
    {
      hint: RESTORE_HINT,
      cause,
    },
  );
}

function unlessGone(error: unknown): undefined {
  if (!(error instanceof InternalError && error.code === "file_missing")) throw error;
}
