/**
 * Brings whole blobs into the operator's bucket, one after the other, and takes out what is not needed any more.
 *
 *   wake -> removed here? out of the bucket | named by a row? into the bucket, then off the disk -> idle
 *        -> the bucket fails: all of it waits, 0.5 s doubled up to 5 min; files that come stay on the disk meanwhile
 */
import type { Logger } from "../../core/log.ts";
import { InternalError, NocturneError } from "../../core/errors.ts";
import { BUCKET_LIMITS } from "../../core/bucket-limits.ts";
import type { BlobStore } from "../blob-store.ts";
import type { Bucket, BucketLimits } from "./bucket.ts";

export interface MoverOptions {
  readonly bucket: Bucket;
  readonly blobs: BlobStore;
  /** Whether a row names this blob; null while nobody can say, because the vault is locked. */
  readonly isNamed: (blob: string) => boolean | null;
  /** How much waits, or why, has changed. */
  readonly changed: () => void;
  readonly log: Logger;
  readonly limits?: Partial<BucketLimits>;
}

export interface MoverView {
  /** Blobs that lie on the disk and are to go into the bucket, as of the last look. */
  readonly waiting: number;
  /** Why they wait; null when nothing is wrong. */
  readonly problem: NocturneError | null;
}

export class Mover {
  readonly #o: MoverOptions;
  readonly #stop = new AbortController();
  #working: Promise<void> | null = null;
  #wanted = false;
  #waiting = 0;
  #problem: NocturneError | null = null;
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: MoverOptions) {
    this.#o = options;
    options.blobs.onBucketWork(() => this.wake());
  }

  /** There may be something to move. Returns at once. */
  wake(): void {
    this.#wanted = true;
    // While the bucket does not answer, what is new waits with the rest.
    if (this.#stop.signal.aborted || this.#working || this.#timer) return;
    this.#working = this.#work().finally(() => {
      this.#working = null;
      // Something came after the last look, and before this.
      if (this.#wanted) this.wake();
    });
  }

  view(): MoverView {
    return { waiting: this.#waiting, problem: this.#problem };
  }

  /** Breaks off; the next process takes up what did not arrive. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#o.bucket.close();
    if (this.#timer) clearTimeout(this.#timer);
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#wanted && !this.#stop.signal.aborted) {
      this.#wanted = false;
      try {
        await this.#round();
        this.#note(0, null);
        this.#failures = 0;
      } catch (error) {
        this.#fail(error);
        return;
      }
    }
  }

  async #round(): Promise<void> {
    const { blobs, bucket, isNamed } = this.#o;
    const { here, gone } = await blobs.listForBucket();
    const due = here.filter((blob) => isNamed(blob) === true);
    let left = due.length;
    this.#note(left, this.#problem);
    const stuck: InternalError[] = [];
    /** One that the disk or the bucket does not give holds up no other. */
    const each = async (work: () => Promise<void>): Promise<boolean> => {
      try {
        if (!this.#stop.signal.aborted) await work();
        return true;
      } catch (error) {
        if (!(error instanceof InternalError)) throw error;
        stuck.push(error);
        return false;
      }
    };
    for (const blob of gone) await each(() => blobs.deleteFromBucket(blob, bucket));
    for (const blob of due) {
      // Its last row may have gone since the folder was read.
      const isDone = await each(async () => (isNamed(blob) === true ? blobs.moveToBucket(blob, bucket) : undefined));
      if (isDone) this.#note(--left, this.#problem);
    }
    const [first] = stuck;
    if (first) throw first;
  }

  #fail(error: unknown): void {
    const { log, limits } = this.#o;
    const { retryMs, retryMaxMs } = { ...BUCKET_LIMITS, ...limits };
    const problem = error instanceof NocturneError ? error : null;
    log.warn(
      { code: problem?.code ?? "unknown", error: problem ? undefined : String(error) },
      "files wait for the bucket",
    );
    this.#note(this.#waiting, problem);
    if (this.#stop.signal.aborted) return;
    const waitMs = Math.min(retryMs * 2 ** this.#failures++, retryMaxMs);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.wake();
    }, waitMs);
    this.#timer.unref();
  }

  #note(waiting: number, problem: NocturneError | null): void {
    const isOther = waiting !== this.#waiting || problem?.code !== this.#problem?.code;
    this.#waiting = waiting;
    this.#problem = problem;
    if (isOther) this.#o.changed();
  }
}
