/** Bounds of sealed files in a bucket; see `limits.ts`. */

/** A bucket that keeps sealed files for an operator (see `src/files/bucket`). */
export const BUCKET_LIMITS = {
  /** A larger blob goes in parts of this size, of which one is in memory; in larger parts if it would take too many. */
  partBytes: 16_777_216, // 16 MiB
  /** S3 takes no more of one object. */
  parts: 10_000,
  /** How long an answer may take to begin, and a call without a body to end. */
  answerMs: 30_000, // 30 s
  /** How long one part may take on its way to the bucket. */
  partMs: 600_000, // 10 min
  /** A download that brings nothing for so long is given up and asked for again. */
  stallMs: 30_000, // 30 s
  /** Tries of one part, and in a row of one range. */
  tries: 5,
  /** First wait before another try; doubled each time. */
  retryMs: 500,
  /** The longest wait before what could not be moved into the bucket is tried again. */
  retryMaxMs: 300_000, // 5 min
  /** Of an answer that is no download. */
  answerBytes: 1_048_576, // 1 MiB
  pointerBytes: 131_072, // 128 KiB
} as const;
